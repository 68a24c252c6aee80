//! What floods, clocks and a proxy without shared data do to what is remembered.

use super::*;
use crate::memory::store::{Swap, Unavailable, Version};
use proptest::prelude::*;

/// A proxy without shared data.
pub(super) struct Nothing;

impl Store for Nothing {
    fn shared(&self, _: &str) -> Result<Option<(Vec<u8>, Version)>, Unavailable> {
        Err(Unavailable)
    }

    fn swap_shared(&self, _: &str, _: &[u8], _: Option<Version>) -> Result<Swap, Unavailable> {
        Err(Unavailable)
    }
}

#[test]
fn without_shared_data_nothing_is_found_and_that_is_counted() {
    let site = Site::over(Nothing, 1, 1);
    let told = site.play(stuffing(100, 1_000, 41));
    nothing_but(&told, "");
    assert!(site.tally().failed >= 400);
}

#[test]
fn ever_new_networks_and_shapes_cost_no_memory_and_hide_no_attack() {
    // A million in a build that is optimised.
    let keys = if cfg!(debug_assertions) { 8_000 } else { 1_000_000 };
    let site = Site::new(10, 1);
    let mut found = 0;
    let mut tries = 0;
    for n in 0..keys {
        let at = Moment(BEGIN.0 + Duration::from_millis(u64::from(n) / 10));
        let stranger = Caller {
            shape: "stranger",
            network: 1_000_000 + n,
            session: None,
        };
        let mut visit = site.visit(at, stranger, FAILS);
        visit.shape = Some(site.keys.key("shape", n));
        let worker = &site.workers[0];
        worker.visit(&site.store, &site.settings, &visit);
        let login = Some(LoginOutcome::Failure);
        worker.answered(
            &site.store,
            &site.settings,
            &visit,
            &Answered { at, login, cache: None },
        );
        if n % 100 == 99 {
            let (after_ms, ask) = (0, FAILS);
            let caller = Caller {
                shape: "tool",
                network: 7,
                session: None,
            };
            tries += 1;
            found += u32::from(
                site.tell(at, Event { after_ms, caller, ask })
                    .found
                    .contains(&Code::LoginFailures),
            );
        }
    }
    let worker = &site.workers[0];
    let most = worker.logins.max_bytes() + worker.rotation.max_bytes();
    println!(
        "{keys} keys: {} bytes, at most {most}; {found} of {tries} found; {:?}",
        site.store.bytes(),
        site.tally()
    );
    assert!(site.store.bytes() <= most && most <= 5 << 19, "{most}");
    assert!(site.store.len() <= 256 + 64 + 256);
    assert_eq!(found, tries - 10, "it has more failures than the others, and is kept");
}

#[test]
fn a_clock_that_is_set_back_begins_anew_and_finds_again() {
    let site = Site::new(11, 1);
    site.play(stuffing(50, 100, 51));
    let hour_before = |event: Event| {
        let at = Moment(BEGIN.0 + Duration::from_millis(event.after_ms) - Duration::from_secs(3_600));
        site.tell(at, event)
    };
    let told: Vec<_> = stuffing(50, 100, 51).into_iter().map(hour_before).collect();
    assert_eq!(found_after(&told, "tool", Code::LoginFailures), Some(21));
}

proptest! {
    #[test]
    fn no_order_of_requests_and_times_is_too_much(
        events in prop::collection::vec((any::<u64>(), 0_u32..50, 0_usize..6, any::<bool>()), 0..200)
    ) {
        let site = Site::new(12, 2);
        for (after_ms, network, ask, has_session) in events {
            let ask = [Ask::Page, Ask::Asset, Ask::Api, Ask::LoginForm, FAILS, SUCCEEDS][ask];
            let caller = Caller { shape: "any", network, session: has_session.then_some(network) };
            let told = site.tell(Moment(Duration::from_millis(after_ms)), Event { after_ms, caller, ask });
            prop_assert!(told.found.len() <= 2);
        }
    }
}
