//! What holds for what is remembered, whatever comes, by whatever clock, and whatever stands in shared data.

use layerprint::memory::bytes::{Reader, Writer};
use layerprint::memory::distinct::Distinct;
use layerprint::memory::key::Key;
use layerprint::memory::shelf::Shelf;
use layerprint::memory::store::{Moment, Store, Swap};
use layerprint::memory::table::{Change, Record, Table, Tally};
use layerprint::memory::top::Top;
use layerprint::memory::window::{Counting, Taken, Terms, Window};
use std::time::Duration;

/// As many as there are places in each shard: nobody has to be forgotten.
const KEYS: usize = 8;
const SHARDS: u32 = 2;

/// Checks every law for `bytes`; panics at the first that is broken. The first byte says how much is let through and in what
/// time; three more each, who comes, how much later, and with how much.
pub(crate) fn holds(bytes: &[u8]) {
    records_hold(bytes);
    let Some((first, visits)) = bytes.split_first() else {
        return;
    };
    let terms = Terms {
        most: 1 + u32::from(first & 0x0f),
        window_ms: [100, 1_009, 10_000, 60_000][usize::from(first >> 4 & 3)],
        burst: (first & 0x40 != 0).then_some(1 + u32::from(first & 3)),
    };
    let (visits, _) = visits.as_chunks::<3>();
    limits_hold(terms, visits);
    tops_hold(visits);
    distinct_hold(visits);
    if first & 0x80 != 0 {
        foreign_values_hold(terms, bytes, visits);
    }
}

/// Any bytes are a record, and written again they are the same.
fn records_hold(bytes: &[u8]) {
    let padded = |size: usize| -> Vec<u8> { bytes.iter().copied().chain([0].repeat(size)).take(size).collect() };
    let (window, distinct) = (padded(Window::SIZE), padded(Distinct::SIZE));
    let mut written = vec![0xff; Window::SIZE];
    Window::read(&window).write(&mut written);
    assert_eq!(written, window);
    written = vec![0xff; Distinct::SIZE];
    let met = Distinct::read(&mut Reader::new(&distinct));
    met.write(&mut Writer::new(&mut written));
    assert_eq!(written, distinct);
    assert!(met.estimate() > 0 || met == Distinct::default());
}

/// Who comes, when, and with how much.
struct Visit {
    key: usize,
    at: u64,
    amount: u32,
}

/// Time goes on by up to five seconds, back by up to four, or jumps by hours either way.
fn visits(visits: &[[u8; 3]]) -> impl Iterator<Item = Visit> {
    let mut at = 1_700_000_000_000_u64;
    visits.iter().map(move |[key, time, amount]| {
        at = match *time {
            on @ 0..200 => at + u64::from(on).pow(2) / 8,
            back @ 200..240 => at - u64::from(back - 200) * 100,
            jump if jump % 2 == 0 => at + u64::from(jump) * 100_000,
            jump => at - u64::from(jump) * 100_000,
        };
        Visit {
            key: usize::from(*key) % KEYS,
            at,
            amount: u32::from(amount % 8),
        }
    })
}

fn moment(at: u64) -> Moment {
    Moment(Duration::from_millis(at))
}

fn key(n: usize) -> Key {
    Key::of_bits(u64::try_from(n + 1).unwrap().wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn take(table: &Table<Window>, shelf: &Shelf, terms: Terms, visit: &Visit) -> Taken {
    let now = moment(visit.at);
    let taken = table.update(shelf, key(visit.key), now, |window| {
        (
            Change::Made,
            window.take(visit.amount, terms, Counting::LetThrough, now),
        )
    });
    taken.unwrap()
}

/// No window of a key lets more through than its limit, unless the clock was set back by more than a window meanwhile.
fn limits_hold(terms: Terms, bytes: &[[u8; 3]]) {
    let (shelf, table) = (Shelf::default(), Table::new("t", SHARDS, KEYS));
    let mut logs = [const { (0_u64, Vec::<(u64, u32)>::new()) }; KEYS];
    for visit in visits(bytes) {
        let (latest, log) = &mut logs[visit.key];
        if latest.saturating_sub(visit.at) > terms.window_ms.into() {
            log.clear();
            *latest = 0;
        }
        *latest = visit.at.max(*latest);
        let within = |length: u64| {
            let counts = log.iter().filter(|(at, _)| at + length > *latest);
            counts.map(|(_, amount)| amount).sum::<u32>() + visit.amount
        };
        let length = u64::from(terms.window_ms);
        match take(&table, &shelf, terms, &visit) {
            Taken::Within(quota) => {
                assert!(within(length) <= terms.most);
                assert!(quota.left <= terms.most);
                log.push((*latest, visit.amount));
            }
            Taken::Over(quota) => {
                let needs = terms.burst.is_some() || within(length * 11 / 10 + 10) > terms.most;
                assert!(needs, "refused with room");
                assert!(quota.reset.as_millis() <= u128::from(length) * 11 / 10 + 11);
            }
        }
    }
    assert!(shelf.bytes() <= table.max_bytes());
    assert!(shelf.len() <= usize::try_from(SHARDS).unwrap());
    assert_eq!(table.take_tally(), Tally::NONE);
}

/// Each key came as often as is said, with room for all keys and for half of them.
fn tops_hold(bytes: &[[u8; 3]]) {
    let (mut all, mut half, mut exact) = (Top::<KEYS>::default(), Top::<{ KEYS / 2 }>::default(), [0; KEYS]);
    let mut total = 0;
    for visit in visits(bytes) {
        all.add(key(visit.key));
        half.add(key(visit.key));
        exact[visit.key] += 1;
        total += 1;
    }
    for (n, exact) in exact.into_iter().enumerate() {
        let (known, guessed) = (all.count(key(n)), half.count(key(n)));
        assert_eq!((known.least, known.most), (exact, exact));
        assert!(guessed.least <= exact && exact <= guessed.most);
        assert!(guessed.most <= exact + total / 4);
    }
    assert_eq!((all.total(), half.total()), (total, total));
}

/// What was met stays met, in whatever order.
fn distinct_hold(bytes: &[[u8; 3]]) {
    let (mut forth, mut back) = (Distinct::default(), Distinct::default());
    let keys: Vec<Key> = bytes
        .iter()
        .map(|[a, b, _]| key(usize::from(*a) * 256 + usize::from(*b)))
        .collect();
    for key in &keys {
        forth.insert(*key);
        assert!(!forth.insert(*key));
    }
    keys.iter().rev().for_each(|key| {
        back.insert(*key);
    });
    assert_eq!((forth, forth.union(&back)), (back, forth));
    assert!(u64::from(forth.estimate()) <= 4 * u64::try_from(keys.len()).unwrap());
}

/// Whatever stands in shared data, nothing grows, and who comes is counted.
fn foreign_values_hold(terms: Terms, foreign: &[u8], bytes: &[[u8; 3]]) {
    let (shelf, table) = (Shelf::default(), Table::<Window>::new("t", SHARDS, 2));
    let size = table.max_bytes() / usize::try_from(SHARDS).unwrap();
    let whole: Vec<u8> = foreign.iter().copied().cycle().take(size).collect();
    for (name, value) in [("t.0", &whole[..]), ("t.1", foreign)] {
        let written = shelf.swap_shared(&format!("layerprint.memory.{name}"), value, None);
        assert_eq!(written, Ok(Swap::Done));
    }
    for visit in visits(bytes) {
        let taken = take(&table, &shelf, terms, &visit);
        let record = table.read(&shelf, key(visit.key)).unwrap();
        assert!(matches!(taken, Taken::Over(_)) || record.total() >= visit.amount);
    }
    assert_eq!(shelf.len(), 2);
    assert!(shelf.bytes() <= table.max_bytes() + foreign.len());
}
