//! The store thread: writes the audit, so that the tick never waits for a disk. What can't be written is kept and tried again; meanwhile
//! it is a fault, because nobody enters without a record.

use super::health::Health;
use crate::audit::{Audit, Event};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Events that may wait for the disk.
const WAITING: usize = 64;
/// Pause between two tries to write what could not be written.
const AGAIN: Duration = Duration::from_secs(1);

/// The queue to the store thread.
pub struct Recorder(SyncSender<Event>);

/// The other end of it.
pub struct Inbox(Receiver<Event>);

/// A bounded queue of events.
pub fn queue() -> (Recorder, Inbox) {
    let (sender, receiver) = sync_channel(WAITING);
    (Recorder(sender), Inbox(receiver))
}

impl Recorder {
    /// Hands an event over without waiting. False when the queue is full or nobody reads it: then the event is lost, and said in the log.
    #[must_use]
    pub fn record(&self, event: Event) -> bool {
        match self.0.try_send(event) {
            Ok(()) => true,
            Err(TrySendError::Full(event) | TrySendError::Disconnected(event)) => {
                log::error!("the audit can't take an event: {}", event.code);
                false
            }
        }
    }
}

/// Writes events until every [`Recorder`] is gone; `written` hears of each once it is safe.
pub fn run(audit: &mut Audit, inbox: &Inbox, health: &Health, mut written: impl FnMut(&Event)) {
    let mut waiting: Vec<Event> = Vec::with_capacity(WAITING);
    loop {
        // What failed is tried again after a pause; what comes in meanwhile waits in the queue, which may run full.
        let is_over = if waiting.is_empty() {
            inbox.0.recv().map(|event| waiting.push(event)).is_err()
        } else {
            std::thread::park_timeout(AGAIN);
            false
        };
        waiting.extend(inbox.0.try_iter().take(WAITING.saturating_sub(waiting.len())));
        if is_over && waiting.is_empty() {
            return;
        }
        match audit.append_all(&waiting) {
            Ok(_) => {
                health.record_fails.store(false, Ordering::Relaxed);
                waiting.drain(..).for_each(|event| written(&event));
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
