//! The words in which a claim is put: product, kind, engine, platform, device, version.
//!
//! Registries of products are open, so a product that we do not know keeps the name that it gave itself. Families are told
//! apart by their names, not by an enum: the catalogue of clients and the configuration speak of them by name, too.

use core::fmt;

/// A product that we know: a browser, tool or agent under its stable name, whatever tokens its User-Agents hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    name: &'static str,
    kind: Kind,
}

impl Family {
    /// Google Chrome and all that send its User-Agent unchanged (Brave does).
    pub const CHROME: Self = Self::new("chrome", Kind::Browser);
    /// Chromium under its own name.
    pub const CHROMIUM: Self = Self::new("chromium", Kind::Browser);
    /// Chrome or Chromium without a window.
    pub const HEADLESS_CHROME: Self = Self::new("headless-chrome", Kind::Headless);
    /// Microsoft Edge, on any platform and engine.
    pub const EDGE: Self = Self::new("edge", Kind::Browser);
    /// Opera, on any platform and engine.
    pub const OPERA: Self = Self::new("opera", Kind::Browser);
    /// Samsung Internet.
    pub const SAMSUNG_INTERNET: Self = Self::new("samsung-internet", Kind::Browser);
    /// Firefox, on any platform and engine, and the Tor Browser, which cannot be told from it here.
    pub const FIREFOX: Self = Self::new("firefox", Kind::Browser);
    /// Safari.
    pub const SAFARI: Self = Self::new("safari", Kind::Browser);
    /// Internet Explorer.
    pub const INTERNET_EXPLORER: Self = Self::new("internet-explorer", Kind::Browser);
    /// The browser that Android had before Chrome.
    pub const ANDROID_BROWSER: Self = Self::new("android-browser", Kind::Browser);
    /// An Android app that shows the web and does not name itself.
    pub const ANDROID_WEBVIEW: Self = Self::new("android-webview", Kind::InApp);
    /// A Windows app that shows the web. Only Client Hints tell it from Edge.
    pub const EDGE_WEBVIEW: Self = Self::new("edge-webview", Kind::InApp);
    /// An Apple app that shows the web and does not name itself.
    pub const WKWEBVIEW: Self = Self::new("wkwebview", Kind::InApp);
    /// What shows the web on a television with Tizen.
    pub const TIZEN: Self = Self::new("tizen", Kind::Browser);
    /// What shows the web on a television with webOS.
    pub const WEBOS: Self = Self::new("webos", Kind::Browser);

    pub(super) const fn new(name: &'static str, kind: Kind) -> Self {
        Self { name, kind }
    }

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// What kind of client it is.
    pub const fn kind(self) -> Kind {
        self.kind
    }
}

/// Who a client says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product<'a> {
    /// A product that we know.
    Known(Family),
    /// Another one, under the name that it gave itself.
    Other(&'a str),
}

impl<'a> Product<'a> {
    /// Its name: the stable one of a family, else as written.
    pub const fn name(self) -> &'a str {
        match self {
            Self::Known(family) => family.name(),
            Self::Other(name) => name,
        }
    }

    /// Whether it is `family`.
    pub fn is(self, family: Family) -> bool {
        self == Self::Known(family)
    }
}

/// What kind of client a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A browser that a person opens.
    Browser,
    /// The web inside another app.
    InApp,
    /// A browser that is driven by a program.
    Headless,
    /// A command-line tool or a library.
    Tool,
    /// A program that fetches pages on its operator's or its users' behalf: search, AI, previews.
    Crawler,
    /// A program that asks whether a service is up.
    Monitor,
    /// It does not say.
    Unknown,
}

impl Kind {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::InApp => "in-app",
            Self::Headless => "headless",
            Self::Tool => "tool",
            Self::Crawler => "crawler",
            Self::Monitor => "monitor",
            Self::Unknown => "unknown",
        }
    }
}

/// The engine, and with it the TLS and HTTP stack, that a browser claims by its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chrome and all built on Chromium
    Blink,
    /// Firefox outside iOS
    Gecko,
    /// Safari, and every browser on iOS
    WebKit,
    /// Internet Explorer
    Trident,
    /// Edge up to 18
    EdgeHtml,
    /// Opera up to 12
    Presto,
    /// Pale Moon
    Goanna,
}

impl Engine {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blink => "blink",
            Self::Gecko => "gecko",
            Self::WebKit => "webkit",
            Self::Trident => "trident",
            Self::EdgeHtml => "edgehtml",
            Self::Presto => "presto",
            Self::Goanna => "goanna",
        }
    }
}

/// The operating system that a client says it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Windows, Xbox included
    Windows,
    /// macOS; iPadOS says so too, unless it is asked for the mobile site
    MacOs,
    /// iOS
    Ios,
    /// iPadOS
    IpadOs,
    /// An Apple system; which one is not said
    Darwin,
    /// Android, Fire OS included
    Android,
    /// ChromeOS
    ChromeOs,
    /// Linux that is none of the others
    Linux,
    /// Tizen, which is Linux
    Tizen,
    /// webOS, which is Linux
    WebOs,
    /// One that is named and is none of these
    Other,
    /// None is named
    Unstated,
}

impl Platform {
    /// All.
    pub const ALL: [Self; 12] = [
        Self::Windows,
        Self::MacOs,
        Self::Ios,
        Self::IpadOs,
        Self::Darwin,
        Self::Android,
        Self::ChromeOs,
        Self::Linux,
        Self::Tizen,
        Self::WebOs,
        Self::Other,
        Self::Unstated,
    ];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::MacOs => "macos",
            Self::Ios => "ios",
            Self::IpadOs => "ipados",
            Self::Darwin => "darwin",
            Self::Android => "android",
            Self::ChromeOs => "chromeos",
            Self::Linux => "linux",
            Self::Tizen => "tizen",
            Self::WebOs => "webos",
            Self::Other => "other",
            Self::Unstated => "unstated",
        }
    }
}

/// The platform's version, as far as a User-Agent still tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformVersion {
    /// The version that is written.
    Stated(Version),
    /// The value that browsers write whatever the version is: `Windows NT 10.0`, `Mac OS X 10_15_7`, `Android 10; K`.
    Frozen,
    /// No version is written.
    Unstated,
}

/// What a client says it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A desktop or laptop computer
    Desktop,
    /// A phone
    Mobile,
    /// A tablet
    Tablet,
    /// A television
    Tv,
    /// A game console
    Console,
    /// A headset
    Headset,
    /// Crawlers and monitors, whatever they render as
    Bot,
    /// Command-line tools and libraries
    Tool,
    /// It does not say
    Unknown,
}

impl Device {
    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Tv => "tv",
            Self::Console => "console",
            Self::Headset => "headset",
            Self::Bot => "bot",
            Self::Tool => "tool",
            Self::Unknown => "unknown",
        }
    }
}

/// The first two numbers of a version. What stands behind them tells apart no two stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u32,
    /// The second; 0 when there is none.
    pub minor: u32,
}

impl Version {
    /// The version that `text` begins with: digits, then perhaps `.` or `_` and digits. A `v` may stand before it.
    ///
    /// None when there are no digits, or a number is over 32 bits: no software counts so far.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix(b"v").or(text.strip_prefix(b"V")).unwrap_or(text);
        let (major, rest) = number(text)?;
        let minor = match rest.split_first() {
            Some((b'.' | b'_', rest)) if rest.first().is_some_and(u8::is_ascii_digit) => number(rest)?.0,
            _ => 0,
        };
        Some(Self { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let end = text
        .iter()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    let number = str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_first_two_numbers() {
        let read = |text: &str| Version::read(text.as_bytes()).map(|version| version.to_string());
        assert_eq!(read("131.0.6778.86").as_deref(), Some("131.0"));
        assert_eq!(read("17_2 like").as_deref(), Some("17.2"));
        assert_eq!(read("v20").as_deref(), Some("20.0"));
        assert_eq!(read("10.").as_deref(), Some("10.0"));
        assert_eq!(read("4294967295.1").as_deref(), Some("4294967295.1"));
        for none in ["", "v", "vv1", "x1", ".1", "4294967296", "1.4294967296"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
