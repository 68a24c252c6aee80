//! What the words of a User-Agent mean: one table, in order, looked up by bisection.
//!
//! A word that is not here is not lost: where it stands as a product, its own name is the claim. The table only says which
//! words are known to be more than that. Tokens are as their makers document them, in lower case; case never matters.

use super::kinds::{Device, Family, Kind, Platform};
use Meaning::{Mark as M, Noise, On, Runs};

/// What a word says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// It names a product.
    Product(Family, Rank),
    /// It names a platform.
    Runs(Platform),
    /// It names a kind of device.
    On(Device),
    /// It is one of the tokens by which browsers pass for each other.
    Mark(Mark),
    /// It looks like a product and is none.
    Noise,
}

/// Of several products in one string, the one of the highest rank is who the client says it is; among equals, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A language's runtime, named beside a library.
    Runtime,
    /// A browser built on another, a library, a tool.
    Derived,
    /// An app around a browser, or a program that drives one.
    Around,
    /// An agent, whatever it renders with.
    Agent,
}

/// The tokens from which browser, engine and form factor follow together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Mozilla,
    AppleWebKit,
    Chrome,
    Chromium,
    HeadlessChrome,
    Gecko,
    Goanna,
    Firefox,
    Safari,
    Version,
    Mobile,
    Trident,
    Msie,
    EdgeHtml,
    Presto,
    WebView,
    ModelK,
    Compatible,
}

/// What `word` means; none when it is not in the table.
pub(super) fn meaning(word: &[u8]) -> Option<Meaning> {
    if word.len() > LONGEST {
        return None;
    }
    let order = |token: &str| token.bytes().cmp(word.iter().map(u8::to_ascii_lowercase));
    let at = TOKENS.binary_search_by(|(token, _)| order(token)).ok()?;
    TOKENS.get(at).map(|(_, meaning)| *meaning)
}

/// The family of this stable name, be it from the table or one that follows from marks.
pub(super) fn family(name: &str) -> Option<Family> {
    let listed = TOKENS.iter().find_map(|(_, meaning)| match meaning {
        Meaning::Product(family, _) if family.name() == name => Some(*family),
        _ => None,
    });
    listed.or_else(|| BY_MARKS.into_iter().find(|family| family.name() == name))
}

const BY_MARKS: [Family; 12] = [
    Family::CHROME,
    Family::CHROMIUM,
    Family::HEADLESS_CHROME,
    Family::FIREFOX,
    Family::SAFARI,
    Family::INTERNET_EXPLORER,
    Family::ANDROID_BROWSER,
    Family::ANDROID_WEBVIEW,
    Family::EDGE_WEBVIEW,
    Family::WKWEBVIEW,
    Family::TIZEN,
    Family::WEBOS,
];

const fn browser(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::Browser), Rank::Derived)
}

const fn in_app(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::InApp), Rank::Around)
}

const fn headless(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::Headless), Rank::Around)
}

const fn tool(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::Tool), Rank::Derived)
}

const fn runtime(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::Tool), Rank::Runtime)
}

const fn crawler(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::Crawler), Rank::Agent)
}

const fn monitor(name: &'static str) -> Meaning {
    Meaning::Product(Family::new(name, Kind::Monitor), Rank::Agent)
}

/// The longest token; a test holds it.
const LONGEST: usize = 40;

#[rustfmt::skip]
static TOKENS: &[(&str, Meaning)] = &[
    ("360ee", browser("360-browser")),
    ("360se", browser("360-browser")),
    ("360spider", crawler("360spider")),
    ("abi", Noise),
    ("adidxbot", crawler("bingbot")),
    ("adsbot-google", crawler("google-adsbot")),
    ("adsbot-google-mobile", crawler("google-adsbot")),
    ("ahrefsbot", crawler("ahrefsbot")),
    ("ahrefssiteaudit", crawler("ahrefsbot")),
    ("aiohttp", tool("aiohttp")),
    ("alipayclient", in_app("alipay")),
    ("alohabrowser", browser("aloha")),
    ("amazon-route53-health-check-service", monitor("route53-health-check")),
    ("amazonbot", crawler("amazonbot")),
    ("amzn-searchbot", crawler("amzn-searchbot")),
    ("amzn-user", crawler("amzn-user")),
    ("android", Runs(Platform::Android)),
    ("anthropic-ai", crawler("claude-web")),
    ("apache-httpclient", tool("apache-httpclient")),
    ("apachebench", tool("apachebench")),
    ("apis-google", crawler("apis-google")),
    ("applebot", crawler("applebot")),
    ("appletv", On(Device::Tv)),
    ("applewebkit", M(Mark::AppleWebKit)),
    ("archive.org_bot", crawler("archive.org_bot")),
    ("aria2", tool("aria2")),
    ("avast", browser("avast-secure-browser")),
    ("avg", browser("avast-secure-browser")),
    ("axios", tool("axios")),
    ("baiduboxapp", in_app("baidu-app")),
    ("baiduspider", crawler("baiduspider")),
    ("baiduspider-image", crawler("baiduspider")),
    ("baiduspider-render", crawler("baiduspider")),
    ("barcelona", in_app("threads")),
    ("basilisk", browser("basilisk")),
    ("bb10", Runs(Platform::Other)),
    ("better", monitor("betteruptime")),
    ("betteruptime", monitor("betteruptime")),
    ("bingbot", crawler("bingbot")),
    ("bingpreview", crawler("bingbot")),
    ("blackberry", Runs(Platform::Other)),
    ("blexbot", crawler("blexbot")),
    ("brave", browser("brave")),
    ("bravia", On(Device::Tv)),
    ("bruno", tool("bruno")),
    ("build", Noise),
    ("bun", tool("bun")),
    ("bytedancewebview", in_app("tiktok")),
    ("bytelocale", Noise),
    ("bytespider", crawler("bytespider")),
    ("ccbot", crawler("ccbot")),
    ("ccleaner", browser("ccleaner")),
    ("censysinspect", crawler("censysinspect")),
    ("cfnetwork", tool("cfnetwork")),
    ("channel", Noise),
    ("chatgpt-user", crawler("chatgpt-user")),
    ("check_http", monitor("check_http")),
    ("chrome", M(Mark::Chrome)),
    ("chrome-lighthouse", monitor("lighthouse")),
    ("chromium", M(Mark::Chromium)),
    ("claude-searchbot", crawler("claude-searchbot")),
    ("claude-user", crawler("claude-user")),
    ("claude-web", crawler("claude-web")),
    ("claudebot", crawler("claudebot")),
    ("coc_coc_browser", browser("coc-coc")),
    ("cohere-ai", crawler("cohere-ai")),
    ("cohere-training-data-crawler", crawler("cohere-training-data-crawler")),
    ("colly", tool("colly")),
    ("compatible", M(Mark::Compatible)),
    ("config", Noise),
    ("configuration", Noise),
    ("crios", browser("chrome")),
    ("crkey", On(Device::Tv)),
    ("cros", Runs(Platform::ChromeOs)),
    ("curl", tool("curl")),
    ("curl_cffi", tool("curl_cffi")),
    ("dalvik", tool("dalvik")),
    ("dart", tool("dart")),
    ("darwin", Runs(Platform::Darwin)),
    ("datadog", monitor("datadog-synthetics")),
    ("datadogsynthetics", monitor("datadog-synthetics")),
    ("dataforseobot", crawler("dataforseobot")),
    ("ddg", browser("duckduckgo")),
    ("debian", tool("apt")),
    ("deno", tool("deno")),
    ("diffbot", crawler("diffbot")),
    ("discordbot", crawler("discordbot")),
    ("dotbot", crawler("dotbot")),
    ("duckassistbot", crawler("duckassistbot")),
    ("duckduckbot", crawler("duckduckbot")),
    ("duckduckgo", browser("duckduckgo")),
    ("ecosia", browser("ecosia")),
    ("edg", browser("edge")),
    ("edga", browser("edge")),
    ("edge", M(Mark::EdgeHtml)),
    ("edgios", browser("edge")),
    ("elb-healthchecker", monitor("elb-healthchecker")),
    ("electron", in_app("electron")),
    ("envoy", monitor("envoy-health-check")),
    ("epiphany", browser("epiphany")),
    ("expanse", crawler("expanse")),
    ("facebookbot", crawler("facebookbot")),
    ("facebookcatalog", crawler("facebookexternalhit")),
    ("facebookexternalhit", crawler("facebookexternalhit")),
    ("facebot", crawler("facebookexternalhit")),
    ("falcontag", Noise),
    ("falkon", browser("falkon")),
    ("faraday", tool("faraday")),
    ("fasthttp", tool("fasthttp")),
    ("fb_iab", in_app("facebook")),
    ("fban", in_app("facebook")),
    ("fbav", in_app("facebook")),
    ("fbbv", Noise),
    ("fbcr", Noise),
    ("fbdv", Noise),
    ("fbid", Noise),
    ("fblc", Noise),
    ("fbmd", Noise),
    ("fbop", Noise),
    ("fbrv", Noise),
    ("fbsn", Noise),
    ("fbss", Noise),
    ("fbsv", Noise),
    ("fedora", Noise),
    ("feedfetcher-google", crawler("google-feedfetcher")),
    ("firefox", M(Mark::Firefox)),
    ("focus", browser("firefox-focus")),
    ("freebsd", Runs(Platform::Other)),
    ("fxios", browser("firefox")),
    ("gatus", monitor("gatus")),
    ("gecko", M(Mark::Gecko)),
    ("git", tool("git")),
    ("go-http-client", tool("go-http-client")),
    ("goanna", M(Mark::Goanna)),
    ("google-agent", crawler("google-agent")),
    ("google-cloudvertexbot", crawler("google-cloudvertexbot")),
    ("google-cws", crawler("google-cws")),
    ("google-gemininotebook", crawler("google-gemininotebook")),
    ("google-inspectiontool", crawler("google-inspectiontool")),
    ("google-notebooklm", crawler("google-gemininotebook")),
    ("google-read-aloud", crawler("google-read-aloud")),
    ("google-safety", crawler("google-safety")),
    ("google-site-verification", crawler("google-site-verification")),
    ("googlebot", crawler("googlebot")),
    ("googlebot-image", crawler("googlebot")),
    ("googlebot-news", crawler("googlebot")),
    ("googlebot-video", crawler("googlebot")),
    ("googlehc", monitor("googlehc")),
    ("googleother", crawler("google-other")),
    ("googleother-image", crawler("google-other")),
    ("googleother-video", crawler("google-other")),
    ("googlestackdrivermonitoring-uptimechecks", monitor("google-uptime")),
    ("googletv", On(Device::Tv)),
    ("got", tool("got")),
    ("gptbot", crawler("gptbot")),
    ("grafana", monitor("grafana")),
    ("gsa", in_app("google-app")),
    ("guzzlehttp", tool("guzzlehttp")),
    ("h2load", tool("h2load")),
    ("harmonyos", Runs(Platform::Other)),
    ("hbbtv", On(Device::Tv)),
    ("headlesschrome", M(Mark::HeadlessChrome)),
    ("heytapbrowser", browser("heytap-browser")),
    ("httpclient", tool("httpclient")),
    ("httpie", tool("httpie")),
    ("huaweibrowser", browser("huawei-browser")),
    ("hyper", tool("hyper")),
    ("ia_archiver", crawler("ia_archiver")),
    ("iemobile", M(Mark::Mobile)),
    ("imagesiftbot", crawler("imagesiftbot")),
    ("insomnia", tool("insomnia")),
    ("instagram", in_app("instagram")),
    ("ios", Runs(Platform::Ios)),
    ("ipad", Runs(Platform::IpadOs)),
    ("ipados", Runs(Platform::IpadOs)),
    ("iphone", Runs(Platform::Ios)),
    ("ipod", Runs(Platform::Ios)),
    ("iron", browser("iron")),
    ("java", runtime("java")),
    ("java-http-client", tool("java-http-client")),
    ("jersey", tool("jersey")),
    ("jetty", tool("jetty")),
    ("jmeter", tool("jmeter")),
    ("jsdom", tool("jsdom")),
    ("jssdk", Noise),
    ("k", M(Mark::ModelK)),
    ("k6", tool("k6")),
    ("kaios", Runs(Platform::Other)),
    ("kakaotalk", in_app("kakaotalk")),
    ("khtml", Noise),
    ("kiwi", browser("kiwi")),
    ("klar", browser("firefox-focus")),
    ("konqueror", browser("konqueror")),
    ("kube-probe", monitor("kube-probe")),
    ("language", Noise),
    ("librewolf", browser("librewolf")),
    ("libwww-perl", tool("libwww-perl")),
    ("like", Noise),
    ("line", in_app("line")),
    ("linkedinapp", in_app("linkedin")),
    ("linkedinbot", crawler("linkedinbot")),
    ("linux", Runs(Platform::Linux)),
    ("linux-gnu", Runs(Platform::Linux)),
    ("macintosh", Runs(Platform::MacOs)),
    ("macos", Runs(Platform::MacOs)),
    ("masscan", crawler("masscan")),
    ("maxthon", browser("maxthon")),
    ("mechanize", tool("mechanize")),
    ("mechanize-ruby", tool("mechanize-ruby")),
    ("mediapartners-google", crawler("google-adsense")),
    ("meta-externalads", crawler("meta-externalads")),
    ("meta-externalagent", crawler("meta-externalagent")),
    ("meta-externalfetcher", crawler("meta-externalfetcher")),
    ("meta-webindexer", crawler("meta-webindexer")),
    ("metasr", browser("sogou-browser")),
    ("micromessenger", in_app("wechat")),
    ("microsoftpreview", crawler("bingbot")),
    ("mingw32", Runs(Platform::Windows)),
    ("mistralai-index", crawler("mistralai-index")),
    ("mistralai-training", crawler("mistralai-training")),
    ("mistralai-user", crawler("mistralai-user")),
    ("miuibrowser", browser("miui-browser")),
    ("mj12bot", crawler("mj12bot")),
    ("mmwebid", Noise),
    ("mmwebsdk", Noise),
    ("mobile", M(Mark::Mobile)),
    ("mozilla", M(Mark::Mozilla)),
    ("mqqbrowser", browser("qq-browser")),
    ("msie", M(Mark::Msie)),
    ("naver", in_app("naver")),
    ("netbsd", Runs(Platform::Other)),
    ("nettype", Noise),
    ("newrelicpinger", monitor("newrelicpinger")),
    ("nintendo", On(Device::Console)),
    ("node", tool("node")),
    ("node-fetch", tool("node-fetch")),
    ("node-superagent", tool("node-superagent")),
    ("norton", browser("norton")),
    ("oai-adsbot", crawler("oai-adsbot")),
    ("oai-searchbot", crawler("oai-searchbot")),
    ("oculusbrowser", browser("oculus-browser")),
    ("okhttp", tool("okhttp")),
    ("openbsd", Runs(Platform::Other)),
    ("openharmony", Runs(Platform::Other)),
    ("opera", browser("opera")),
    ("opios", browser("opera")),
    ("opr", browser("opera")),
    ("opt", browser("opera")),
    ("opx", browser("opera")),
    ("palemoon", browser("palemoon")),
    ("perplexity-user", crawler("perplexity-user")),
    ("perplexitybot", crawler("perplexitybot")),
    ("petalbot", crawler("petalbot")),
    ("phantomjs", headless("phantomjs")),
    ("phoenix", browser("phoenix")),
    ("phone", Runs(Platform::Other)),
    ("php", runtime("php")),
    ("pingdom.com_bot_version_1.4", monitor("pingdom")),
    ("pingdom.com_bot_version_1.4_", monitor("pingdom")),
    ("pingdompagespeed", monitor("pingdom")),
    ("pingdomtms", monitor("pingdom")),
    ("pinterest", in_app("pinterest")),
    ("pinterestbot", crawler("pinterestbot")),
    ("playstation", On(Device::Console)),
    ("postmanruntime", tool("postmanruntime")),
    ("powershell", tool("powershell")),
    ("presto", M(Mark::Presto)),
    ("process", Noise),
    ("profile", Noise),
    ("prometheus", monitor("prometheus")),
    ("puffin", browser("puffin")),
    ("python", runtime("python")),
    ("python-httpx", tool("python-httpx")),
    ("python-requests", tool("python-requests")),
    ("python-urllib", tool("python-urllib")),
    ("python-urllib3", tool("python-urllib3")),
    ("qihoobrowser", browser("360-browser")),
    ("qqbrowser", browser("qq-browser")),
    ("qtwebengine", browser("qtwebengine")),
    ("quark", browser("quark")),
    ("quest", On(Device::Headset)),
    ("qwantbot", crawler("qwantbot")),
    ("redditbot", crawler("redditbot")),
    ("region", Noise),
    ("reqwest", tool("reqwest")),
    ("restsharp", tool("restsharp")),
    ("rogerbot", crawler("rogerbot")),
    ("roku", On(Device::Tv)),
    ("ruby", runtime("ruby")),
    ("safari", M(Mark::Safari)),
    ("samsungbrowser", browser("samsung-internet")),
    ("scrapy", tool("scrapy")),
    ("seamonkey", browser("seamonkey")),
    ("semrushbot", crawler("semrushbot")),
    ("semrushbot-ba", crawler("semrushbot")),
    ("semrushbot-ocob", crawler("semrushbot")),
    ("semrushbot-si", crawler("semrushbot")),
    ("semrushbot-swa", crawler("semrushbot")),
    ("serpstatbot", crawler("serpstatbot")),
    ("seznambot", crawler("seznambot")),
    ("silk", browser("silk")),
    ("site24x7", monitor("site24x7")),
    ("siteauditbot", crawler("semrushbot")),
    ("skypeuripreview", crawler("skypeuripreview")),
    ("slack-imgproxy", crawler("slackbot")),
    ("slackbot", crawler("slackbot")),
    ("slackbot-linkexpanding", crawler("slackbot")),
    ("sleipnir", browser("sleipnir")),
    ("slimerjs", headless("slimerjs")),
    ("slurp", crawler("slurp")),
    ("smart-tv", On(Device::Tv)),
    ("smarttv", On(Device::Tv)),
    ("snapchat", in_app("snapchat")),
    ("sogou", crawler("sogou-spider")),
    ("sogoumobilebrowser", browser("sogou-browser")),
    ("splitsignalbot", crawler("semrushbot")),
    ("statuscake", monitor("statuscake")),
    ("statuscake_monitoring_agent", monitor("statuscake")),
    ("storebot-google", crawler("google-storebot")),
    ("sunos", Runs(Platform::Other)),
    ("symbianos", Runs(Platform::Other)),
    ("symfony", tool("symfony-http-client")),
    ("tablet", On(Device::Tablet)),
    ("teams", in_app("teams")),
    ("telegrambot", crawler("telegrambot")),
    ("tiktokspider", crawler("tiktokspider")),
    ("timpibot", crawler("timpibot")),
    ("tizen", Runs(Platform::Tizen)),
    ("trident", M(Mark::Trident)),
    ("tv", On(Device::Tv)),
    ("twitter", in_app("twitter")),
    ("twitterandroid", in_app("twitter")),
    ("twitterbot", crawler("twitterbot")),
    ("ubrowser", browser("uc-browser")),
    ("ubuntu", Runs(Platform::Linux)),
    ("ucbrowser", browser("uc-browser")),
    ("undici", tool("undici")),
    ("uptime-kuma", monitor("uptime-kuma")),
    ("uptimerobot", monitor("uptimerobot")),
    ("ureq", tool("ureq")),
    ("version", M(Mark::Version)),
    ("vivaldi", browser("vivaldi")),
    ("vivobrowser", browser("vivo-browser")),
    ("vr", On(Device::Headset)),
    ("waterfox", browser("waterfox")),
    ("web0s", Runs(Platform::WebOs)),
    ("webappmanager", Noise),
    ("webos", Runs(Platform::WebOs)),
    ("wechat", Noise),
    ("weixin", Noise),
    ("wget", tool("wget")),
    ("wget2", tool("wget2")),
    ("whale", browser("whale")),
    ("whatsapp", crawler("whatsapp")),
    ("win32", Runs(Platform::Windows)),
    ("windows", Runs(Platform::Windows)),
    ("windowspowershell", tool("powershell")),
    ("wv", M(Mark::WebView)),
    ("x11", Runs(Platform::Linux)),
    ("xbox", On(Device::Console)),
    ("xh", tool("xh")),
    ("xiaomi", browser("miui-browser")),
    ("xweb", Noise),
    ("yabrowser", browser("yandex-browser")),
    ("yandexaccessibilitybot", crawler("yandexbot")),
    ("yandexbot", crawler("yandexbot")),
    ("yandeximages", crawler("yandexbot")),
    ("yandexmobilebot", crawler("yandexbot")),
    ("yandexrenderresourcesbot", crawler("yandexbot")),
    ("yeti", crawler("yeti")),
    ("youbot", crawler("youbot")),
    ("zabbix", monitor("zabbix")),
    ("zgrab", crawler("zgrab")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_in_lower_case() {
        for pair in TOKENS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} {}", pair[0].0, pair[1].0);
        }
        for (token, _) in TOKENS {
            assert_eq!(*token, token.to_ascii_lowercase());
            assert!(meaning(token.to_ascii_uppercase().as_bytes()).is_some(), "{token}");
        }
        assert_eq!(TOKENS.iter().map(|(token, _)| token.len()).max(), Some(LONGEST));
        assert!(meaning(b"").is_none() && meaning(b"nosuchproduct").is_none());
    }

    #[test]
    fn one_name_is_one_family() {
        for (token, meaning) in TOKENS {
            if let Meaning::Product(own, _) = meaning {
                assert_eq!(family(own.name()), Some(*own), "{token}");
            }
        }
        for own in BY_MARKS {
            assert_eq!(family(own.name()), Some(own));
        }
    }
}
