//! Crawlers and agents, whose operators publish the addresses that they come from.

use super::Finding;
use crate::clients::crawlers::Verification;
use crate::compare::code::Code;
use crate::compare::view::Own;

/// The configuration has the operator's ranges, and the client's address is in none of them. Without ranges, or without an address,
/// nothing follows.
pub(super) fn crawler_unverified(own: &Own<'_>) -> Option<Finding> {
    match own.crawler {
        Verification::Refuted(crawler) => {
            let why = format!(
                "the client claims to be {}, and its address is none of {}'s",
                crawler.name(),
                crawler.operator()
            );
            Some(Finding::new(Code::CrawlerUnverified, why))
        }
        Verification::NotClaimed | Verification::Verified(_) | Verification::Unverifiable(..) => None,
    }
}
