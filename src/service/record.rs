//! The store thread: writes the audit, so that the tick never waits for a disk. What can't be written is kept and tried again; meanwhile
//! it is a fault, because nobody enters without a record.

use super::Told;
use super::health::Health;
use crate::audit::{Audit, Event};
use crate::door::LineState;
use crate::units::Moment;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Events that may wait for the disk.
const WAITING: usize = 64;
/// Pause between two tries to write what could not be written.
const AGAIN: Duration = Duration::from_secs(1);

/// What the tick hands over.
enum Note {
    /// To be written.
    Event(Box<Event>),
    /// The line was moved: to be told, on a thread that may wait for whoever listens.
    Moved(Moment, LineState),
}

/// The queue to the store thread.
pub struct Recorder(SyncSender<Note>);

/// The other end of it.
pub struct Inbox(Receiver<Note>);

/// A bounded queue of events.
pub fn queue() -> (Recorder, Inbox) {
    let (sender, receiver) = sync_channel(WAITING);
    (Recorder(sender), Inbox(receiver))
}

impl Recorder {
    /// Hands an event over without waiting. False when the queue is full or nobody reads it: then the event is lost, and said in the log.
    #[must_use]
    pub fn record(&self, event: Event) -> bool {
        let sent = self.0.try_send(Note::Event(Box::new(event)));
        if let Err(TrySendError::Full(Note::Event(event)) | TrySendError::Disconnected(Note::Event(event))) = &sent {
            log::error!("the audit can't take an event: {}", event.code);
        }
        sent.is_ok()
    }

    /// Lets it be told that the line was moved; where the queue is full nobody hears of it.
    pub fn moved(&self, at: Moment, state: LineState) {
        let _ = self.0.try_send(Note::Moved(at, state));
    }
}

/// Writes events until every [`Recorder`] is gone; `told` hears of each once it is safe, and of the line's moves.
pub fn run(audit: &mut Audit, inbox: &Inbox, health: &Health, told: &dyn Fn(Told<'_>)) {
    let mut waiting: Vec<Event> = Vec::with_capacity(WAITING);
    let take = |note: Note, waiting: &mut Vec<Event>| match note {
        Note::Event(event) => waiting.push(*event),
        Note::Moved(at, state) => told(Told::Door { at, state }),
    };
    loop {
        // What failed is tried again after a pause; what comes in meanwhile waits in the queue, which may run full.
        let is_over = if waiting.is_empty() {
            inbox.0.recv().map(|note| take(note, &mut waiting)).is_err()
        } else {
            std::thread::park_timeout(AGAIN);
            false
        };
        while waiting.len() < WAITING
            && let Ok(note) = inbox.0.try_recv()
        {
            take(note, &mut waiting);
        }
        if waiting.is_empty() {
            if is_over {
                return;
            }
            continue;
        }
        match audit.append_all(&waiting) {
            Ok(_) => {
                health.record_fails.store(false, Ordering::Relaxed);
                waiting.drain(..).for_each(|event| told(Told::Recorded(&event)));
            }
            Err(e) if !health.record_fails.swap(true, Ordering::Relaxed) => log::error!("{e}"),
            Err(_) if health.is_leaving.load(Ordering::Relaxed) => {
                log::error!("{} events are lost", waiting.len());
                return;
            }
            Err(_) => {}
        }
    }
}
