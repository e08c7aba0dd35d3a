//! A point on the monotonic clock.

use std::sync::Arc;
use std::time::Duration;

/// Tells the moment. Only the service (and the command line) makes one from the real clock; tests make their own.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

/// A point on the monotonic clock, counted from an origin that its maker chose (in the service: the process's start). Given as an
/// argument wherever time matters, so that rules and tests need no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The origin.
    pub const START: Moment = Moment(Duration::ZERO);

    /// So long after the origin.
    pub const fn after(duration: Duration) -> Moment {
        Moment(duration)
    }

    /// So many milliseconds after the origin.
    pub const fn from_ms(ms: u64) -> Moment {
        Moment(Duration::from_millis(ms))
    }

    /// Whole milliseconds since the origin.
    pub const fn as_ms(self) -> u64 {
        self.0.as_millis() as u64
    }

    /// How long since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment moved on; saturates at the end of time.
    pub fn plus(self, duration: Duration) -> Moment {
        Moment(self.0.saturating_add(duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_never_runs_backwards_or_over() {
        let (a, b) = (Moment::from_ms(10), Moment::from_ms(30));
        assert_eq!(b.since(a), Duration::from_millis(20));
        assert_eq!(a.since(b), Duration::ZERO);
        assert_eq!(a.plus(Duration::MAX), Moment::after(Duration::MAX));
    }
}
