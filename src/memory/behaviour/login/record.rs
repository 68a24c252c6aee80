//! What is remembered of logins, as bytes in tables that all workers share.

use super::SPAN;
use crate::memory::behaviour::LoginOutcome;
use crate::memory::bytes::{Reader, Writer};
use crate::memory::distinct::Distinct;
use crate::memory::key::Key;
use crate::memory::spans::{Merge, Spans};
use crate::memory::store::Moment;
use crate::memory::table::Record;

/// Outcomes of one span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    pub(super) failures: u32,
    pub(super) successes: u32,
}

impl Merge for Outcomes {
    fn merge(&self, other: &Self) -> Self {
        Self {
            failures: self.failures.saturating_add(other.failures),
            successes: self.successes.saturating_add(other.successes),
        }
    }
}

impl Outcomes {
    /// The bytes that they take.
    const SIZE: usize = 8;

    pub(super) fn count(&mut self, outcome: LoginOutcome) {
        let counter = match outcome {
            LoginOutcome::Failure => &mut self.failures,
            LoginOutcome::Success => &mut self.successes,
        };
        *counter = counter.saturating_add(1);
    }

    /// Failures are what is looked for.
    fn worth(self) -> u64 {
        u64::from(self.failures)
            .saturating_mul(1 << 16)
            .saturating_add(self.successes.into())
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            failures: reader.u32(),
            successes: reader.u32(),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.failures);
        writer.u32(self.successes);
    }
}

/// The logins of one network, or of one shape in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place(pub(super) Spans<Outcomes>);

impl Record for Place {
    const SIZE: usize = Spans::<Outcomes>::size(Outcomes::SIZE);

    fn read(bytes: &[u8]) -> Self {
        Self(Spans::read(&mut Reader::new(bytes), Outcomes::read))
    }

    fn write(&self, bytes: &mut [u8]) {
        self.0.write(&mut Writer::new(bytes), Outcomes::write);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.0.is_over(now, SPAN)).then(|| self.0.both().worth())
    }
}

/// The logins of one shape, and the networks that they failed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape(pub(super) Spans<OfShape>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OfShape {
    pub(super) outcomes: Outcomes,
    pub(super) networks: Distinct,
}

impl OfShape {
    /// The bytes that they take.
    const SIZE: usize = Outcomes::SIZE + Distinct::SIZE;

    pub(super) fn count(&mut self, outcome: LoginOutcome, network: Option<Key>) {
        self.outcomes.count(outcome);
        if let (LoginOutcome::Failure, Some(network)) = (outcome, network) {
            self.networks.insert(network);
        }
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            outcomes: Outcomes::read(reader),
            networks: Distinct::read(reader),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.outcomes.write(writer);
        self.networks.write(writer);
    }
}

impl Merge for OfShape {
    fn merge(&self, other: &Self) -> Self {
        Self {
            outcomes: self.outcomes.merge(&other.outcomes),
            networks: self.networks.union(&other.networks),
        }
    }
}

impl Record for Shape {
    const SIZE: usize = Spans::<OfShape>::size(OfShape::SIZE);

    fn read(bytes: &[u8]) -> Self {
        Self(Spans::read(&mut Reader::new(bytes), OfShape::read))
    }

    fn write(&self, bytes: &mut [u8]) {
        self.0.write(&mut Writer::new(bytes), OfShape::write);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        (!self.0.is_over(now, SPAN)).then(|| self.0.both().outcomes.worth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::key::Keys;
    use core::time::Duration;

    const AT: Moment = Moment(Duration::from_secs(1_700_000_000));

    #[test]
    fn records_read_back_as_they_were_written() {
        let mut place = Place::default();
        place.0.advance(AT, SPAN);
        place.0.present.count(LoginOutcome::Failure);
        place.0.before.count(LoginOutcome::Success);
        let mut bytes = [0; Place::SIZE];
        place.write(&mut bytes);
        assert_eq!(Place::read(&bytes), place);
        let mut shape = Shape::default();
        shape.0.advance(AT, SPAN);
        for n in 0..30 {
            let network = Some(Keys::default().key("network", n));
            shape.0.present.count(LoginOutcome::Failure, network);
            shape.0.before.count(LoginOutcome::Success, network);
        }
        let mut bytes = [0; Shape::SIZE];
        shape.write(&mut bytes);
        assert_eq!(Shape::read(&bytes), shape);
        assert_eq!(
            shape.0.before.networks,
            Distinct::default(),
            "only failures tell of networks"
        );
    }

    #[test]
    fn failures_are_kept_longest_and_what_is_old_not_at_all() {
        let place = |failures, successes| {
            let mut place = Place::default();
            place.0.advance(AT, SPAN);
            place.0.present = Outcomes { failures, successes };
            place
        };
        assert!(place(2, 0).worth(AT) > place(1, 900).worth(AT));
        assert!(place(1, 1).worth(AT) > place(1, 0).worth(AT));
        let later = Moment(AT.0 + SPAN * 2);
        assert_eq!(place(900, 900).worth(later), None);
    }
}
