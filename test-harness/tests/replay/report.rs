//! `layerprint report`: the page tells what the log has, whatever clients wrote into it, and a real browser shows it without a word
//! of complaint.

use super::{compared, configuration, empty_config, evidence, fixture, layerprint, log, spawn, tells};
use flate2::Compression;
use flate2::write::GzEncoder;
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::Browser;
use layerprint_harness::clients::driver::{Driven, Setup};
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// What a client may write that means to do something where it is shown.
const HOSTILE: &str = "</script></style></title><img src=x onerror=\"document.title='owned'\">'&lt;\u{202e}--><!--";

/// A file for one test.
fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{}-{name}", std::process::id()))
}

/// The page of a log, and what was said on standard error.
fn report(arguments: &[&str], input: &str) -> (String, String) {
    let output = layerprint(&[&["report"], arguments].concat(), input);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    (String::from_utf8(output.stdout).unwrap(), told)
}

/// What a person reads in a page, between its tags.
fn text(html: &str) -> String {
    let (_, body) = html.split_once("<body>").unwrap();
    let pieces = body
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    let spaced: Vec<_> = pieces.flat_map(str::split_whitespace).collect();
    spaced.join(" ")
}

fn both_logs() -> String {
    log("access.log") + &log("connections.log")
}

/// A line like the second of the log, as the access log would have it.
fn line(change: impl FnOnce(&mut Value)) -> String {
    let mut object = evidence(1);
    change(&mut object);
    json!({"start": "2026-11-24T15:42:10.744Z", "layerprint": object.to_string()}).to_string() + "\n"
}

#[test]
fn the_numbers_of_a_log_stand_in_its_page() {
    let (html, told) = report(&["-"], &both_logs());
    assert_eq!(told, "");
    let text = text(&html);
    tells(
        &text,
        &[
            "Requests 7 Answered by the proxy, or would be 14.3 % Connections passed through 1",
            "Requests that the filter never saw 1 Lines refused 0",
            "Period 2026-11-24 15:42:10 to 2026-11-24 15:42:11 Mode observe: verdicts are what would have been done",
            "allow passes 4 57.1 %",
            "block 403 1 14.3 %",
            "slow passes, later 1 14.3 %",
            "search search 0 0 0 1 100 % 0 0 0 1",
            "forged-annotation 1 14.3 % 7 60 the client sent x-layerprint headers, which only this proxy sets",
            "average score",
            "Connections passed through, by verdict name requests allow 1",
            "No challenge was made, and no clearance shown.",
        ],
    );
    // The verdicts of the log, and no others.
    let mut verdicts = std::collections::BTreeMap::<String, u32>::new();
    for line in log("access.log").lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let Some(object) = line["layerprint"].as_str() else {
            continue;
        };
        let object: Value = serde_json::from_str(object).unwrap();
        *verdicts
            .entry(object["agreement"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    for (agreement, count) in verdicts {
        let is_told = [
            "both layers seen, both low",
            "one high, one low",
            "both high",
            "one layer unseen",
            "neither seen",
        ]
        .iter()
        .any(|means| text.contains(&format!("{agreement} {means} {count} ")));
        assert!(is_told, "{agreement} {count}: {text}");
    }
}

#[test]
fn the_page_needs_nothing_from_outside_and_lets_nothing_in() {
    let (html, _) = report(&["-"], &both_logs());
    tells(
        &html,
        &[
            "content=\"default-src 'none'; style-src 'sha256-",
            "<meta name=\"referrer\" content=\"no-referrer\">",
        ],
    );
    let tags = html
        .split('<')
        .filter_map(|tag| tag.split_once('>'))
        .map(|(tag, _)| tag);
    for tag in tags {
        let is_inside =
            !tag.contains("http") && !tag.contains(" src=") && !tag.contains(" style=") && !tag.contains(" on");
        assert!(
            is_inside || tag.starts_with("meta http-equiv=\"Content-Security-Policy\""),
            "{tag}"
        );
    }
    assert!(!html.contains("@import") && !html.contains("<script"));
}

/// A log in which clients wrote what they should not have, wherever they can and where they cannot.
fn hostile() -> String {
    line(|object| {
        for member in [
            "path",
            "id",
            "ja4",
            "h2",
            "tcp",
            "os",
            "looks_like",
            "route",
            "class",
            "limit",
            "rule",
            "challenge",
            "mode",
        ] {
            object[member] = json!(HOSTILE);
        }
        object["id"] = json!(format!("lp1_a_b_{}", HOSTILE.replace('_', "-")));
        object["limits"] = json!([HOSTILE]);
        object["clearance_refused"] = json!(HOSTILE);
        object["challenge_failed"] = json!(HOSTILE);
        object["sent"]["user-agent"] = json!(HOSTILE);
        object["missing"] = json!({HOSTILE: HOSTILE});
        object["findings"] = json!([{"code": HOSTILE, "layer": 7, "weight": 60, "why": HOSTILE}]);
    })
}

#[test]
fn what_clients_wrote_is_shown_and_does_nothing() {
    let (html, _) = report(&["-"], &(hostile() + "{\"</style><img src=x>"));
    assert!(!html.contains("<img") && !html.contains("</script") && !html.contains('\u{202e}'));
    assert_eq!(html.matches("</style>").count(), 1);
    // Reason, example, User-Agent, path, fingerprints, route, limits …
    assert!(html.matches("&lt;/script&gt;").count() > 20, "{html}");
}

#[test]
fn a_browser_shows_the_page_in_any_width_and_light_and_complains_of_nothing() {
    let test = "a_browser_shows_the_page_in_any_width_and_light_and_complains_of_nothing";
    if !require_or_skip(test, [Browser::Chromium.availability()]) {
        return;
    }
    let file = path("shown.html");
    report(
        &["-o", &file.display().to_string(), "--config", &empty_config(), "-"],
        &(both_logs() + &hostile() + "no\n"),
    );
    for dark in [false, true] {
        let setup = Setup {
            dark,
            ..Setup::default()
        };
        let mut browser = Driven::start(Browser::Chromium, setup).unwrap();
        let tab = browser.tab().unwrap();
        browser.go(&tab, &format!("file://{}", file.display())).unwrap();
        browser
            .wait_until(
                &tab,
                "document.readyState == 'complete' && document.title.startsWith('layerprint')",
            )
            .unwrap();
        let ask = |browser: &mut Driven, expression: &str| browser.ask(&tab, expression).unwrap();
        assert_eq!(ask(&mut browser, "document.title"), "layerprint report: 8 requests");
        assert_eq!(ask(&mut browser, "document.images.length + document.scripts.length"), 0);
        assert_eq!(
            ask(&mut browser, "document.querySelector('.tiles dd').textContent"),
            "8"
        );
        // Columns are as high as what they count: all columns of requests together are all requests.
        let told = "[...document.querySelectorAll('[aria-labelledby=\"requests-t requests-d\"] rect title')].map(title => +title.textContent.match(/ (\\d+) of/)[1]).reduce((a, b) => a + b, 0)";
        assert_eq!(ask(&mut browser, told), 8);
        // The style was let in, and is the one that fits.
        let ground = ask(
            &mut browser,
            "getComputedStyle(document.documentElement).backgroundColor",
        );
        assert_eq!(ground, if dark { "rgb(18, 22, 27)" } else { "rgb(255, 255, 255)" });
        for width in [1280, 400, 320] {
            browser.resize(&tab, width, 900).unwrap();
            let wide = "[...document.querySelectorAll('body *')].filter(one => !one.closest('.wide > *') && one.getBoundingClientRect().right > innerWidth).map(one => one.tagName + '.' + one.className + ': ' + one.textContent)";
            assert_eq!(
                browser.ask(&tab, wide).unwrap(),
                json!([]),
                "what is wider than {width}"
            );
        }
        let named = browser.ask(&tab, "[...document.querySelectorAll('svg[role=img]')].every(plot => plot.getAttribute('aria-label') || plot.querySelector('title, desc'))");
        assert_eq!(named.unwrap(), json!(true), "each plot says what it shows");
        assert_eq!(browser.complaints(), [""; 0]);
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn lines_that_cannot_be_read_are_counted_and_the_first_are_named() {
    let bad: String = (0..30).map(|n| format!("bad {n}\n")).collect();
    let strange = line(|object| object["verdict"] = json!("pardon"));
    let (html, told) = report(&["-"], &(log("access.log") + &bad + &strange));
    tells(
        &text(&html),
        &["Lines refused 31", "-:9: not JSON: expected value", "and 11 more"],
    );
    let told: Vec<_> = told.lines().collect();
    assert_eq!(told.len(), 21);
    assert!(told[0].starts_with("layerprint: -:9: not JSON: "), "{told:?}");
    assert_eq!(told[20], "layerprint: 31 lines refused in all; the first 20 are named");
    let (_, told) = report(&["-"], &(log("access.log") + &strange));
    assert_eq!(
        told,
        "layerprint: -:9: its `verdict` is \"pardon\", and none of allow, log, review, slow, challenge, limit, block\n"
    );
}

#[test]
fn a_line_tells_the_same_wherever_it_has_the_filters_object() {
    let own = evidence(1);
    let pages: Vec<_> = [
        own.clone(),
        json!({"layerprint": own.to_string()}),
        json!({"layerprint": own}),
        json!({"fp": own.to_string()}),
        json!({"log": {"http": {"evidence": own}}}),
    ]
    .iter()
    .map(|line| report(&["-"], &line.to_string()).0)
    .collect();
    assert!(pages[0].contains("forged-annotation"));
    assert!(pages.iter().all(|page| *page == pages[0]));
}

#[test]
fn packed_logs_and_several_are_read_like_one() {
    let (packed, plain) = (path("packed.log.gz"), path("plain.log"));
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(log("access.log").as_bytes()).unwrap();
    std::fs::write(&packed, encoder.finish().unwrap()).unwrap();
    std::fs::write(&plain, log("connections.log")).unwrap();
    let page = path("page.html");
    let names = [&packed, &plain, &page].map(|path| path.display().to_string());
    let (nothing, _) = report(&[&names[0], "--output", &names[2], &names[1]], "");
    assert_eq!(nothing, "");
    let split = std::fs::read_to_string(&page).unwrap();
    let (whole, _) = report(&["-"], &both_logs());
    let from = format!("{}</code>, <code>{}", names[0], names[1]);
    assert_eq!(split.replace(&from, "-"), whole);
    let replayed = layerprint(&["replay", "--json", "--config", &empty_config(), &names[0]], "");
    let replayed: Value = serde_json::from_slice(&replayed.stdout).unwrap();
    assert_eq!(replayed["lines"]["requests"], 7);
    // What ends in the middle is told with its name.
    let bytes = std::fs::read(&packed).unwrap();
    std::fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    let broken = layerprint(&["report", &names[0]], "");
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stderr).contains(&names[0]));
    for file in [packed, plain, page] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn what_would_change_is_what_replay_says() {
    let then = configuration("report", r#"{"ladders": {"search": {"conflict": {"high": "log"}}}}"#);
    let replayed = compared(&empty_config(), &then, &both_logs());
    let changed = &replayed["comparison"]["changed"];
    let (html, _) = report(&["--config", &empty_config(), "--against", &then, "-"], &both_logs());
    assert_eq!(*changed, 1);
    tells(
        &text(&html),
        &["1 of 7 requests (14.3 %)", "search forged-annotation slow log 1"],
    );
    // The log was written under the shipped defaults.
    let (html, _) = report(&["--config", &empty_config(), "-"], &both_logs());
    tells(
        &text(&html),
        &["From the log to", "0 of 7 requests (0 %) get another verdict"],
    );
    let (html, _) = report(&["-"], &both_logs());
    assert!(!html.contains("What would change"));
}

#[test]
fn nothing_to_tell_of_and_what_cannot_be_read_or_written_are_told_apart() {
    let known = fixture("log").join("access.log").display().to_string();
    for (arguments, code, told) in [
        (&["report", "-"][..], 1, "nothing to tell of"),
        (&["report", "/nowhere.log"], 1, "/nowhere.log: "),
        (
            &["report", &known, "-o", "/nowhere/report.html"],
            1,
            "/nowhere/report.html: ",
        ),
        (&["report", &known, "--config", "/nowhere.json"], 1, "/nowhere.json: "),
        (&["report"], 2, "which LOG?"),
        (&["report", &known, "--against", "c.json"], 2, "--config?"),
        (&["report", &known, "--loud"], 2, "--loud"),
        (&["report", "--help"], 0, ""),
    ] {
        let output = layerprint(arguments, "");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        tells(&String::from_utf8(output.stderr).unwrap(), &[told]);
    }
    let help = layerprint(&["--help"], "").stdout;
    tells(&String::from_utf8(help).unwrap(), &["report", "a log as one page"]);
}

/// A flood of ever new clients, which is what a log of an attack is, takes bounded memory.
#[test]
#[cfg(target_os = "linux")]
fn ever_new_clients_are_never_all_held() {
    let mut process = spawn(&["report", "-"]);
    let mut input = process.stdin.take().unwrap();
    for n in 0..20_000_u32 {
        let line = line(|object| {
            object["id"] = json!(format!("lp1_{n:012x}_{n:012x}_{n:012x}"));
            object["ja4"] = json!(format!("t13d1516h2_{n:012x}_{n:012x}"));
            object["client"] = json!(std::net::Ipv4Addr::from(n << 8).to_string());
            object["path"] = json!("x".repeat(500));
        });
        input.write_all(line.as_bytes()).unwrap();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    drop(input);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: usize = peak.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB");
    let output = process.wait_with_output().unwrap();
    let text = text(&String::from_utf8(output.stdout).unwrap());
    tells(
        &text,
        &["Requests 20,000 ", "There were more kinds of JA4 than are held"],
    );
}
