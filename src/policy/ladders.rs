//! What follows from an assessment where no rule says otherwise: for each class of routes, agreement × band of the score → verdict.
//!
//! The ladders that are shipped keep these laws, and the tests hold them to all cells:
//! - Only `hostile`, where both layers are against the client, reaches `limit` or `block`: one layer alone has innocent explanations.
//! - `conflict` reaches at most `challenge`, `slow` or `review`, which a person gets past.
//! - `partial` and `unknown` reach at most `log`: what we did not see is never held against a client.
//! - `clean` is never answered, and nothing at all is where nothing was found.
//! - Below `high` nothing is answered: what innocent clients show now and then ends at `log`.
//! - A higher band is never answered more mildly.

use super::config::challenge::Difficulty;
use super::{Class, Verdict};
use crate::compare::{Agreement, Score};

/// A range of [`crate::compare::Assessment::score`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    /// 0: nothing was found.
    None,
    /// 1 to 24
    Low,
    /// 25 to 49
    Medium,
    /// 50 to 79: a layer that counts as high.
    High,
    /// 80 to 100
    Severe,
}

impl Band {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Low, Self::Medium, Self::High, Self::Severe];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Severe => "severe",
        }
    }

    /// The band of `score`.
    pub const fn of(score: Score) -> Self {
        match score.value() {
            0 => Self::None,
            1..25 => Self::Low,
            25..50 => Self::Medium,
            50..80 => Self::High,
            _ => Self::Severe,
        }
    }
}

/// An answer for each band.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rungs<V> {
    /// Where nothing was found.
    pub none: V,
    /// From 1 on.
    pub low: V,
    /// From 25 on.
    pub medium: V,
    /// From 50 on.
    pub high: V,
    /// From 80 on.
    pub severe: V,
}

impl<V: Copy> Rungs<V> {
    /// The same answer in every band.
    pub const fn all(value: V) -> Self {
        Self {
            none: value,
            low: value,
            medium: value,
            high: value,
            severe: value,
        }
    }

    /// The answer in `band`.
    pub const fn at(&self, band: Band) -> V {
        match band {
            Band::None => self.none,
            Band::Low => self.low,
            Band::Medium => self.medium,
            Band::High => self.high,
            Band::Severe => self.severe,
        }
    }

    /// The place of the answer in `band`.
    pub const fn at_mut(&mut self, band: Band) -> &mut V {
        match band {
            Band::None => &mut self.none,
            Band::Low => &mut self.low,
            Band::Medium => &mut self.medium,
            Band::High => &mut self.high,
            Band::Severe => &mut self.severe,
        }
    }
}

/// The answers of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// Whether they are carried out, where neither rule nor route says so; none when the whole configuration does.
    pub mode: Option<super::Mode>,
    /// `difficulty`: that of its challenges; none when the whole configuration says.
    pub difficulty: Option<Difficulty>,
    /// Both layers were seen and are low.
    pub clean: Rungs<Verdict>,
    /// One is high and the other low.
    pub conflict: Rungs<Verdict>,
    /// Both are high.
    pub hostile: Rungs<Verdict>,
    /// One was not seen.
    pub partial: Rungs<Verdict>,
    /// Neither was seen.
    pub unknown: Rungs<Verdict>,
}

impl Ladder {
    /// The answers to `agreement`.
    pub const fn rungs(&self, agreement: Agreement) -> &Rungs<Verdict> {
        match agreement {
            Agreement::Clean => &self.clean,
            Agreement::Conflict => &self.conflict,
            Agreement::Hostile => &self.hostile,
            Agreement::Partial => &self.partial,
            Agreement::Unknown => &self.unknown,
        }
    }

    /// The place of the answers to `agreement`.
    pub const fn rungs_mut(&mut self, agreement: Agreement) -> &mut Rungs<Verdict> {
        match agreement {
            Agreement::Clean => &mut self.clean,
            Agreement::Conflict => &mut self.conflict,
            Agreement::Hostile => &mut self.hostile,
            Agreement::Partial => &mut self.partial,
            Agreement::Unknown => &mut self.unknown,
        }
    }

    /// The ladder that is shipped for `class`.
    pub const fn built_in(class: Class) -> Self {
        use Verdict::{Allow, Block, Challenge, Limit, Log, Review, Slow};
        let (conflict, hostile) = match class {
            // Credentials: an attack shows in the first requests already, and a person solves a challenge once.
            Class::Login => (high(Challenge, Challenge), high(Block, Block)),
            // Money: as login; buyers are few and come back with a clearance.
            Class::Checkout => (high(Challenge, Challenge), high(Block, Block)),
            // What is dear to compute is scraped: later and less of it is enough, and costs a person little.
            Class::Search => (high(Slow, Slow), high(Limit, Limit)),
            // Programs solve no challenge, and a program that looks odd is the rule: somebody looks first.
            Class::Api => (high(Review, Slow), high(Block, Block)),
            // Few people, whom the operator knows: a look first, then proof.
            Class::Admin => (high(Review, Challenge), high(Block, Block)),
            // It costs nothing, and an answer other than the file breaks pages.
            Class::Static => (high(Log, Log), high(Log, Limit)),
            // A challenge on a first page costs visitors: only what is severe gets one, and a block needs that too.
            Class::Page => (high(Log, Challenge), high(Challenge, Block)),
        };
        let clean = match class {
            Class::Static => Rungs::all(Allow),
            Class::Login | Class::Checkout | Class::Search | Class::Api | Class::Admin | Class::Page => high(Log, Log),
        };
        Self {
            mode: None,
            difficulty: None,
            clean,
            conflict,
            hostile,
            partial: high(Log, Log),
            unknown: high(Log, Log),
        }
    }
}

/// A row of a ladder that is shipped: nothing where little was found, which the reasons tell anyhow, and `log` up to `high`.
const fn high(high: Verdict, severe: Verdict) -> Rungs<Verdict> {
    Rungs {
        none: Verdict::Allow,
        low: Verdict::Allow,
        medium: Verdict::Log,
        high,
        severe,
    }
}

/// The ladder of each class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladders {
    login: Ladder,
    checkout: Ladder,
    search: Ladder,
    api: Ladder,
    admin: Ladder,
    static_: Ladder,
    page: Ladder,
}

impl Default for Ladders {
    fn default() -> Self {
        Self {
            login: Ladder::built_in(Class::Login),
            checkout: Ladder::built_in(Class::Checkout),
            search: Ladder::built_in(Class::Search),
            api: Ladder::built_in(Class::Api),
            admin: Ladder::built_in(Class::Admin),
            static_: Ladder::built_in(Class::Static),
            page: Ladder::built_in(Class::Page),
        }
    }
}

impl Ladders {
    /// The ladder of `class`.
    pub const fn of(&self, class: Class) -> &Ladder {
        match class {
            Class::Login => &self.login,
            Class::Checkout => &self.checkout,
            Class::Search => &self.search,
            Class::Api => &self.api,
            Class::Admin => &self.admin,
            Class::Static => &self.static_,
            Class::Page => &self.page,
        }
    }

    /// The difficulty of each class that has one of its own.
    pub fn difficulties(&self) -> Vec<(Class, Difficulty)> {
        let own = |class| Some((class, self.of(class).difficulty?));
        Class::ALL.into_iter().filter_map(own).collect()
    }

    /// The place of the ladder of `class`.
    pub const fn of_mut(&mut self, class: Class) -> &mut Ladder {
        match class {
            Class::Login => &mut self.login,
            Class::Checkout => &mut self.checkout,
            Class::Search => &mut self.search,
            Class::Api => &mut self.api,
            Class::Admin => &mut self.admin,
            Class::Static => &mut self.static_,
            Class::Page => &mut self.page,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every cell of the ladders that are shipped.
    fn cells() -> impl Iterator<Item = (Class, Agreement, Band, Verdict)> {
        Class::ALL.into_iter().flat_map(|class| {
            Agreement::ALL.into_iter().flat_map(move |agreement| {
                let ladders = Ladders::default();
                let at = move |band| (class, agreement, band, ladders.of(class).rungs(agreement).at(band));
                Band::ALL.map(at)
            })
        })
    }

    #[test]
    fn bands_follow_each_other_without_a_gap() {
        let bands: Vec<Band> = (0..=100).map(|score| Band::of(Score::new(score))).collect();
        assert!(bands.is_sorted());
        let begins = Band::ALL.map(|band| bands.iter().position(|found| *found == band));
        assert_eq!(begins, [Some(0), Some(1), Some(25), Some(50), Some(80)]);
        assert_eq!(Band::of(Score::HIGH), Band::High);
    }

    #[test]
    fn only_hostile_reaches_limit_or_block() {
        for (class, agreement, band, verdict) in cells() {
            let is_hard = verdict >= Verdict::Limit;
            assert!(
                !is_hard || agreement == Agreement::Hostile,
                "{class:?} {agreement:?} {band:?}"
            );
        }
        assert_eq!(cells().count(), 175);
    }

    #[test]
    fn one_layer_or_none_is_logged_at_most_and_so_is_what_is_clean() {
        for (class, agreement, band, verdict) in cells() {
            let is_answered = verdict > Verdict::Log;
            let may_be = matches!(agreement, Agreement::Conflict | Agreement::Hostile) && band >= Band::High;
            assert!(!is_answered || may_be, "{class:?} {agreement:?} {band:?}: {verdict:?}");
        }
    }

    #[test]
    fn where_nothing_was_found_all_is_allowed() {
        for (class, agreement, _, verdict) in cells().filter(|(_, _, band, _)| *band == Band::None) {
            assert_eq!(verdict, Verdict::Allow, "{class:?} {agreement:?}");
        }
    }

    #[test]
    fn a_higher_band_is_never_answered_more_mildly() {
        let cells: Vec<_> = cells().collect();
        for row in cells.chunks(5) {
            assert!(row.iter().map(|(.., verdict)| *verdict).is_sorted(), "{row:?}");
        }
    }

    #[test]
    fn each_class_has_its_answers() {
        use Verdict::*;
        for (class, conflict, hostile) in [
            (Class::Login, [Challenge, Challenge], [Block, Block]),
            (Class::Checkout, [Challenge, Challenge], [Block, Block]),
            (Class::Search, [Slow, Slow], [Limit, Limit]),
            (Class::Api, [Review, Slow], [Block, Block]),
            (Class::Admin, [Review, Challenge], [Block, Block]),
            (Class::Page, [Log, Challenge], [Challenge, Block]),
            (Class::Static, [Log, Log], [Log, Limit]),
        ] {
            let ladder = Ladder::built_in(class);
            let top = |rungs: &Rungs<Verdict>| [rungs.high, rungs.severe];
            assert_eq!(
                (top(&ladder.conflict), top(&ladder.hostile)),
                (conflict, hostile),
                "{class:?}"
            );
        }
    }
}
