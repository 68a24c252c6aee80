//! Pages as they are written: their size, their policy, what of them is a client's, their languages.

use super::*;
use crate::policy::config::texts::MAX_TEXTS;
use std::time::{Duration, Instant};

const TOKEN: &str = "AZaz09-_";

fn shown<'a>(token: &'a str, way_back: WayBack<'a>) -> Shown<'a> {
    Shown {
        token,
        difficulty: Difficulty::DEFAULT,
        way_back,
        accept_language: b"",
        reference: None,
    }
}

fn text(page: Page) -> String {
    String::from_utf8(page.body).unwrap()
}

fn header(page: &Page, name: &str) -> String {
    let mut found = page.headers.iter().filter(|(known, _)| *known == name);
    let value = found.next().map(|(_, value)| value.to_string());
    assert!(found.next().is_none(), "{name} is there once");
    value.unwrap_or_default()
}

fn between<'t>(text: &'t str, before: &str, behind: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    let (inner, after) = rest.split_once(behind).unwrap();
    assert!(!after.contains(before), "{before} is there once");
    inner
}

fn waiting() -> Challenge {
    Challenge {
        no_script: NoScript::Wait(Duration::from_secs(15)),
        contact: Some("https://help.example/?a=b&c=\"d".into()),
        ..Challenge::default()
    }
}

fn of_languages(settings: &Challenge) -> impl Iterator<Item = &str> {
    let own = words::LANGUAGES.iter().map(|(tag, _)| *tag);
    own.chain(settings.texts.iter().map(|texts| &*texts.language))
}

#[test]
fn the_policy_lets_in_this_script_and_this_style_and_nothing_else() {
    for settings in [Challenge::default(), waiting()] {
        let pages = Pages::new(&settings);
        for tag in of_languages(&settings) {
            let page = pages.page(&Shown {
                accept_language: tag.as_bytes(),
                ..shown(TOKEN, WayBack::To("/a"))
            });
            let policy = header(&page, "content-security-policy");
            let html = text(page);
            let script = hash(between(&html, "<script>", "</script>"));
            let style = hash(between(&html, "<style>", "</style>"));
            assert_eq!(
                policy,
                format!(
                    "default-src 'none'; script-src {script}; worker-src blob:; style-src {style}; connect-src 'self'; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
                )
            );
            let insecure = pages.insecure(tag.as_bytes(), None);
            assert!(header(&insecure, "content-security-policy").contains(&format!("; style-src {style};")));
            assert!(!text(insecure).contains("<script"));
        }
    }
}

#[test]
fn no_page_gets_too_large() {
    let token = "A".repeat(400);
    let way = format!("/?{}", "&".repeat(2_046));
    let long = format!("/{}", "a".repeat(599));
    let mut settings = waiting();
    // As much as the configuration takes.
    let words = Word::ALL.iter().filter(|(_, word)| *word != Word::Script);
    settings.texts = vec![Texts {
        language: "xx".into(),
        words: words
            .map(|(_, word)| (*word, "<".repeat(MAX_TEXTS / 5 / 17).into()))
            .collect(),
    }];
    let pages = Pages::new(&settings);
    let mut largest = 0;
    for tag in of_languages(&settings) {
        for to in [way.as_str(), long.as_str()] {
            for way_back in [WayBack::Reload { path: to }, WayBack::Form { to }, WayBack::To(to)] {
                let page = pages.page(&Shown {
                    accept_language: tag.as_bytes(),
                    reference: Some("01234567-89ab-cdef-0123-456789abcdef"),
                    ..shown(&token, way_back)
                });
                largest = largest.max(page.body.len());
                assert!(page.body.len() <= MAX_BYTES, "{tag}: {} bytes", page.body.len());
            }
        }
    }
    println!("the largest page has {largest} bytes");
    let usual = Pages::new(&Challenge::default()).page(&shown(&"A".repeat(78), WayBack::Reload { path: "/" }));
    println!("the usual page has {} bytes", usual.body.len());
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let pages = Pages::new(&Challenge::default());
    let html = text(pages.page(&shown(TOKEN, WayBack::Reload { path: "/" })));
    for elsewhere in [
        "http:",
        "https:",
        "//",
        "src=",
        "<link",
        "@import",
        "url(",
        "eval(",
        "innerHTML",
    ] {
        assert!(!html.contains(elsewhere), "{elsewhere}");
    }
    assert!(!between(&html, "<script>", "</script>").contains("<!--"));
}

#[test]
fn nothing_that_a_client_sends_gets_out_of_its_place() {
    let hostile = "/\"'><script>alert(1)</script><!--&quot;\u{0}\r\n</main>`${x}{token}";
    let pages = Pages::new(&waiting());
    let plain = text(pages.page(&shown(TOKEN, WayBack::Form { to: "/" })));
    let html = text(pages.page(&Shown {
        accept_language: b"\"><script>;q=1,\xff\xfe\x00,de;q=\"><b>",
        reference: Some(hostile),
        ..shown(hostile, WayBack::Form { to: hostile })
    }));
    for mark in ["<script", "</script", "<!--", "<main", "</main", "<noscript", "<style"] {
        assert_eq!(html.matches(mark).count(), plain.matches(mark).count(), "{mark}");
    }
    assert!(html.contains("data-token=\"/&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;!--&amp;quot;"));
    assert!(html.contains("&amp;to=/%22%27%3E%3Cscript%3E"));
    let insecure = text(pages.insecure(b"", Some("https://a/\"><script>")));
    assert!(insecure.contains("href=\"https://a/&#34;&gt;&lt;script&gt;\""));
    let elsewhere = text(pages.insecure(b"", Some("javascript:alert(1)")));
    assert!(!elsewhere.contains("javascript:"));
}

#[test]
fn the_configurations_texts_are_plain_text_and_the_rest_is_the_pages_own() {
    let texts = |language: &str, words: &[(Word, &str)]| Texts {
        language: language.into(),
        words: words.iter().map(|(word, text)| (*word, (*text).into())).collect(),
    };
    let settings = Challenge {
        texts: vec![
            texts("de", &[(Word::Title, "Moment <mal> & \"so\"")]),
            texts("de-CH", &[(Word::Retry, "Nomol")]),
            texts("ar", &[(Word::Title, "لحظة")]),
            texts("en", &[(Word::Title, "Hold on")]),
        ],
        ..Challenge::default()
    };
    let pages = Pages::new(&settings);
    let page = |accept_language: &str| {
        let page = pages.page(&Shown {
            accept_language: accept_language.as_bytes(),
            ..shown(TOKEN, WayBack::Reload { path: "/" })
        });
        (header(&page, "content-language"), text(page))
    };
    let (tag, html) = page("de-AT,en;q=0.5");
    assert_eq!(tag, "de");
    assert_eq!(between(&html, "<h1>", "</h1>"), "Moment &lt;mal&gt; &amp; &#34;so&#34;");
    assert!(html.contains("<html lang=\"de\" dir=\"ltr\">") && html.contains(">Noch einmal versuchen</button>"));
    let (tag, html) = page("de-CH");
    assert_eq!(tag, "de-CH");
    assert!(html.contains("<h1>Einen Moment</h1>") && html.contains(">Nomol</button>"));
    let (tag, html) = page("ar-EG");
    assert_eq!(tag, "ar");
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\">") && html.contains(">Try again</button>"));
    for other in ["", "fi", "*", "\u{e9}"] {
        let (tag, html) = page(other);
        assert_eq!((tag.as_str(), between(&html, "<h1>", "</h1>")), ("en", "Hold on"));
    }
    assert_eq!(page("fr").0, "fr");
}

#[test]
fn without_javascript_one_is_told_whom_to_ask_or_waits() {
    let usual = text(Pages::new(&Challenge::default()).page(&shown(TOKEN, WayBack::To("/"))));
    assert!(!usual.contains("http-equiv") && !usual.contains("Get help"));
    assert!(between(&usual, "<noscript>", "</noscript>").contains("needs JavaScript"));

    let pages = Pages::new(&waiting());
    for way_back in [
        WayBack::To("/a?b=c&d"),
        WayBack::Reload { path: "/a?b=c&d" },
        WayBack::Form { to: "/a?b=c&d" },
    ] {
        let html = text(pages.page(&shown(TOKEN, way_back)));
        let (head, body) = html.split_once("<body>").unwrap();
        assert_eq!(
            between(head, "<noscript>", "</noscript>"),
            "<meta http-equiv=\"refresh\" content=\"16;url=/.layerprint/challenge?wait=AZaz09-_&amp;to=/a%3Fb%3Dc%26d\">"
        );
        assert!(between(body, "<noscript>", "</noscript>").contains("after 16 seconds"));
        assert!(body.contains("<a href=\"https://help.example/?a=b&amp;c=&#34;d\">Get help</a>"));
    }
}

#[test]
fn the_script_is_told_what_it_has_to_know() {
    let pages = Pages::new(&Challenge::default());
    let html = |way_back| text(pages.page(&shown(TOKEN, way_back)));
    let told = "data-token=\"AZaz09-_\" data-difficulty=\"18\" data-path=\"/.layerprint/challenge\" data-back=";
    for (way_back, back) in [
        (WayBack::Reload { path: "/a" }, "\"reload\" data-to=\"\""),
        (WayBack::Form { to: "/a?b&c" }, "\"form\" data-to=\"/a?b&amp;c\""),
        (WayBack::To("/a"), "\"to\" data-to=\"/a\""),
    ] {
        assert!(html(way_back).contains(&format!("{told}{back}")), "{back}");
    }
    // What the script takes, the page has.
    let html = html(WayBack::To("/"));
    for text in ["checking", "done", "sent", "failed", "busy", "cookies"] {
        assert!(html.contains(&format!(" data-{text}=\"")), "{text}");
        assert!(SCRIPT.contains(&format!("'{text}'")), "{text}");
    }
    for id in ["main", "work", "bar", "status", "retry", "go"] {
        assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
        assert!(SCRIPT.contains(&format!("'{id}'")), "{id}");
    }
}

#[test]
fn a_page_is_made_in_no_time() {
    let pages = Pages::new(&waiting());
    let token = "A".repeat(78);
    let once = || {
        let began = Instant::now();
        for _ in 0..1_000 {
            let page = pages.page(&Shown {
                accept_language: b"de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7",
                reference: Some("01234567-89ab-cdef-0123-456789abcdef"),
                ..shown(&token, WayBack::Reload { path: "/a?b=c&d" })
            });
            core::hint::black_box(page);
        }
        began.elapsed() / 1_000
    };
    let best = (0..20).map(|_| once()).min().unwrap();
    println!("a page is made in {best:?}");
    assert!(best < Duration::from_micros(100), "{best:?}");
}
