//! What the rules want remembered, as an entry of the audit. Translates the words of `access` into those of `audit`.

use super::recogniser::Seen;
use crate::access::{Cause, Figures, Outcome, Reason};
use crate::audit::{Code, Event, StageTime};
use crate::units::{Digest, Moment};
use crate::vision::StageTimes;
use jiff::Timestamp;

/// Which nets decided.
#[derive(Debug, Clone, Default)]
pub struct Nets {
    pub detector: Option<Digest>,
    pub encoder: Option<Digest>,
    pub liveness: Vec<Digest>,
}

/// The entry for an outcome at `moment`; `last` is what was last seen before it.
pub fn entry(outcome: &Outcome, at: Timestamp, moment: Moment, last: Option<&Seen>, nets: &Nets) -> Event {
    let mut event = Event::new(code(outcome), at);
    event.moment = Some(moment);
    match outcome {
        Outcome::Granted { visit, person, figures, .. } => {
            decided(&mut event, *visit, figures, last, nets);
            event.person = Some(*person);
        }
        Outcome::Denied { visit, reason, figures } => {
            decided(&mut event, *visit, figures, last, nets);
            event.reason = Some(reason.code().into());
        }
        Outcome::Revoked { visit, person, cause } => {
            event.visit = Some(*visit);
            event.person = Some(*person);
            event.reason = match cause {
                Cause::TimeUp => None,
                Cause::Fault(kind) => Some(format!("fault: {}", kind.code())),
                Cause::Command(command) => Some(format!("command: {}", command.code())),
                Cause::Clock => Some(cause.code().into()),
            };
        }
        Outcome::FaultRaised(kind) | Outcome::FaultCleared(kind) => event.reason = Some(kind.code().into()),
        Outcome::Commanded(command) => event.reason = Some(command.code().into()),
        Outcome::ClockWentBack { was, now } => event.reason = Some(format!("from {} ms to {} ms", was.as_ms(), now.as_ms())),
    }
    event
}

fn code(outcome: &Outcome) -> Code {
    match outcome {
        Outcome::Granted { .. } => Code::Granted,
        Outcome::Denied { reason, .. } => match reason {
            Reason::Fault | Reason::BadNumber | Reason::BadTime => Code::DeniedFault,
            Reason::Locked => Code::DeniedLocked,
            Reason::Cooldown => Code::DeniedCooldown,
            Reason::Spoof | Reason::LivenessNotJudged => Code::DeniedSpoof,
            Reason::Ambiguous => Code::DeniedAmbiguous,
            Reason::TooFewLooks => Code::DeniedVotes,
            Reason::Barred => Code::DeniedBarred,
            Reason::Unknown => Code::DeniedUnknown,
            Reason::Unusable(_) => Code::DeniedQuality,
        },
        Outcome::Revoked { cause: Cause::TimeUp, .. } => Code::PermitEnded,
        Outcome::Revoked { .. } => Code::Revoked,
        Outcome::FaultRaised(_) | Outcome::ClockWentBack { .. } => Code::Fault,
        Outcome::FaultCleared(_) => Code::FaultCleared,
        Outcome::Commanded(_) => Code::DoorLocked,
    }
}

fn decided(event: &mut Event, visit: u64, figures: &Figures, last: Option<&Seen>, nets: &Nets) {
    event.visit = Some(visit);
    event.person = figures.person;
    event.similarity = figures.similarity;
    event.other = figures.other;
    event.margin = figures.similarity.zip(figures.other).map(|(best, other)| best.0 - other.0);
    event.tau = Some(figures.tau);
    event.liveness = figures.liveness;
    event.detector = nets.detector;
    event.encoder = nets.encoder;
    event.liveness_models = nets.liveness.clone();
    if let Some(seen) = last {
        event.k = Some(seen.k as u64);
        event.timings = stage_times(&seen.timings);
    }
}

/// Stage times in milliseconds, by name; stages that did not run are left out.
pub fn stage_times(times: &StageTimes) -> Vec<StageTime> {
    let ran = times.named().into_iter().filter(|(_, us)| *us > 0);
    ran.map(|(stage, us)| StageTime { stage: stage.into(), ms: us as f32 / 1000.0 }).collect()
}
