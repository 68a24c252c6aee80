//! What Client Hints claim (`sec-ch-ua` and its kin, which Chromium browsers send over secure connections).
//!
//! Low-entropy hints come with every request, the others only to a site that asked. A hint that came twice is malformed: no
//! browser sends one so, and to choose between the two would be a guess.

use super::super::structured::{self, Member, Members, Quoted};
use super::kinds::{Family, Platform, Product, Version};
use super::tokens;
use crate::evidence::{Evidence, Reason};

/// What a client says of itself in Client Hints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hints<'a> {
    /// `sec-ch-ua`: brands, with major versions.
    pub brands: Evidence<Brands<'a>>,
    /// `sec-ch-ua-mobile`: whether it prefers what is made for phones.
    pub mobile: Evidence<bool>,
    /// `sec-ch-ua-platform`: the operating system.
    pub platform: Evidence<PlatformHint<'a>>,
    /// `sec-ch-ua-full-version-list`: brands, with whole versions.
    pub full_versions: Evidence<Brands<'a>>,
    /// `sec-ch-ua-platform-version`: on Windows not that of NT, and empty on Linux.
    pub platform_version: Evidence<Quoted<'a>>,
    /// `sec-ch-ua-arch`: `x86`, `arm`.
    pub arch: Evidence<Quoted<'a>>,
    /// `sec-ch-ua-bitness`: `64`.
    pub bitness: Evidence<Quoted<'a>>,
    /// `sec-ch-ua-model`: empty but for phones and tablets.
    pub model: Evidence<Quoted<'a>>,
    /// `sec-ch-ua-form-factors`: `Desktop`, `Mobile` and others.
    pub form_factors: Evidence<FormFactors<'a>>,
}

impl<'a> Hints<'a> {
    /// The longest value that is read. A list of four brands with whole versions has about 180 bytes.
    pub const MAX: usize = 512;

    pub(super) const NOT_SENT: Self = Self {
        brands: Evidence::Missing(Reason::NotSent),
        mobile: Evidence::Missing(Reason::NotSent),
        platform: Evidence::Missing(Reason::NotSent),
        full_versions: Evidence::Missing(Reason::NotSent),
        platform_version: Evidence::Missing(Reason::NotSent),
        arch: Evidence::Missing(Reason::NotSent),
        bitness: Evidence::Missing(Reason::NotSent),
        model: Evidence::Missing(Reason::NotSent),
        form_factors: Evidence::Missing(Reason::NotSent),
    };

    /// Takes the header that is named `sec-ch-ua` and then `hint`; others are none of ours.
    pub(super) fn take(&mut self, hint: &str, value: &'a [u8]) {
        match hint {
            "" => once(&mut self.brands, value, Brands::parse),
            "-mobile" => once(&mut self.mobile, value, structured::boolean),
            "-platform" => once(&mut self.platform, value, |value| {
                structured::string(value).map(PlatformHint)
            }),
            "-full-version-list" => once(&mut self.full_versions, value, Brands::parse),
            "-platform-version" => once(&mut self.platform_version, value, structured::string),
            "-arch" => once(&mut self.arch, value, structured::string),
            "-bitness" => once(&mut self.bitness, value, structured::string),
            "-model" => once(&mut self.model, value, structured::string),
            "-form-factors" => once(&mut self.form_factors, value, FormFactors::parse),
            _ => {}
        }
    }
}

/// Reads a header into its place; a second one of the same name makes it malformed.
fn once<'a, T>(place: &mut Evidence<T>, value: &'a [u8], parse: impl FnOnce(&'a [u8]) -> Option<T>) {
    *place = match place {
        Evidence::Missing(Reason::NotSent) if value.len() > Hints::MAX => Evidence::Missing(Reason::TooLarge),
        Evidence::Missing(Reason::NotSent) => Evidence::or_missing(parse(value), Reason::Malformed),
        _ => Evidence::Missing(Reason::Malformed),
    };
}

/// A brand and the version that it is said to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brand<'a> {
    /// The name.
    pub name: Quoted<'a>,
    /// The version, as written.
    pub version: Quoted<'a>,
}

impl<'a> Brand<'a> {
    /// Whether it is one that no browser has, sent so that nobody comes to rely on the list: `Not/A)Brand`, `(Not(A:Brand`.
    ///
    /// The rule, not a list: its letters are `NotABrand`, and something that is no letter stands among or before them.
    pub fn is_grease(&self) -> bool {
        let letters = self.name.chars().filter(char::is_ascii_alphanumeric);
        let is_not_a_brand = letters
            .map(|letter| letter.to_ascii_lowercase())
            .eq("notabrand".chars());
        is_not_a_brand && self.name.chars().any(|letter| !letter.is_ascii_alphanumeric())
    }

    /// Who the brand stands for; one that we do not know keeps its name, as written.
    pub fn product(&self) -> Product<'a> {
        let listed = BRANDS.iter().find(|(brand, _)| self.name == *brand);
        let family = listed.and_then(|(_, name)| tokens::family(name));
        family.map_or(Product::Other(self.name.as_written()), Product::Known)
    }

    /// The version as numbers.
    pub fn numbers(&self) -> Option<Version> {
        Version::read(self.version.as_written().as_bytes())
    }
}

/// The brands of browsers that are families of ours, and whose they are.
const BRANDS: [(&str, &str); 16] = [
    ("Google Chrome", "chrome"),
    ("Chromium", "chromium"),
    ("HeadlessChrome", "headless-chrome"),
    ("Microsoft Edge", "edge"),
    ("Microsoft Edge WebView2", "edge-webview"),
    ("Android WebView", "android-webview"),
    ("Opera", "opera"),
    ("Opera GX", "opera"),
    ("Brave", "brave"),
    ("Vivaldi", "vivaldi"),
    ("YaBrowser", "yandex-browser"),
    ("Samsung Internet", "samsung-internet"),
    ("DuckDuckGo", "duckduckgo"),
    ("Whale", "whale"),
    ("Oculus Browser", "oculus-browser"),
    ("Avast Secure Browser", "avast-secure-browser"),
];

/// A list of brands, read to its end, in the order that it was sent: the order is shuffled on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Brands<'a>(&'a [u8]);

impl<'a> Brands<'a> {
    /// The list in `value`; none when it is no list, or a member has no version.
    fn parse(value: &'a [u8]) -> Option<Self> {
        let mut have_versions = true;
        structured::list(value, |member| have_versions &= member.version.is_some())?;
        have_versions.then_some(Self(value))
    }

    /// All of them, GREASE included.
    pub fn iter(&self) -> impl Iterator<Item = Brand<'a>> + use<'a> {
        members(self.0).filter_map(|member| {
            Some(Brand {
                name: member.text,
                version: member.version?,
            })
        })
    }

    /// Those that are meant.
    pub fn meant(&self) -> impl Iterator<Item = Brand<'a>> + use<'a> {
        self.iter().filter(|brand| !brand.is_grease())
    }

    /// The version of Chromium beneath, which decides what the client's TLS and HTTP look like.
    pub fn chromium(&self) -> Option<Version> {
        self.meant().find(|brand| brand.name == "Chromium")?.numbers()
    }

    /// The brand that tells most: the first that is meant and not Chromium, else Chromium.
    pub fn leading(&self) -> Option<Brand<'a>> {
        let is_other = |brand: &Brand<'a>| !brand.product().is(Family::CHROMIUM);
        self.meant().find(is_other).or_else(|| self.meant().next())
    }
}

/// The value of `sec-ch-ua-platform`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformHint<'a>(Quoted<'a>);

impl<'a> PlatformHint<'a> {
    /// As it was sent.
    pub const fn name(self) -> Quoted<'a> {
        self.0
    }

    /// The platform that it stands for. The hint has no word for iPadOS.
    pub fn platform(self) -> Platform {
        const NAMES: [(&str, Platform); 8] = [
            ("Windows", Platform::Windows),
            ("macOS", Platform::MacOs),
            ("Linux", Platform::Linux),
            ("Android", Platform::Android),
            ("Chrome OS", Platform::ChromeOs),
            ("Chromium OS", Platform::ChromeOs),
            ("iOS", Platform::Ios),
            ("Tizen", Platform::Tizen),
        ];
        let known = NAMES.iter().find(|(name, _)| self.0 == *name);
        match known {
            Some((_, platform)) => *platform,
            None if self.0.is_empty() || self.0 == "Unknown" => Platform::Unstated,
            None => Platform::Other,
        }
    }
}

/// The value of `sec-ch-ua-form-factors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormFactors<'a>(&'a [u8]);

impl<'a> FormFactors<'a> {
    fn parse(value: &'a [u8]) -> Option<Self> {
        structured::list(value, |_| ()).map(|()| Self(value))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Quoted<'a>> + use<'a> {
        members(self.0).map(|member| member.text)
    }
}

/// The members of a list that has been read before.
fn members(value: &[u8]) -> impl Iterator<Item = Member<'_>> {
    structured::members(value)
        .into_iter()
        .flat_map(|members: Members<'_>| members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brands(value: &str) -> Brands<'_> {
        Brands::parse(value.as_bytes()).unwrap()
    }

    #[test]
    fn brands_that_nobody_has_are_known_by_rule() {
        for grease in [
            " Not A;Brand",
            "Not/A)Brand",
            "(Not(A:Brand",
            "Not_A Brand",
            "Not?A_Brand",
            "Not=A?Brand",
            "Not.A/Brand",
            "Not;A=Brand",
            "\\\\Not\\\"A;Brand",
            "not a brand",
        ] {
            let list = format!("\"{grease}\";v=\"99\"");
            assert_eq!(brands(&list).iter().count(), 1, "{grease}");
            assert_eq!(brands(&list).meant().count(), 0, "{grease}");
        }
        for real in [
            "NotABrand",
            "Not A Brand Browser",
            "Google Chrome",
            "Opera GX",
            "(x)",
            "",
        ] {
            assert_eq!(brands(&format!("\"{real}\";v=\"1\"")).meant().count(), 1, "{real}");
        }
    }

    #[test]
    fn the_leading_brand_is_the_one_beside_chromium() {
        let edge = brands(r#""Chromium";v="140", "Not=A?Brand";v="24", "Microsoft Edge";v="140""#);
        assert!(edge.leading().unwrap().product().is(Family::EDGE));
        assert_eq!(edge.chromium().unwrap().major, 140);
        let debian = brands(r#""Not:A-Brand";v="8", "Chromium";v="156.0.8078.79""#);
        assert!(debian.leading().unwrap().product().is(Family::CHROMIUM));
        assert_eq!(debian.chromium(), Some(Version { major: 156, minor: 0 }));
        let new = brands(r#""Chromium";v="150", "Some New One";v="3""#);
        assert_eq!(new.leading().unwrap().product(), Product::Other("Some New One"));
        assert_eq!(brands("").leading(), None);
        assert_eq!(brands(r#""Not A;Brand";v="99""#).leading(), None);
    }

    #[test]
    fn every_brand_in_the_table_is_a_family() {
        for (brand, name) in BRANDS {
            assert_eq!(tokens::family(name).map(Family::name), Some(name), "{brand}");
        }
    }

    #[test]
    fn a_platform_that_we_do_not_know_is_another_one() {
        let platform =
            |value: &'static str| structured::string(value.as_bytes()).map(|name| PlatformHint(name).platform());
        assert_eq!(platform("\"macOS\""), Some(Platform::MacOs));
        assert_eq!(platform("\"Chromium OS\""), Some(Platform::ChromeOs));
        assert_eq!(platform("\"\""), Some(Platform::Unstated));
        assert_eq!(platform("\"Fuchsia\""), Some(Platform::Other));
        assert_eq!(platform("Windows"), None);
    }
}
