//! What the controller wants done.

use super::outcome::Outcome;
use crate::units::{Moment, PersonId};

/// Something to be done. The order matters: a step that ends one permit and gives another says so in this order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Action {
    /// The line may be active until then, for this person. Only the newest permit counts.
    Permit { until: Moment, person: PersonId },
    /// The line is to be inactive, now.
    Revoke,
    /// To be remembered.
    Record(Outcome),
}

/// What one step wants done, in order. Held in place: no allocation.
#[derive(Debug, Clone, PartialEq)]
pub struct Actions {
    held: [Option<Action>; Actions::MOST],
    count: usize,
}

impl Actions {
    /// More than any step gives: at most a permit ends (2), the clock is reported (1), a visit ends (1), and an input has its effect (3).
    pub const MOST: usize = 8;

    pub(super) fn none() -> Actions {
        Actions { held: [None; Self::MOST], count: 0 }
    }

    /// Adds one. Were no place left, the last one would give way to a revocation, and to nothing else.
    pub(super) fn push(&mut self, action: Action) {
        if let Some(place) = self.held.get_mut(self.count) {
            *place = Some(action);
            self.count += 1;
        } else if action == Action::Revoke {
            self.held[Self::MOST - 1] = Some(action);
        }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &Action> {
        self.held.iter().flatten()
    }
}

impl IntoIterator for Actions {
    type Item = Action;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Action>, { Actions::MOST }>>;

    fn into_iter(self) -> Self::IntoIter {
        self.held.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order() {
        let mut actions = Actions::none();
        assert!(actions.is_empty());
        let permit = Action::Permit { until: Moment::from_ms(5), person: PersonId(1) };
        actions.push(Action::Revoke);
        actions.push(permit);
        assert_eq!(actions.len(), 2);
        assert_eq!(actions.iter().copied().collect::<Vec<_>>(), [Action::Revoke, permit]);
        assert_eq!(actions.into_iter().collect::<Vec<_>>(), [Action::Revoke, permit]);
    }

    #[test]
    fn an_overflow_loses_no_revocation_and_gives_no_permit() {
        let permit = Action::Permit { until: Moment::from_ms(5), person: PersonId(1) };
        let mut actions = Actions::none();
        for _ in 0..Actions::MOST {
            actions.push(permit);
        }
        actions.push(Action::Revoke);
        actions.push(permit);
        assert_eq!((actions.len(), actions.into_iter().last()), (Actions::MOST, Some(Action::Revoke)));
    }
}
