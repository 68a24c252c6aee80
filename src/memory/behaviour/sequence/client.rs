//! What is remembered of one client, in a record of 118 bytes: when it asked for a page, what it asked for since, how often and how
//! regularly.

use super::calls::Calls;
use super::pacing::Pacing;
use super::settings::{MAX_IDLE, Settings};
use crate::memory::behaviour::{Step, Visit};
use crate::memory::bytes::{Reader, Writer};
use crate::memory::distinct;
use crate::memory::key::Key;
use crate::memory::spans::{Merge, Spans};
use crate::memory::store::Moment;
use crate::memory::table::Record;
use core::time::Duration;

/// How long requests count for their shares, at least; at most twice as long.
pub(super) const SHARE_SPAN: Duration = Duration::from_secs(600);

/// How long a session counts as one of those who share an address.
const PEOPLE_SPAN: Duration = Duration::from_secs(1_800);

/// Whole seconds since 1970, until 2106.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Second(pub(super) u32);

impl Second {
    pub(super) fn of(moment: Moment) -> Self {
        Self(u32::try_from(moment.seconds()).unwrap_or(u32::MAX))
    }

    /// How long ago it was at `now`. What is yet to come, by a clock that was set back, is now.
    pub(super) fn ago(self, now: Self) -> Duration {
        Duration::from_secs(now.0.saturating_sub(self.0).into())
    }
}

/// What this worker has counted of a client, and not yet written where all workers see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pending {
    /// When a page or a part of one was asked for last.
    pub(super) shown: Option<Second>,
    /// Pages.
    pub(super) pages: u16,
    /// Parts of pages.
    pub(super) parts: u16,
    /// Answers that told whether a cache had them.
    pub(super) answers: u16,
    /// Those of them that it had not.
    pub(super) misses: u16,
}

/// Requests of one span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// All.
    pub(super) requests: u16,
    /// Those for the route that is asked for most.
    pub(super) on_route: u16,
    /// Answers that told whether a cache had them.
    pub(super) answers: u16,
    /// Those of them that it had not.
    pub(super) misses: u16,
}

impl Counts {
    /// From so many on, what was fades: two spans together stay countable.
    const MANY: u16 = 30_000;

    const SIZE: usize = 8;

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            requests: reader.u16(),
            on_route: reader.u16(),
            answers: reader.u16(),
            misses: reader.u16(),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.u16(self.requests);
        writer.u16(self.on_route);
        writer.u16(self.answers);
        writer.u16(self.misses);
    }

    const fn fade(&mut self) {
        if self.requests >= Self::MANY {
            self.requests /= 2;
            self.on_route /= 2;
            self.answers /= 2;
            self.misses /= 2;
        }
    }
}

impl Merge for Counts {
    fn merge(&self, other: &Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            on_route: self.on_route.saturating_add(other.on_route),
            answers: self.answers.saturating_add(other.answers),
            misses: self.misses.saturating_add(other.misses),
        }
    }
}

/// The sessions of those who share an address and a browser: one of 64 bits for each, by linear counting (Whang, Vander-Zanden, Taylor,
/// 1990). That tells up to 200 to a sixth, and takes a sixteenth of what HyperLogLog takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct People(u64);

impl Merge for People {
    fn merge(&self, other: &Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl People {
    fn insert(&mut self, session: Key) {
        self.0 |= 1_u64.rotate_left(u32::from(session.bits().to_le_bytes()[0]));
    }

    /// About how many there are; none where there are too many to tell.
    fn estimate(self) -> Option<u32> {
        let free = self.0.count_zeros();
        (free > 0).then(|| distinct::whole(64.0 * (64.0 / f64::from(free)).ln()))
    }
}

/// One client.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Client {
    /// When it sent something last.
    seen: Second,
    /// When it, or its session, asked for a page or a part of one last.
    shown: Option<Second>,
    /// Requests for what is dear without a page before.
    astray: u16,
    /// 32 bits of the key of the route that is asked for most, of those that are dear.
    route: u32,
    /// How much it leads: its requests less those for other routes (Boyer and Moore, 1981).
    lead: u8,
    counts: Spans<Counts>,
    people: Spans<People>,
    calls: Calls,
    pacing: Pacing,
}

impl Client {
    /// Counts what the worker had pending.
    pub(super) fn settle(&mut self, pending: &Pending, settings: &Settings, now: Moment) {
        let second = Second::of(now);
        // By a clock that was set back, what is yet to come is now.
        self.seen = self.seen.min(second);
        self.shown = self.shown.map(|shown| shown.min(second));
        let is_idle = self.seen.ago(second) > settings.idle;
        let is_old = self.shown.is_some_and(|shown| shown.ago(second) > settings.remembered);
        if is_idle || is_old {
            (self.shown, self.astray) = (None, 0);
        }
        self.seen = second;
        self.counts.advance(now, SHARE_SPAN);
        self.people.advance(now, PEOPLE_SPAN);
        self.calls.advance(now);
        if let Some(shown) = pending.shown {
            self.navigated(shown.min(second));
        }
        let present = &mut self.counts.present;
        present.fade();
        present.requests = present
            .requests
            .saturating_add(pending.pages)
            .saturating_add(pending.parts);
        present.answers = present.answers.saturating_add(pending.answers);
        present.misses = present.misses.saturating_add(pending.misses);
        self.calls.add_pages(pending.pages);
    }

    /// It, or its session, asked for a page or a part of one.
    pub(super) fn navigated(&mut self, shown: Second) {
        self.shown = self.shown.max(Some(shown));
        self.astray = 0;
    }

    /// Counts a request for something dear. `session` is its session, if that has come before.
    pub(super) fn ask(&mut self, visit: &Visit, session: Option<Key>) {
        if self.shown.is_none() {
            self.astray = self.astray.saturating_add(1);
        }
        self.counts.present.requests = self.counts.present.requests.saturating_add(1);
        self.lean(short(visit.route));
        if let Some(session) = session {
            self.people.present.insert(session);
        }
        self.calls.add(short(visit.call));
        // Apps in a browser ask their API by the clock.
        if visit.step != Step::Api {
            self.pacing.add(short(visit.route), visit.at);
        }
    }

    fn lean(&mut self, route: u32) {
        /// What was asked for long ago does not stand in the way of what is now.
        const MAX_LEAD: u8 = 32;
        if self.route == route {
            self.lead = self.lead.saturating_add(1).min(MAX_LEAD);
        } else if self.lead > 0 {
            self.lead = self.lead.saturating_sub(1);
            return;
        } else {
            (self.route, self.lead) = (route, 1);
            (self.counts.present.on_route, self.counts.before.on_route) = (0, 0);
        }
        self.counts.present.on_route = self.counts.present.on_route.saturating_add(1);
    }

    /// When it, or its session, asked for a page or a part of one last; none where that is too long ago.
    pub(super) const fn shown(&self) -> Option<Second> {
        self.shown
    }

    /// How often it asked for something dear without a page before.
    pub(super) const fn astray(&self) -> u16 {
        self.astray
    }

    /// What it asked for in the last ten to twenty minutes; how much of that was for `route`.
    pub(super) fn counts(&self, route: Key) -> Counts {
        let both = self.counts.both();
        Counts {
            on_route: if self.route == short(route) { both.on_route } else { 0 },
            ..both
        }
    }

    /// How many people it stands for, at least one: sessions that came, or pages in the last minute, as people open them before they
    /// have a session. None where they are too many to tell.
    pub(super) fn people(&self, now: Moment) -> Option<u32> {
        let pages = self.calls.pages_of_a_minute(now);
        Some(self.people.both().estimate()?.max(pages).max(1))
    }

    /// How often it made `call` in the last minute, at least.
    pub(super) fn calls_of_a_minute(&self, call: Key, now: Moment) -> u32 {
        self.calls.of_a_minute(short(call), now)
    }

    /// The time between its requests for `route`.
    pub(super) const fn pacing(&self) -> &Pacing {
        &self.pacing
    }
}

/// What tells one route, or one call, from another within one client.
pub(super) fn short(key: Key) -> u32 {
    u32::try_from(key.bits() >> 32).unwrap_or_default()
}

impl Record for Client {
    const SIZE: usize =
        15 + Spans::<Counts>::size(Counts::SIZE) + Spans::<People>::size(8) + Calls::SIZE + Pacing::SIZE;

    fn read(bytes: &[u8]) -> Self {
        let mut reader = Reader::new(bytes);
        Self {
            seen: Second(reader.u32()),
            shown: second_or_none(&mut reader),
            astray: reader.u16(),
            route: reader.u32(),
            lead: reader.u8(),
            counts: Spans::read(&mut reader, Counts::read),
            people: Spans::read(&mut reader, |reader| People(reader.u64())),
            calls: Calls::read(&mut reader),
            pacing: Pacing::read(&mut reader),
        }
    }

    fn write(&self, bytes: &mut [u8]) {
        let mut writer = Writer::new(bytes);
        writer.u32(self.seen.0);
        writer.u32(self.shown.unwrap_or_default().0);
        writer.u16(self.astray);
        writer.u32(self.route);
        writer.u8(self.lead);
        self.counts.write(&mut writer, Counts::write);
        self.people.write(&mut writer, |people, writer| writer.u64(people.0));
        self.calls.write(&mut writer);
        self.pacing.write(&mut writer);
    }

    /// Who sent much is kept, and who has asked for a page is kept before who has not: forgotten, it could be found astray.
    fn worth(&self, now: Moment) -> Option<u64> {
        const OF_A_PAGE: u64 = 32;
        const MOST: u64 = 1_000;
        if self.seen.ago(Second::of(now)) > MAX_IDLE {
            return None;
        }
        let requests = u64::from(self.counts.both().requests).min(MOST);
        let of_a_page = if self.shown.is_some() { OF_A_PAGE } else { 0 };
        Some((requests.saturating_add(of_a_page) << 32) | u64::from(self.seen.0))
    }
}

fn second_or_none(reader: &mut Reader<'_>) -> Option<Second> {
    Some(Second(reader.u32())).filter(|second| second.0 > 0)
}

/// One session: when it asked for a page or a part of one last. It keeps its cookies when its address changes, and when its computer
/// sleeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) shown: Option<Second>,
}

impl Session {
    /// When it did; none where that is too long ago.
    pub(super) fn shown(self, settings: &Settings, now: Second) -> Option<Second> {
        self.shown
            .filter(|shown| shown.ago(now) <= settings.remembered)
            .map(|shown| shown.min(now))
    }
}

impl Record for Session {
    const SIZE: usize = 4;

    fn read(bytes: &[u8]) -> Self {
        Self {
            shown: second_or_none(&mut Reader::new(bytes)),
        }
    }

    fn write(&self, bytes: &mut [u8]) {
        Writer::new(bytes).u32(self.shown.unwrap_or_default().0);
    }

    fn worth(&self, now: Moment) -> Option<u64> {
        let shown = self
            .shown
            .filter(|shown| shown.ago(Second::of(now)) <= super::settings::MAX_REMEMBERED)?;
        Some(shown.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::behaviour::{Attempt, Claimant};
    use crate::memory::key::Keys;

    #[test]
    fn people_are_told_to_a_sixth_up_to_two_hundred() {
        for n in [0_u32, 1, 5, 20, 50, 100, 200] {
            let runs = 100_u64;
            let estimates = (0..runs).filter_map(|seed| {
                let keys = Keys::new([seed, 1]);
                let mut people = People::default();
                (0..n).for_each(|n| people.insert(keys.key("session", n)));
                people.estimate()
            });
            let errors: Vec<f64> = estimates.map(|e| (f64::from(e) - f64::from(n)).powi(2)).collect();
            let told = f64::from(u32::try_from(errors.len()).unwrap());
            let error = (errors.iter().sum::<f64>() / told).sqrt() / f64::from(n.max(1));
            println!(
                "{n} sessions: error {:.0} %, {} of {runs} told",
                error * 100.0,
                errors.len()
            );
            assert!(error < 0.2, "{n}: {error}");
        }
    }

    #[test]
    fn a_client_reads_back_as_it_was_written_and_any_bytes_are_one() {
        let keys = Keys::default();
        let key = |n: u64| keys.key("k", n);
        let visit = Visit {
            at: Moment(Duration::from_secs(1_800_000_000)),
            step: Step::Login,
            attempt: Attempt::Yes,
            route: key(1),
            call: key(2),
            shape: None,
            network: None,
            client: Some(key(3)),
            session: None,
            claimant: Claimant::Browser,
        };
        let mut client = Client::default();
        let pending = Pending {
            shown: Some(Second(1_799_999_999)),
            pages: 1,
            parts: 2,
            answers: 3,
            misses: 2,
        };
        client.settle(&pending, &Settings::default(), visit.at);
        client.ask(&visit, Some(key(4)));
        let mut bytes = [0; Client::SIZE];
        client.write(&mut bytes);
        assert_eq!(Client::read(&bytes), client);
        assert_eq!(
            bytes.last_chunk::<16>(),
            Some(&[0; 16]),
            "the last numbers have their room"
        );
        assert_eq!(
            client.counts(key(1)),
            Counts {
                requests: 4,
                on_route: 1,
                answers: 3,
                misses: 2
            }
        );
        let mut any = Client::read(&[0xff; Client::SIZE]);
        any.settle(&pending, &Settings::default(), visit.at);
        any.ask(&visit, None);
        assert_eq!(any.shown(), Some(Second(1_800_000_000)), "what is yet to come is now");
    }
}
