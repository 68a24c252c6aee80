//! Does the work that the challenge's page asks of a browser: what a bot would bring along, and what tests measure the work with.

use layerprint::challenge::answer;
use layerprint::challenge::work::{Found, PARTS, Seed};
use layerprint::policy::config::challenge::Difficulty;

/// The puzzle on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Puzzle {
    /// Its token.
    pub token: String,
    /// What it asks for.
    pub difficulty: Difficulty,
}

/// An answer, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Solved {
    /// The value of the header [`answer::HEADER`].
    pub answer: String,
    /// How many hashes were made.
    pub hashes: u64,
}

impl Puzzle {
    /// The puzzle on the page with this HTML, if there is one.
    pub fn on_page(html: &str) -> Option<Self> {
        Some(Self {
            token: attribute(html, "data-token")?.to_owned(),
            difficulty: Difficulty::new(attribute(html, "data-difficulty")?.parse().ok()?)?,
        })
    }

    /// Does the work, number by number from 0; as much of it as for `difficulty`, which may be another one.
    pub fn solve_as(&self, difficulty: Difficulty) -> Solved {
        let (found, hashes) = self.found(difficulty);
        Solved {
            answer: answer::written(&self.token, &found),
            hashes,
        }
    }

    /// The answer of who did all of the work but for the last part. A number that is only another one may be right by chance.
    pub fn miss_last(&self) -> String {
        let (Found(mut numbers), _) = self.found(self.difficulty);
        let seed = Seed::of(self.token.as_bytes());
        if let Some((part, n)) = (0..).zip(&mut numbers).last() {
            let is_wrong = |n: &u32| !seed.is_answered(self.difficulty, part, *n);
            *n = (0..).find(is_wrong).unwrap_or_default();
        }
        answer::written(&self.token, &Found(numbers))
    }

    fn found(&self, difficulty: Difficulty) -> (Found, u64) {
        let seed = Seed::of(self.token.as_bytes());
        let mut found = Found([0; PARTS]);
        let mut hashes = 0;
        for (part, n) in (0..).zip(&mut found.0) {
            *n = (0..)
                .inspect(|_| hashes += 1)
                .find(|n| seed.is_answered(difficulty, part, *n))
                .unwrap_or_default();
        }
        (found, hashes)
    }

    /// Does the work.
    pub fn solve(&self) -> Solved {
        self.solve_as(self.difficulty)
    }
}

/// The value of the first attribute of this name. Those that are read hold nothing that is escaped.
fn attribute<'h>(html: &'h str, name: &str) -> Option<&'h str> {
    let (_, behind) = html.split_once(&format!(" {name}=\""))?;
    Some(behind.split_once('"')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_puzzle_is_read_off_its_page() {
        let page = r#"<main id="m" data-token="abc" data-difficulty="12" data-to="/">"#;
        let expected = Puzzle {
            token: "abc".to_owned(),
            difficulty: Difficulty::new(12).unwrap(),
        };
        assert_eq!(Puzzle::on_page(page), Some(expected));
        assert_eq!(Puzzle::on_page("<main>"), None);
        assert_eq!(Puzzle::on_page(r#"<main data-token="abc" data-difficulty="99">"#), None);
    }
    #[test]
    fn who_misses_the_last_part_differs_in_that_alone_and_is_wrong() {
        for n in 0..200 {
            let puzzle = Puzzle {
                token: format!("token {n}"),
                difficulty: Difficulty::new(10).unwrap(),
            };
            let (right, missed) = (puzzle.solve().answer, puzzle.miss_last());
            assert_eq!(right.len(), missed.len());
            // The last 4 of 64 bytes begin in the letter of this number from the end.
            assert_eq!(right[..right.len() - 6], missed[..right.len() - 6]);
            assert_ne!(right, missed);
        }
    }
}
