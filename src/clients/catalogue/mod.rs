//! The catalogue of clients: which implementations of TLS, HTTP/2 and header writing fit what was seen, which families of clients
//! show them, and whether a claim goes together with what was shown.
//!
//! The tables are our own (`tls.json`, `http2.json`, `orders.json`, `families.json`), each row with its provenance. They know
//! implementations by structure: a list of ciphers that stays for years, extensions that one library sends and another never does,
//! settings, the order of pseudo-headers, the relative order of the headers that a library writes itself. No full hash stands in
//! them, so an update of a browser changes little, and what it changes makes its users unknown and no liars: nothing follows from
//! what is not known, but for what a family's TLS has anyhow (`must`).
//!
//! Tables are read once, when the filter is configured; [`Catalogue::extended_by`] lets a later table replace rows or add some.

mod family;
mod http2;
mod likeness;
mod order;
mod table;
mod tls;

pub use super::provenance::{Error, Level, Provenance};
pub use super::stacks::Fit;
use crate::evidence::Protocol;
use crate::evidence::claims::{UserAgent, Version};
pub use family::{Family, Sends, Versions};
use family::{Shows, rows};
use http2::{Form, Http2Shape};
use likeness::Layer;
pub use likeness::Likeness;
use order::{Template, Vocabulary};
pub use tls::TlsTraits;
use tls::{TlsShape, Told};

/// An implementation, and what it may look like.
#[derive(Clone, Debug)]
struct Row<T> {
    name: String,
    shapes: Vec<T>,
    notes: String,
    provenance: Vec<Provenance>,
}

/// For which requests a template holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Navigations,
    Others,
    All,
}

impl Reach {
    /// A request of which it is not known what it is may be either.
    const fn has(self, navigation: Option<bool>) -> bool {
        match (self, navigation) {
            (Self::All, _) | (_, None) => true,
            (Self::Navigations, Some(navigation)) => navigation,
            (Self::Others, Some(navigation)) => !navigation,
        }
    }
}

/// The tables, compiled. The default one is empty: it knows nobody, and nothing follows from it.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    date: String,
    tls: Vec<Row<TlsShape>>,
    http2: Vec<Row<Http2Shape>>,
    orders: Vec<Row<Template>>,
    vocabulary: Vocabulary,
    families: Vec<Family>,
}

impl Catalogue {
    /// The tables that come with the filter.
    ///
    /// # Errors
    /// None, or the tests do not pass.
    pub fn built_in() -> Result<Self, Error> {
        let tables = [
            include_str!("tls.json"),
            include_str!("http2.json"),
            include_str!("orders.json"),
            include_str!("families.json"),
        ];
        tables.into_iter().try_fold(Self::default(), Self::extended_by)
    }

    /// This catalogue, with the rows of `table` in place of those of the same name, and its further ones behind.
    ///
    /// # Errors
    /// The first thing in the table that is wrong.
    pub fn extended_by(mut self, table: &str) -> Result<Self, Error> {
        table::extend(&mut self, table)?;
        Ok(self)
    }

    /// When it was last changed, `YYYY-MM-DD`; empty for an empty one.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// All families, in the order in which claims are held against them.
    pub fn families(&self) -> &[Family] {
        &self.families
    }

    /// Which TLS implementations offer such a ClientHello.
    pub fn tls(&self, traits: &TlsTraits) -> Likeness {
        Likeness::of(Layer::Tls, &self.tls, |row| {
            row.shapes.iter().any(|shape| shape.fits(traits))
        })
    }

    /// Which HTTP/2 implementations open a connection like this, from the Akamai form; none for what is no such form.
    pub fn http2(&self, form: &str) -> Likeness {
        match Form::parse(form) {
            Some(form) => Likeness::of(Layer::Http2, &self.http2, |row| {
                row.shapes.iter().any(|shape| shape.fits(&form))
            }),
            None => Likeness::UNKNOWN,
        }
    }

    /// Which implementations write their headers in this order. `navigation` says whether the request is one, as far as that is
    /// known; `names` are in lower case.
    pub fn orders<'a>(
        &self,
        protocol: Protocol,
        navigation: Option<bool>,
        names: impl Iterator<Item = &'a str>,
    ) -> Likeness {
        let numbers = self.vocabulary.read(names);
        let fits = |template: &Template| template.is_for(protocol, navigation) && template.fits(&numbers);
        Likeness::of(Layer::Order, &self.orders, |row| row.shapes.iter().any(fits))
    }

    /// The family that a User-Agent claims.
    pub fn claimed(&self, claims: &UserAgent<'_>) -> Option<&Family> {
        let claimed = |family: &&Family| family.claims.iter().any(|claim| claim.is_made_by(claims));
        self.families.iter().find(claimed)
    }

    /// The family of this name.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.name == name)
    }

    /// Whether such TLS is a family's, in the version that is claimed.
    ///
    /// An implementation that is known, and is none of the family's, contradicts; one that is not known says nothing, unless it lacks
    /// what the family's TLS has anyhow.
    pub fn tls_fits(&self, of: &Family, version: Option<Version>, shown: &Likeness, traits: &TlsTraits) -> Fit {
        let musts = of.must.iter().filter(|must| must.versions.surely_has(version));
        if musts.into_iter().any(|must| must.shape.told(traits) == Told::No) {
            return Fit::Contradicts;
        }
        fit(&of.tls, version, shown, of.lenient)
    }

    /// Whether such an opening of HTTP/2 is a family's, in the version that is claimed.
    pub fn http2_fits(&self, of: &Family, version: Option<Version>, shown: &Likeness) -> Fit {
        fit(&of.http2, version, shown, of.lenient)
    }

    /// Whether a family writes its headers in this order; the arguments are those of [`Self::orders`].
    pub fn order_fits<'a>(
        &self,
        of: &Family,
        protocol: Protocol,
        navigation: Option<bool>,
        names: impl Iterator<Item = &'a str>,
    ) -> Fit {
        fit(&of.orders, None, &self.orders(protocol, navigation, names), of.lenient)
    }

    /// Whether any family shows both: a program may bring a browser's TLS and a library's HTTP/2.
    pub fn go_together(&self, tls: &Likeness, http2: &Likeness) -> Fit {
        if tls.is_unknown() || http2.is_unknown() {
            return Fit::SaysNothing;
        }
        let shows_both =
            |family: &Family| rows(&family.tls, None) & tls.rows != 0 && rows(&family.http2, None) & http2.rows != 0;
        match self.families.iter().any(shows_both) {
            true => Fit::Fits,
            false => Fit::Contradicts,
        }
    }

    /// The family that goes best with what was seen, whatever was claimed: the one that shows most of it, and nothing else in its
    /// place. None when there is none, or when several go equally well and
    /// none of them stands for all.
    pub fn shown(&self, tls: &Likeness, http2: &Likeness, order: &Likeness) -> Option<&Family> {
        let score = |family: &Family| {
            let layers = [(&family.tls, tls), (&family.http2, http2), (&family.orders, order)];
            layers
                .into_iter()
                .try_fold(0_u8, |score, (shows, seen)| match fit(shows, None, seen, false) {
                    Fit::Fits => Some(score + 1),
                    Fit::SaysNothing => Some(score),
                    Fit::Contradicts => None,
                })
        };
        let scored = self.families.iter().filter_map(|family| Some((score(family)?, family)));
        let best = scored.clone().map(|(score, _)| score).max().filter(|best| *best > 0)?;
        let equals = scored.filter(|(score, _)| *score == best).map(|(_, family)| family);
        let first = equals.clone().next()?;
        match equals.clone().nth(1) {
            None => Some(first),
            Some(_) => equals
                .filter(|family| family.generic)
                .min_by_key(|family| family.breadth()),
        }
    }

    /// Whether tools and libraries show such TLS, and no browser does.
    pub fn is_tool_tls(&self, tls: &Likeness) -> bool {
        let browsers = self.families.iter().filter(|family| family.is_browser());
        let browsers = browsers.fold(0, |bits, family| bits | rows(&family.tls, None));
        !tls.is_unknown() && tls.rows & browsers == 0
    }

    /// Where a row of this name comes from, and what is said of it: for those who explain a finding.
    pub fn sources(&self, name: &str) -> impl Iterator<Item = (&str, &[Provenance])> {
        let tls = self.tls.iter().map(|row| (&row.name, &row.notes, &row.provenance));
        let http2 = self.http2.iter().map(|row| (&row.name, &row.notes, &row.provenance));
        let orders = self.orders.iter().map(|row| (&row.name, &row.notes, &row.provenance));
        let named = tls.chain(http2).chain(orders).filter(move |(own, ..)| *own == name);
        named.map(|(_, notes, provenance)| (notes.as_str(), provenance.as_slice()))
    }

    fn row_name(&self, layer: Layer, n: u32) -> Option<&str> {
        let n = usize::try_from(n).ok()?;
        let name = match layer {
            Layer::Tls => &self.tls.get(n)?.name,
            Layer::Http2 => &self.http2.get(n)?.name,
            Layer::Order => &self.orders.get(n)?.name,
        };
        Some(name)
    }
}

/// Whether what was seen is among what a family shows in a version. Where either is unknown, nothing is said.
fn fit(shows: &[Shows], version: Option<Version>, seen: &Likeness, lenient: bool) -> Fit {
    if shows.is_empty() || seen.is_unknown() {
        return Fit::SaysNothing;
    }
    match (rows(shows, version) & seen.rows != 0, lenient) {
        (true, _) => Fit::Fits,
        (false, true) => Fit::SaysNothing,
        (false, false) => Fit::Contradicts,
    }
}
