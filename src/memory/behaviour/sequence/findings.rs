//! What the record of a client shows, each in a sentence with what was counted.

use super::client::Client;
use super::marks::Busting;
use super::settings::{CacheBusting, Hammering, NoNavigation, RegularPacing, RouteConcentration, Settings};
use super::site::Site;
use crate::compare::{Code, Finding};
use crate::memory::behaviour::{Claimant, Step, Visit};

/// What a request for something dear shows, with those before it.
pub(super) fn of_asking(client: &Client, visit: &Visit, site: &Site, settings: &Settings) -> Vec<Finding> {
    let found = [
        settings
            .no_navigation
            .and_then(|settings| no_navigation(client, visit, site, settings)),
        settings
            .hammering
            .and_then(|settings| hammering(client, visit, settings)),
        settings
            .regular_pacing
            .and_then(|settings| regular_pacing(client, visit, settings)),
        settings
            .route_concentration
            .and_then(|settings| route_concentration(client, visit, site, settings)),
    ];
    found.into_iter().flatten().collect()
}

/// Whoever says to be a browser has loaded what sends these requests, unless the pages come from elsewhere.
fn no_navigation(client: &Client, visit: &Visit, site: &Site, settings: NoNavigation) -> Option<Finding> {
    let requests = client.astray();
    let is_astray = visit.claimant == Claimant::Browser
        && client.shown().is_none()
        && u32::from(requests) >= settings.requests
        && !site.shows_nothing();
    is_astray.then(|| {
        let why = format!(
            "the claimed browser sent {requests} requests for what is dear, and neither it nor its session asked for a page or a part \
             of one before"
        );
        Finding::new(Code::NoNavigation, why)
    })
}

/// People behind one address share a record: what one of them does is their calls by their number.
fn hammering(client: &Client, visit: &Visit, settings: Hammering) -> Option<Finding> {
    let calls = client.calls_of_a_minute(visit.call, visit.at);
    let people = client.people(visit.at)?;
    (calls >= settings.per_minute.saturating_mul(people)).then(|| {
        let why = if people == 1 {
            format!("one call was made {calls} times within a minute")
        } else {
            format!("one call was made {calls} times within a minute, for {people} sessions or pages")
        };
        Finding::new(Code::Hammering, why)
    })
}

/// Whether an app that was loaded may ask for it by the clock: no page sends logins and searches that nobody typed.
fn is_asked_by_the_clock(client: &Client, visit: &Visit) -> bool {
    client.shown().is_some() && !matches!(visit.step, Step::Login | Step::Search)
}

fn regular_pacing(client: &Client, visit: &Visit, settings: RegularPacing) -> Option<Finding> {
    if visit.step == Step::Api || is_asked_by_the_clock(client, visit) {
        return None;
    }
    let regular = client.pacing().regular(super::client::short(visit.route), settings)?;
    let why = format!(
        "the last {} intervals between requests for one route were {:.3} s long, with a deviation of {:.1} %",
        regular.intervals,
        regular.mean / 1_000.0,
        regular.deviation_percent
    );
    Some(Finding::new(Code::RegularPacing, why))
}

fn route_concentration(client: &Client, visit: &Visit, site: &Site, settings: RouteConcentration) -> Option<Finding> {
    let counts = client.counts(visit.route);
    let (requests, on_route) = (u32::from(counts.requests), u32::from(counts.on_route));
    let is_concentrated = visit.claimant == Claimant::Browser
        && !is_asked_by_the_clock(client, visit)
        && requests >= settings.requests
        && is_share(on_route, requests, settings.share_percent);
    let site = site
        .share_percent(visit.route)
        .filter(|percent| is_concentrated && *percent <= settings.site_share_percent)?;
    let why = format!(
        "{on_route} of {requests} requests of the client were for one route, which gets {site} % of the requests of all"
    );
    Some(Finding::new(Code::RouteConcentration, why))
}

/// Whether a cache had too few of the client's answers.
pub(super) fn busting(client: &Client, visit: &Visit, settings: &CacheBusting) -> Option<Busting> {
    let counts = client.counts(visit.route);
    let (answers, misses) = (u32::from(counts.answers), u32::from(counts.misses));
    (answers >= settings.answers && is_share(misses, answers, settings.misses_percent)).then_some(Busting {
        answers: counts.answers,
        misses: counts.misses,
    })
}

/// What that shows.
pub(super) fn cache_busting(busting: Busting) -> Finding {
    let Busting { answers, misses } = busting;
    let why = format!("{misses} of {answers} answers were in no cache, on routes where most answers to others are");
    Finding::new(Code::CacheBusting, why)
}

const fn is_share(part: u32, whole: u32, percent: u32) -> bool {
    part.saturating_mul(100) >= whole.saturating_mul(percent)
}
