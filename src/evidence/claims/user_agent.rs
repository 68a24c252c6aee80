//! What a User-Agent claims.
//!
//! The parsers that exist are lists of regular expressions, tried one after another, and bring their engine along, mostly for
//! the names of phones, which nothing here compares. This one reads the string once, looks each word up in one table, keeps
//! what it saw in a fixed number of fields, and allocates nothing: about a microsecond and 30 KB of the module.
//!
//! It reads costumes as what they are. Every browser says `Mozilla`, Edge says `Chrome`, Chrome says `Safari`; so the engine
//! follows from the innermost token that fits, and the product from the outermost. What a crawler or a tool says of engines
//! is how it wants to be served, not what it connects with: it claims none.

use super::kinds::{Device, Engine, Family, Kind, Platform, PlatformVersion, Product, Version};
use super::tokens::{self, Mark, Meaning, Rank};
use super::words::{Word, Words};
use crate::evidence::{Evidence, Reason};

/// What a client says of itself in `user-agent`. It may all be false: what was observed has other types, and nothing turns
/// the one into the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAgent<'a> {
    /// Who it is.
    pub product: Product<'a>,
    /// What kind of client that is.
    pub kind: Kind,
    /// The product's version.
    pub version: Option<Version>,
    /// The engine it is built on; none for what is no browser.
    pub engine: Option<Engine>,
    /// The engine's version: Chromium's, Gecko's, or Safari's. On iOS, WebKit has the platform's version when none is here.
    pub engine_version: Option<Version>,
    /// What it runs on.
    pub platform: Platform,
    /// The platform's version.
    pub platform_version: PlatformVersion,
    /// The kind of device.
    pub device: Device,
}

impl<'a> UserAgent<'a> {
    /// The longest User-Agent that is read. Browsers' have about 120 bytes, those of apps inside apps up to about 700.
    pub const MAX: usize = 1_024;

    /// What `value` claims: any bytes.
    ///
    /// Over [`Self::MAX`] it is too large, and what stands in it does not matter. With a control character, or without a
    /// single word that could be a product's name, it is malformed; so is the empty one.
    pub fn parse(value: &'a [u8]) -> Evidence<Self> {
        if value.len() > Self::MAX {
            return Evidence::Missing(Reason::TooLarge);
        }
        if value.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Evidence::Missing(Reason::Malformed);
        }
        let mut reading = Reading::default();
        for word in Words::new(value) {
            reading.take(&word);
        }
        Evidence::or_missing(reading.conclude(), Reason::Malformed)
    }
}

/// A product that was named, and how much it says.
#[derive(Clone, Copy, Debug)]
struct Named {
    family: Family,
    rank: Rank,
    version: Option<Version>,
}

/// A token that was seen, with the version it had.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    any: bool,
    version: Option<Version>,
}

impl Seen {
    fn note(&mut self, version: Option<Version>) {
        self.version = self.version.or(version);
        self.any = true;
    }
}

/// Whose version the next word may be: `Windows NT 10.0`, `CPU iPhone OS 17_2`, `MSIE 9.0`, `Instagram 309.1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Awaiting {
    #[default]
    Nothing,
    Platform,
    Product,
    Msie,
}

/// What has been seen so far.
#[derive(Debug, Default)]
struct Reading<'a> {
    first: Option<(&'a str, Option<Version>)>,
    unknown: Option<(&'a str, Option<Version>)>,
    self_named: Option<(&'a str, Option<Version>)>,
    named: Option<Named>,
    platform: Option<Platform>,
    platform_version: Option<Version>,
    device: Option<Device>,
    awaiting: Awaiting,
    awaiting_inside: bool,
    after_compatible: bool,
    mozilla: bool,
    webkit: Seen,
    chrome: Seen,
    chromium: bool,
    gecko: bool,
    goanna: bool,
    firefox: Seen,
    revision: Option<Version>,
    safari: bool,
    safari_version: Seen,
    trident: Seen,
    edge_html: Seen,
    presto: bool,
    web_view: bool,
    mobile: bool,
    model_k: bool,
}

impl<'a> Reading<'a> {
    fn take(&mut self, word: &Word<'a>) {
        if self.take_version(word) {
            return;
        }
        let after_compatible = core::mem::take(&mut self.after_compatible);
        let version = word.version.and_then(Version::read);
        match tokens::meaning(word.name) {
            Some(Meaning::Product(family, rank)) => self.name(word, family, rank, version),
            Some(Meaning::Runs(platform)) => self.run_on(word, platform, version),
            Some(Meaning::On(device)) => self.device = self.device.or(Some(device)),
            Some(Meaning::Mark(mark)) => self.mark(word, mark, version),
            Some(Meaning::Noise) => {}
            None => self.take_unknown(word, version, after_compatible),
        }
        if self.first.is_none() && !word.inside {
            self.first = word.product_name().map(|name| (name, version));
        }
    }

    /// Takes `word` as the version that the last one awaits.
    fn take_version(&mut self, word: &Word<'a>) -> bool {
        if self.awaiting == Awaiting::Nothing || word.inside != self.awaiting_inside {
            self.awaiting = Awaiting::Nothing;
            return false;
        }
        let Some(version) = Version::read(word.name) else {
            // `CPU OS`, `Intel Mac OS X` and `NT` stand between a platform and its version; nothing does for a product.
            if self.awaiting != Awaiting::Platform {
                self.awaiting = Awaiting::Nothing;
            }
            return false;
        };
        match self.awaiting {
            Awaiting::Nothing => {}
            Awaiting::Platform => self.platform_version = self.platform_version.or(Some(version)),
            Awaiting::Msie => self.trident.note(Some(version)),
            Awaiting::Product => {
                if let Some(named) = &mut self.named {
                    named.version = named.version.or(Some(version));
                }
            }
        }
        self.awaiting = Awaiting::Nothing;
        true
    }

    fn name(&mut self, word: &Word<'a>, family: Family, rank: Rank, version: Option<Version>) {
        let is_said_aloud = match rank {
            Rank::Agent => true,
            Rank::Around => word.version.is_some() || !word.inside,
            Rank::Runtime | Rank::Derived => word.version.is_some() || (self.first.is_none() && !word.inside),
        };
        if !is_said_aloud {
            return;
        }
        match &mut self.named {
            Some(named) if named.family == family => named.version = named.version.or(version),
            Some(named) if named.rank >= rank => return,
            named => *named = Some(Named { family, rank, version }),
        }
        if word.version.is_none() {
            self.await_version(word, Awaiting::Product);
        }
    }

    fn run_on(&mut self, word: &Word<'a>, platform: Platform, version: Option<Version>) {
        let known = self.platform.map_or(0, precedence);
        if precedence(platform) > known {
            self.platform = Some(platform);
            self.platform_version = version;
        }
        if self.platform == Some(platform) && self.platform_version.is_none() {
            self.await_version(word, Awaiting::Platform);
        } else {
            self.awaiting = Awaiting::Nothing;
        }
    }

    fn await_version(&mut self, word: &Word<'a>, what: Awaiting) {
        self.awaiting = what;
        self.awaiting_inside = word.inside;
    }

    fn mark(&mut self, word: &Word<'a>, mark: Mark, version: Option<Version>) {
        match mark {
            Mark::Mozilla => self.mozilla = true,
            Mark::AppleWebKit => self.webkit.note(version),
            Mark::Chrome => self.chrome.note(version),
            Mark::Chromium => {
                self.chromium = true;
                self.chrome.note(version);
            }
            Mark::HeadlessChrome => {
                self.chrome.note(version);
                self.name(word, Family::HEADLESS_CHROME, Rank::Around, version);
            }
            // `like Gecko` has no version.
            Mark::Gecko => self.gecko |= word.version.is_some(),
            Mark::Goanna => self.goanna = true,
            Mark::Firefox => self.firefox.note(version),
            Mark::Safari => self.safari = true,
            Mark::Version => self.safari_version.note(version),
            Mark::Mobile => self.mobile = true,
            Mark::Trident => self.trident.any = true,
            Mark::Msie => self.await_version(word, Awaiting::Msie),
            Mark::EdgeHtml => self.edge_html.note(version),
            Mark::Presto => self.presto = true,
            Mark::WebView => self.web_view |= word.inside,
            Mark::ModelK => self.model_k |= word.inside,
            Mark::Compatible => self.after_compatible = true,
        }
    }

    fn take_unknown(&mut self, word: &Word<'a>, version: Option<Version>, after_compatible: bool) {
        if let Some(revision) = strip_prefix_ignore_case(word.name, b"rv:") {
            self.revision = self.revision.or(Version::read(revision));
            return;
        }
        if word.inside && strip_prefix_ignore_case(word.name, b"aft").is_some() {
            // Every Fire TV's model begins so, as Amazon documents.
            self.device = self.device.or(Some(Device::Tv));
        }
        if ends_ignore_case(word.name, b"-linux-gnu") {
            self.run_on(word, Platform::Linux, None);
        }
        let Some(name) = word.product_name() else { return };
        let says_bot = word.version.is_some() && is_agent_name(name);
        if self.self_named.is_none() && (after_compatible || says_bot) {
            self.self_named = Some((name, version));
        }
        if self.unknown.is_none() && word.version.is_some() && !word.inside {
            self.unknown = Some((name, version));
        }
    }

    fn conclude(self) -> Option<UserAgent<'a>> {
        let platform = self.platform.unwrap_or(match self.device {
            Some(Device::Console) => Platform::Other,
            _ => Platform::Unstated,
        });
        let (product, kind, version) = self.product(platform)?;
        let (engine, engine_version) = match kind {
            Kind::Browser | Kind::InApp | Kind::Headless => self.engine(),
            Kind::Tool | Kind::Crawler | Kind::Monitor | Kind::Unknown => (None, None),
        };
        Some(UserAgent {
            product,
            kind,
            version,
            engine,
            engine_version,
            platform,
            platform_version: self.platform_version(platform),
            device: self.device(kind, platform),
        })
    }

    /// Who it is: the outermost name.
    fn product(&self, platform: Platform) -> Option<(Product<'a>, Kind, Option<Version>)> {
        let other = |(name, version), kind| Some((Product::Other(name), kind, version));
        // Opera stayed at 9.80 in front for fear of two digits, and put its version behind.
        let version_of = |named: Named| match self.safari_version.version {
            Some(behind) if self.presto => Some(behind),
            _ => named.version,
        };
        let by_marks = self.mozilla.then(|| self.by_marks(platform)).flatten();
        match (self.named, self.self_named, self.unknown, by_marks) {
            (Some(named), ..) if named.rank == Rank::Agent => known(named.family, named.version),
            (_, Some(agent), ..) if self.named.is_none() => other(agent, Kind::Crawler),
            (Some(named), ..) if named.rank > Rank::Runtime => known(named.family, version_of(named)),
            (_, _, Some(unknown), Some((around, _))) if self.mozilla => other(unknown, around.kind()),
            (_, _, _, Some((family, version))) => known(family, version),
            (Some(named), ..) => known(named.family, named.version),
            _ => other(self.unknown.filter(|_| self.mozilla).or(self.first)?, Kind::Unknown),
        }
    }

    /// Which browser or web view the tokens that all of them share amount to.
    fn by_marks(&self, platform: Platform) -> Option<(Family, Option<Version>)> {
        let is_apple = matches!(platform, Platform::Ios | Platform::IpadOs | Platform::MacOs);
        let is_android_view = platform == Platform::Android && (self.web_view || self.safari_version.any);
        let family = match platform {
            _ if self.edge_html.any => return Some((Family::EDGE, self.edge_html.version)),
            Platform::Tizen if self.webkit.any => Family::TIZEN,
            Platform::WebOs if self.webkit.any => Family::WEBOS,
            _ if self.chrome.any && is_android_view => Family::ANDROID_WEBVIEW,
            _ if self.chrome.any && self.chromium => Family::CHROMIUM,
            _ if self.chrome.any => Family::CHROME,
            _ if self.firefox.any => return Some((Family::FIREFOX, self.firefox.version)),
            _ if self.trident.any => return Some((Family::INTERNET_EXPLORER, self.trident.version.or(self.revision))),
            Platform::Android if self.safari => Family::ANDROID_BROWSER,
            _ if self.safari => return Some((Family::SAFARI, self.safari_version.version)),
            _ if self.webkit.any && is_apple => Family::WKWEBVIEW,
            _ => return None,
        };
        let version = match family {
            Family::TIZEN | Family::WEBOS => self.platform_version,
            Family::WKWEBVIEW => None,
            Family::ANDROID_BROWSER => self.safari_version.version,
            _ => self.chrome.version,
        };
        Some((family, version))
    }

    /// What it is built on: the innermost token that fits.
    fn engine(&self) -> (Option<Engine>, Option<Version>) {
        // Blink froze this number when it left WebKit, and WebKit skipped it.
        let is_frozen_webkit = self.webkit.version == Some(Version { major: 537, minor: 36 });
        if self.edge_html.any {
            (Some(Engine::EdgeHtml), self.edge_html.version)
        } else if self.chrome.any {
            (Some(Engine::Blink), self.chrome.version)
        } else if self.goanna {
            (Some(Engine::Goanna), None)
        } else if self.gecko {
            (Some(Engine::Gecko), self.revision.or(self.firefox.version))
        } else if self.trident.any {
            (Some(Engine::Trident), self.trident.version.or(self.revision))
        } else if self.presto {
            (Some(Engine::Presto), None)
        } else if is_frozen_webkit {
            (Some(Engine::Blink), None)
        } else if self.webkit.any {
            (Some(Engine::WebKit), self.safari_version.version)
        } else {
            (None, None)
        }
    }

    fn platform_version(&self, platform: Platform) -> PlatformVersion {
        let Some(version) = self.platform_version else {
            return PlatformVersion::Unstated;
        };
        let is_frozen = match platform {
            Platform::Windows => version == Version { major: 10, minor: 0 },
            Platform::MacOs => version == Version { major: 10, minor: 15 },
            Platform::Android => version.major == 10 && (self.model_k || self.gecko),
            Platform::ChromeOs => version.major == 14_541,
            // Safari 26 stays at 18_6.
            Platform::Ios | Platform::IpadOs => self
                .safari_version
                .version
                .is_some_and(|safari| safari.major > version.major),
            _ => false,
        };
        if is_frozen {
            PlatformVersion::Frozen
        } else {
            PlatformVersion::Stated(version)
        }
    }

    fn device(&self, kind: Kind, platform: Platform) -> Device {
        match (kind, self.device, platform) {
            (Kind::Crawler | Kind::Monitor, ..) => Device::Bot,
            (Kind::Tool, ..) => Device::Tool,
            (_, Some(device @ (Device::Tv | Device::Console | Device::Headset)), _) => device,
            (_, _, Platform::Windows | Platform::MacOs | Platform::ChromeOs) => Device::Desktop,
            (_, _, Platform::Ios) => Device::Mobile,
            (_, _, Platform::IpadOs) => Device::Tablet,
            (_, _, Platform::Tizen | Platform::WebOs) if !self.mobile => Device::Tv,
            (_, Some(Device::Tablet), _) => Device::Tablet,
            _ if self.mobile => Device::Mobile,
            // Chrome on Android says `Mobile` on phones only; apps that are no browsers never say.
            (Kind::Browser | Kind::InApp, _, Platform::Android) if self.mozilla => Device::Tablet,
            (_, _, Platform::Linux) if self.mozilla => Device::Desktop,
            _ => Device::Unknown,
        }
    }
}

const fn known<'a>(family: Family, version: Option<Version>) -> Option<(Product<'a>, Kind, Option<Version>)> {
    Some((Product::Known(family), family.kind(), version))
}

/// Of two platforms in one string, which one is meant: `Linux; Android`, `X11; CrOS`, `CPU iPhone OS … like Mac OS X`.
const fn precedence(platform: Platform) -> u8 {
    match platform {
        Platform::Unstated => 0,
        Platform::Linux => 1,
        Platform::Darwin => 2,
        Platform::MacOs => 3,
        Platform::Windows => 4,
        Platform::Android => 5,
        Platform::Ios | Platform::IpadOs | Platform::ChromeOs | Platform::Tizen | Platform::WebOs => 6,
        Platform::Other => 7,
    }
}

/// Whether an unknown product's name says that it is an agent. `Cubot` makes phones, hence only where a product stands.
fn is_agent_name(name: &str) -> bool {
    ["bot", "crawl", "spider"].iter().any(|said| {
        name.as_bytes()
            .windows(said.len())
            .any(|part| part.eq_ignore_ascii_case(said.as_bytes()))
    })
}

fn strip_prefix_ignore_case<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn ends_ignore_case(text: &[u8], end: &[u8]) -> bool {
    text.len()
        .checked_sub(end.len())
        .and_then(|at| text.get(at..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}
