//! The relay: a line that is inactive unless somebody holds it active, and whatever happens to them.

use super::simulated::{Movement, Recorder};
use super::{DoorError, Line, LineState};
use crate::units::Moment;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Once, PoisonError, TryLockError, Weak};

/// The door's relay. Dropped, also by unwinding, it leaves the line inactive.
pub struct Relay {
    shared: Arc<Shared>,
}

/// What the panic hook can reach, too.
struct Shared {
    driven: Mutex<Driven>,
    /// Set by a panic, never cleared: nothing becomes active any more.
    is_locked_down: AtomicBool,
}

struct Driven {
    line: Box<dyn Line>,
    /// None where it is not known: before the first write, and after one that failed.
    state: Option<LineState>,
    recorder: Option<Recorder>,
}

/// Every relay that is open.
static OPEN: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

impl Relay {
    /// Of a line, which is driven inactive.
    ///
    /// # Errors
    /// The line can't be driven.
    pub fn over(line: Box<dyn Line>) -> Result<Relay, DoorError> {
        let relay = Relay::register(line, None);
        relay.shared.drive(LineState::Inactive, None)?;
        Ok(relay)
    }

    /// Of a line that can't fail, with a record.
    pub(super) fn recorded(line: Box<dyn Line>, recorder: Recorder) -> Relay {
        let relay = Relay::register(line, Some(recorder));
        relay.shared.lock_for_good_measure();
        relay
    }

    fn register(line: Box<dyn Line>, recorder: Option<Recorder>) -> Relay {
        let driven = Mutex::new(Driven { line, state: None, recorder });
        let shared = Arc::new(Shared { driven, is_locked_down: AtomicBool::new(false) });
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|relay| relay.strong_count() > 0);
        open.push(Arc::downgrade(&shared));
        Relay { shared }
    }

    /// Drives the line: `inactive` each time, `active` only on a change. The time is for the record of a simulated door.
    ///
    /// # Errors
    /// The line can't be driven; where it was to be active, `inactive` has been tried. [`DoorError::LockedDown`] after a panic.
    pub fn set(&mut self, state: LineState, at: Moment) -> Result<(), DoorError> {
        let shared = &self.shared;
        if state == LineState::Inactive {
            return shared.drive(state, Some(at));
        }
        // Before anything that can unwind: dropped last, when the line is free again.
        let _lock = LockOnPanic(shared);
        if !shared.is_locked_down.load(SeqCst)
            && let Err(error) = shared.drive(state, Some(at))
        {
            shared.lock_for_good_measure();
            return Err(error);
        }
        // Again, after the line is free: a hook that found it taken has left the rest to us.
        if shared.is_locked_down.load(SeqCst) {
            shared.lock_for_good_measure();
            return Err(DoorError::LockedDown);
        }
        Ok(())
    }

    /// What the line is, where that is known.
    pub fn state(&self) -> Option<LineState> {
        self.shared.driven.lock().unwrap_or_else(PoisonError::into_inner).state
    }

    /// What line it is.
    pub fn describe(&self) -> String {
        self.shared.driven.lock().unwrap_or_else(PoisonError::into_inner).line.describe()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.lock_for_good_measure();
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Relay({})", self.describe())
    }
}

impl Shared {
    fn drive(&self, state: LineState, at: Option<Moment>) -> Result<(), DoorError> {
        self.driven.lock().unwrap_or_else(PoisonError::into_inner).drive(state, at)
    }

    /// Inactive, where there is nobody left to tell that it failed.
    fn lock_for_good_measure(&self) {
        if let Err(error) = self.drive(LineState::Inactive, None) {
            log::error!("{error}");
        }
    }

    /// Inactive now and from now on, without ever waiting: called while a thread panics, perhaps the very one that drives this line.
    fn lock_down(&self) {
        self.is_locked_down.store(true, SeqCst);
        let mut driven = match self.driven.try_lock() {
            Ok(driven) => driven,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Who holds it looks at `is_locked_down` after giving it back, or unwinds.
            Err(TryLockError::WouldBlock) => return,
        };
        // No log line: a logger may be what panics.
        let _ = driven.drive(LineState::Inactive, None);
    }
}

impl Driven {
    fn drive(&mut self, state: LineState, at: Option<Moment>) -> Result<(), DoorError> {
        if state == LineState::Active && self.state == Some(state) {
            return Ok(());
        }
        let before = self.state.take();
        self.line.set(state)?;
        self.state = Some(state);
        if let Some(recorder) = self.recorder.as_ref().filter(|_| before != Some(state)) {
            recorder.add(Movement { line: state, at });
        }
        Ok(())
    }
}

struct LockOnPanic<'a>(&'a Shared);

impl Drop for LockOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock_for_good_measure();
        }
    }
}

/// Drives every open relay inactive, now and from now on. Never waits for a line.
pub fn lock_all() {
    for relay in OPEN.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(Weak::upgrade) {
        relay.lock_down();
    }
}

/// From now on a panic of any thread first of all locks every door of this process for good; then it goes its way.
pub fn install_panic_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            lock_all();
            before(panic);
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line that fails or panics where it is told to.
    #[derive(Clone, Default)]
    struct Scripted {
        done: Arc<Mutex<Vec<LineState>>>,
        fails_at: Option<LineState>,
        panics_at: Option<LineState>,
    }

    impl Line for Scripted {
        fn set(&mut self, state: LineState) -> Result<(), DoorError> {
            assert_ne!(self.panics_at, Some(state), "told to panic");
            if self.fails_at == Some(state) {
                return Err(DoorError::NotDriven { line: self.describe(), state, said: "told to fail".into() });
            }
            self.done.lock().unwrap().push(state);
            Ok(())
        }

        fn describe(&self) -> String {
            "scripted".into()
        }
    }

    use LineState::{Active, Inactive};

    fn done(line: &Scripted) -> Vec<LineState> {
        std::mem::take(&mut line.done.lock().unwrap())
    }

    #[test]
    fn inactive_is_always_written_and_active_only_on_a_change() {
        let line = Scripted::default();
        let mut relay = Relay::over(Box::new(line.clone())).unwrap();
        for state in [Inactive, Active, Active, Inactive, Inactive, Active] {
            relay.set(state, Moment::START).unwrap();
        }
        drop(relay);
        assert_eq!(done(&line), [Inactive, Inactive, Active, Inactive, Inactive, Active, Inactive]);
    }

    #[test]
    fn a_line_that_can_not_be_locked_is_not_opened() {
        let line = Scripted { fails_at: Some(Inactive), ..Scripted::default() };
        assert!(matches!(Relay::over(Box::new(line)), Err(DoorError::NotDriven { state: Inactive, .. })));
    }

    #[test]
    fn where_active_fails_inactive_follows() {
        let line = Scripted { fails_at: Some(Active), ..Scripted::default() };
        let mut relay = Relay::over(Box::new(line.clone())).unwrap();
        assert!(matches!(relay.set(Active, Moment::START), Err(DoorError::NotDriven { state: Active, .. })));
        assert_eq!(done(&line), [Inactive, Inactive]);
        assert_eq!(relay.state(), Some(Inactive));
    }

    #[test]
    fn a_driver_that_panics_leaves_the_line_inactive() {
        let line = Scripted { panics_at: Some(Active), ..Scripted::default() };
        let mut relay = Relay::over(Box::new(line.clone())).unwrap();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| relay.set(Active, Moment::START)));
        assert!(caught.is_err());
        assert_eq!(done(&line), [Inactive, Inactive]);
        assert_eq!(relay.set(Inactive, Moment::START), Ok(()), "and the relay still locks");
    }

    #[test]
    fn a_locked_down_relay_becomes_active_no_more() {
        let line = Scripted::default();
        let mut relay = Relay::over(Box::new(line.clone())).unwrap();
        relay.set(Active, Moment::START).unwrap();
        relay.shared.lock_down();
        assert_eq!(relay.state(), Some(Inactive));
        assert_eq!(relay.set(Active, Moment::START), Err(DoorError::LockedDown));
        assert_eq!(done(&line), [Inactive, Active, Inactive, Inactive]);
    }

    #[test]
    fn a_lock_down_waits_for_nobody_and_is_made_good_by_who_held_the_line() {
        /// Locks down while it is being driven, as a panic in another thread would.
        struct Interrupted(Scripted, Arc<Mutex<Weak<Shared>>>);
        impl Line for Interrupted {
            fn set(&mut self, state: LineState) -> Result<(), DoorError> {
                if state == Active {
                    self.1.lock().unwrap().upgrade().unwrap().lock_down();
                }
                self.0.set(state)
            }
            fn describe(&self) -> String {
                self.0.describe()
            }
        }
        let (line, shared) = (Scripted::default(), Arc::new(Mutex::new(Weak::new())));
        let mut relay = Relay::over(Box::new(Interrupted(line.clone(), shared.clone()))).unwrap();
        *shared.lock().unwrap() = Arc::downgrade(&relay.shared);
        assert_eq!(relay.set(Active, Moment::START), Err(DoorError::LockedDown));
        assert_eq!(done(&line), [Inactive, Active, Inactive]);
    }
}
