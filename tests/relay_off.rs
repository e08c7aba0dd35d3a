//! The promise: whatever happens to who holds the door, the line ends up inactive (rungs 3 of the ladder in docs/door.md).
//!
//! The panic hook locks every door of the process for good, so these tests take turns, and open their relays anew.

use facegate::config::{Door, DoorDriver};
use facegate::door::chips::{Chip, Chips, Level, Pin, open_line};
use facegate::door::{self, DoorError, Line, LineState, Relay};
use facegate::units::Moment;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

static TURN: Mutex<()> = Mutex::new(());

fn my_turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is on the wire, as somebody with a meter would see it. It stays as it was when the holder is gone: a Raspberry Pi's kernel.
#[derive(Clone, Default)]
struct Wire {
    level: Arc<Mutex<Option<Level>>>,
    is_held: Arc<Mutex<bool>>,
    panics_when_high: bool,
}

impl Wire {
    fn level(&self) -> Option<Level> {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chips for Wire {
    fn list(&self) -> Result<Vec<Chip>, DoorError> {
        Ok(vec![Chip { path: "/dev/gpiochip0".into(), label: "pinctrl-bcm2835".into(), lines: 54 }])
    }

    fn take(&self, chip: &Chip, line: u32, first: Option<Level>) -> Result<Box<dyn Pin>, DoorError> {
        let mut is_held = self.is_held.lock().unwrap();
        if std::mem::replace(&mut *is_held, true) {
            return Err(DoorError::Busy { chip: chip.path.display().to_string(), line, holder: "facegate".into() });
        }
        *self.level.lock().unwrap() = first;
        Ok(Box::new(Held(self.clone())))
    }
}

struct Held(Wire);

impl Pin for Held {
    fn write(&mut self, level: Level) -> Result<(), String> {
        *self.0.level.lock().unwrap_or_else(PoisonError::into_inner) = Some(level);
        assert!(!self.0.panics_when_high || level == Level::Low, "the driver fails with the line high");
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.is_held.lock().unwrap() = false;
    }
}

fn relay(wire: &Wire) -> Result<Relay, DoorError> {
    Relay::over(Box::new(open_line(wire, &Door::default())?))
}

fn opened(wire: &Wire) -> Relay {
    let mut relay = relay(wire).unwrap();
    assert_eq!(wire.level(), Some(Level::Low), "inactive from the first moment");
    relay.set(LineState::Active, Moment::START).unwrap();
    assert_eq!(wire.level(), Some(Level::High));
    relay
}

#[test]
fn leaving_locks() {
    let _turn = my_turn();
    let wire = Wire::default();
    drop(opened(&wire));
    assert_eq!(wire.level(), Some(Level::Low));
}

#[test]
fn unwinding_locks() {
    let _turn = my_turn();
    let wire = Wire::default();
    let held = wire.clone();
    let ended = std::thread::spawn(move || {
        let _relay = opened(&held);
        panic!("a fault in the program");
    });
    assert!(ended.join().is_err());
    assert_eq!(wire.level(), Some(Level::Low));
}

#[test]
fn a_driver_that_panics_with_the_line_active_locks() {
    let _turn = my_turn();
    let wire = Wire { panics_when_high: true, ..Wire::default() };
    let mut relay = relay(&wire).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| relay.set(LineState::Active, Moment::START))).is_err());
    assert_eq!(wire.level(), Some(Level::Low), "while the relay is still there");
    door::install_panic_hook();
    let wire = Wire { panics_when_high: true, ..Wire::default() };
    let mut relay = self::relay(&wire).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| relay.set(LineState::Active, Moment::START))).is_err());
    assert_eq!(wire.level(), Some(Level::Low), "and the hook does not wait for the line that its thread holds");
}

#[test]
fn a_panic_of_another_thread_locks_before_anything_else_and_for_good() {
    let _turn = my_turn();
    door::install_panic_hook();
    door::install_panic_hook();
    let (one, two) = (Wire::default(), Wire::default());
    let (mut relay, _other) = (opened(&one), opened(&two));
    let _ = std::thread::spawn(|| panic!("a fault elsewhere")).join();
    assert_eq!((one.level(), two.level()), (Some(Level::Low), Some(Level::Low)));
    assert_eq!(relay.state(), Some(LineState::Inactive));
    assert_eq!(relay.set(LineState::Active, Moment::START), Err(DoorError::LockedDown));
    assert_eq!(one.level(), Some(Level::Low));
    assert_eq!(relay.set(LineState::Inactive, Moment::START), Ok(()));
    drop(relay);
    opened(&one);
}

#[test]
fn a_panic_while_another_thread_is_driving_locks_too() {
    /// Stands still in the middle of driving the line active.
    struct Slow(Wire, mpsc::Sender<()>, mpsc::Receiver<()>);
    impl Line for Slow {
        fn set(&mut self, state: LineState) -> Result<(), DoorError> {
            let level = if state == LineState::Active { Level::High } else { Level::Low };
            *self.0.level.lock().unwrap() = Some(level);
            if state == LineState::Active {
                self.1.send(()).unwrap();
                self.2.recv().unwrap();
            }
            Ok(())
        }
        fn describe(&self) -> String {
            "slow line".into()
        }
    }
    let _turn = my_turn();
    door::install_panic_hook();
    let wire = Wire::default();
    let ((driving, is_driving), (go_on, goes_on)) = (mpsc::channel(), mpsc::channel());
    let mut relay = Relay::over(Box::new(Slow(wire.clone(), driving, goes_on))).unwrap();
    let control = std::thread::spawn(move || {
        let set = relay.set(LineState::Active, Moment::START);
        (relay, set)
    });
    is_driving.recv().unwrap();
    // Ends although the line is taken: the hook waits for nobody.
    assert!(std::thread::spawn(|| panic!("a fault elsewhere")).join().is_err());
    assert_eq!(wire.level(), Some(Level::High), "it is still being driven");
    go_on.send(()).unwrap();
    let (_relay, set) = control.join().unwrap();
    assert_eq!(set, Err(DoorError::LockedDown));
    assert_eq!(wire.level(), Some(Level::Low));
}

#[test]
fn a_second_gate_on_the_same_line_is_refused_and_moves_nothing() {
    let _turn = my_turn();
    let wire = Wire::default();
    let first = opened(&wire);
    let error = relay(&wire).unwrap_err();
    assert!(matches!(error, DoorError::Busy { .. }) && error.to_string().contains("systemctl stop facegate"), "{error}");
    assert_eq!(wire.level(), Some(Level::High), "the first one's door is its own");
    drop(first);
    assert!(relay(&wire).is_ok());
}

#[test]
fn the_simulated_door_keeps_the_same_promise() {
    let _turn = my_turn();
    let (mut relay, recorder) = door::simulated();
    relay.set(LineState::Active, Moment::from_ms(7)).unwrap();
    let _ = std::thread::spawn(move || {
        let _relay = relay;
        panic!("a fault in the program");
    })
    .join();
    let lines: Vec<_> = recorder.movements().iter().map(|m| m.line).collect();
    assert_eq!(lines, [LineState::Inactive, LineState::Active, LineState::Inactive]);
    assert_eq!(door::lock(&Door { driver: DoorDriver::Simulated, ..Door::default() }), Ok(()));
}
