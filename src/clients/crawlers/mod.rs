//! STUB: replaced by helper C's.
use crate::evidence::claims::UserAgent;
use core::net::IpAddr;
#[derive(Clone, Debug, Default)]
pub struct Crawlers;
#[derive(Clone, Debug)]
pub struct Crawler;
impl Crawler {
    pub fn name(&self) -> &str {
        ""
    }
    pub fn operator(&self) -> &str {
        ""
    }
}
#[derive(Clone, Copy, Debug)]
pub enum WhyUnverifiable {
    NoRanges,
    NoAddress,
}
#[derive(Clone, Copy, Debug)]
pub enum Verification<'a> {
    NotClaimed,
    Verified(&'a Crawler),
    Refuted(&'a Crawler),
    Unverifiable(&'a Crawler, WhyUnverifiable),
}
impl Crawlers {
    pub fn verify(&self, _: &UserAgent<'_>, _: Option<IpAddr>) -> Verification<'_> {
        Verification::NotClaimed
    }
}
