//! What is looked for in what one client does, and from when on it is found.

use super::cache::CacheHeader;
use crate::memory::behaviour::CacheOutcome;
use core::time::Duration;

/// The longest [`Settings::idle`]. A client that is idle for longer is forgotten.
pub const MAX_IDLE: Duration = Duration::from_secs(3_600);

/// The longest [`Settings::remembered`].
pub const MAX_REMEMBERED: Duration = Duration::from_secs(86_400);

/// The most requests, answers, intervals or calls that a threshold may be: so many of them a client's record can tell.
pub const MAX_COUNT: u32 = 30_000;

/// From when on it is found. Parts that are none are not looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `idle_s`: a client that sends nothing for longer begins anew: the page that it loaded is closed.
    pub idle: Duration,
    /// `remembered_s`: how long a page that was loaded counts while its client, or its session, goes on.
    pub remembered: Duration,
    /// `no_navigation`: a browser that never asks for a page.
    pub no_navigation: Option<NoNavigation>,
    /// `hammering`: one call again and again.
    pub hammering: Option<Hammering>,
    /// `regular_pacing`: requests by the clock.
    pub regular_pacing: Option<RegularPacing>,
    /// `route_concentration`: nothing but one route.
    pub route_concentration: Option<RouteConcentration>,
    /// `cache`: what is never in the cache.
    pub cache: CacheBusting,
}

/// When a browser is found that never asks for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoNavigation {
    /// `requests`: after so many for what is dear.
    pub requests: u32,
}

/// When one call is made too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hammering {
    /// `per_minute`: so often in a minute, by one person.
    pub per_minute: u32,
}

/// When requests come too regularly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegularPacing {
    /// `intervals`: after so many.
    pub intervals: u32,
    /// `deviation_percent`: when their standard deviation is less than so many hundredths of their mean.
    pub deviation_percent: u32,
}

/// When one route is asked for too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteConcentration {
    /// `requests`: where the client sent so many.
    pub requests: u32,
    /// `share_percent`: and so many of a hundred were for the route.
    pub share_percent: u32,
    /// `site_share_percent`: of which the route has at most so many of the whole site.
    pub site_share_percent: u32,
}

/// When too much is asked for that is not in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheBusting {
    /// `header`: which header of an answer tells whether a cache had it. Reading it costs a call for each answer, so it is off where
    /// none is named.
    pub header: Option<CacheHeader>,
    /// `answers`: where so many told.
    pub answers: u32,
    /// `misses_percent`: and so many of a hundred were not in the cache.
    pub misses_percent: u32,
    /// `site_misses_percent`: on routes that miss it at most so often with everybody.
    pub site_misses_percent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(1_800),
            remembered: MAX_REMEMBERED,
            no_navigation: Some(NoNavigation { requests: 10 }),
            hammering: Some(Hammering { per_minute: 120 }),
            regular_pacing: Some(RegularPacing {
                intervals: 20,
                deviation_percent: 10,
            }),
            route_concentration: Some(RouteConcentration {
                requests: 50,
                share_percent: 90,
                site_share_percent: 30,
            }),
            cache: CacheBusting {
                header: None,
                answers: 30,
                misses_percent: 90,
                site_misses_percent: 50,
            },
        }
    }
}

impl Settings {
    /// The header of an answer that has to be read.
    pub fn cache_header(&self) -> Option<&str> {
        self.cache.header.as_ref().map(CacheHeader::name)
    }

    /// What its value says; where the answer has no such header, what that says.
    pub fn cache_outcome(&self, value: Option<&[u8]>) -> Option<CacheOutcome> {
        self.cache.header.as_ref()?.outcome(value)
    }
}
