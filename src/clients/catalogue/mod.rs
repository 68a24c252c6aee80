//! STUB: replaced by helper A's.
use super::stacks::Fit;
use crate::evidence::Protocol;
use crate::evidence::claims::{UserAgent, Version};
use crate::wire::tls::ClientHello;
#[derive(Clone, Debug, Default)]
pub struct Catalogue;
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Likeness;
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsTraits;
#[derive(Clone, Debug)]
pub struct Family;
#[derive(Clone, Debug)]
pub struct Error;
impl std::fmt::Display for Error {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}
impl Family {
    pub fn name(&self) -> &str {
        ""
    }
    pub fn kind(&self) -> crate::evidence::claims::Kind {
        crate::evidence::claims::Kind::Unknown
    }
}
impl Likeness {
    pub fn is_empty(&self) -> bool {
        true
    }
    pub fn names<'a>(&'a self, _: &'a Catalogue) -> impl Iterator<Item = &'a str> {
        std::iter::empty()
    }
}
impl TlsTraits {
    pub fn of_hello(_: &ClientHello) -> Result<Self, crate::wire::tls::BrokenExtension> {
        Ok(Self)
    }
    pub fn has_grease(_: &ClientHello) -> bool {
        false
    }
    pub fn parse(_: &str, _: Option<&str>, _: Option<bool>) -> Option<Self> {
        None
    }
}
impl Catalogue {
    pub fn built_in() -> Result<Self, Error> {
        Ok(Self)
    }
    pub fn tls(&self, _: &TlsTraits) -> Likeness {
        Likeness
    }
    pub fn http2(&self, _: &str) -> Likeness {
        Likeness
    }
    pub fn claimed(&self, _: &UserAgent<'_>) -> Option<&Family> {
        None
    }
    pub fn tls_fits(&self, _: &Family, _: Option<Version>, _: &Likeness, _: &TlsTraits) -> Fit {
        Fit::SaysNothing
    }
    pub fn http2_fits(&self, _: &Family, _: Option<Version>, _: &Likeness) -> Fit {
        Fit::SaysNothing
    }
    pub fn order_fits<'a>(
        &self,
        _: &Family,
        _: Protocol,
        _: Option<bool>,
        _: impl Iterator<Item = &'a str> + Clone,
    ) -> Fit {
        Fit::SaysNothing
    }
    pub fn go_together(&self, _: &Likeness, _: &Likeness) -> Fit {
        Fit::SaysNothing
    }
    pub fn shown(&self, _: &Likeness, _: &Likeness, _: &Likeness) -> Option<&Family> {
        None
    }
    pub fn orders<'a>(&self, _: Protocol, _: Option<bool>, _: impl Iterator<Item = &'a str> + Clone) -> Likeness {
        Likeness
    }
    pub fn is_tool_tls(&self, _: &Likeness) -> bool {
        false
    }
}
impl Family {
    pub fn sends_hints(&self, _: Option<Version>) -> bool {
        false
    }
    pub fn sends_fetch_metadata(&self, _: Option<Version>) -> bool {
        false
    }
}
