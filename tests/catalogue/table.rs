//! Tables: what they take, what they refuse, and how one extends another.

use layerprint::clients::catalogue::{Catalogue, Fit, Level, Sends, TlsTraits};
use layerprint::evidence::Protocol;
use layerprint::evidence::claims::{UserAgent, Version};

use crate::{catalogue, names};

const SOURCE: &str = r#""provenance": [{"level": "measured", "from": "a test", "date": "2026-11-24"}]"#;

/// A table with one list.
fn table(list: &str, rows: &str) -> String {
    format!(
        r#"{{"format": 1, "date": "2026-11-25", "{list}": [{}]}}"#,
        rows.replace("SOURCE", SOURCE)
    )
}

fn refused(table: &str) -> String {
    catalogue()
        .extended_by(table)
        .err()
        .map_or_else(|| "nothing".to_owned(), |error| error.to_string())
}

fn version(major: u32, minor: u32) -> Option<Version> {
    Some(Version { major, minor })
}

#[test]
fn the_built_in_tables_are_whole_and_every_row_says_where_it_comes_from() {
    let catalogue = catalogue();
    assert_eq!(catalogue.date(), "2026-11-24");
    assert!(catalogue.families().len() > 30);
    for family in catalogue.families() {
        assert!(!family.provenance().is_empty(), "{}", family.name());
    }
    let sources = catalogue.sources("schannel").flat_map(|(_, sources)| sources);
    let levels: Vec<Level> = sources.map(|source| source.level).collect();
    assert_eq!(
        levels,
        [Level::Published, Level::Published, Level::Unverified],
        "no such machine was at hand"
    );
}

#[test]
fn an_empty_catalogue_knows_nobody_and_nothing_follows() {
    let empty = Catalogue::default();
    let traits = TlsTraits::parse("t13d1516h2_8daaf6152771_e5627efa2ab1", None, None).unwrap();
    let (tls, http2) = (empty.tls(&traits), empty.http2("2:0|00|0|m,p,s,a"));
    let order = empty.orders(Protocol::Http2, None, ["user-agent", "accept"].into_iter());
    assert!(tls.is_unknown() && http2.is_unknown() && order.is_unknown());
    assert_eq!(empty.go_together(&tls, &http2), Fit::SaysNothing);
    assert!(empty.shown(&tls, &http2, &order).is_none() && !empty.is_tool_tls(&tls));
    let claims = UserAgent::parse(b"curl/8.5.0");
    assert!(empty.claimed(claims.seen().unwrap()).is_none());
}

#[test]
fn rows_of_a_later_table_stand_in_for_those_of_the_same_name_and_others_come_behind() {
    let form = "1:1;2:2|3|0|m,a,s,p";
    let own = table(
        "http2",
        r#"{"name": "curl", "shapes": [{"settings": "1:1;2:2", "window": "3"}], SOURCE}, {"name": "own", "shapes": [{"settings": "1:*;2:1-3", "window": "any"}], SOURCE}"#,
    );
    let catalogue = catalogue().extended_by(&own).unwrap();
    assert_eq!(names(&catalogue, catalogue.http2(form)), "curl+own");
    assert!(
        catalogue.http2("3:100;4:33554432;2:0|33488897|0|m,p,s,a").is_unknown(),
        "the row was replaced"
    );
    assert_eq!(catalogue.date(), "2026-11-25");
    let families = table(
        "families",
        r#"{"name": "own", "kind": "tool", "claims": [{"products": ["own-client"], "versions": "2-"}], "http2": ["own"], "tls": ["go@3-"], "client_hints": "5-", SOURCE}"#,
    );
    let catalogue = catalogue.extended_by(&families).unwrap();
    let claimed = |text: &'static str| {
        let claims = UserAgent::parse(text.as_bytes()).seen().copied().unwrap();
        catalogue.claimed(&claims).map(|family| family.name().to_owned())
    };
    assert_eq!(claimed("own-client/2.1").as_deref(), Some("own"));
    assert_eq!(claimed("own-client/1.9"), None);
    let own = catalogue.family("own").unwrap();
    assert_eq!(catalogue.http2_fits(own, None, &catalogue.http2(form)), Fit::Fits);
    assert_eq!(own.client_hints(version(4, 9)), Sends::No);
    assert_eq!(own.client_hints(version(5, 0)), Sends::Yes);
    assert_eq!(own.client_hints(None), Sends::Unstated);
    assert_eq!(own.fetch_metadata(version(5, 0)), Sends::Unstated);
    let go = TlsTraits::parse("t13d1910h2_9dc949149365_e7c285222651", None, None).unwrap();
    let fits = |major: u32| catalogue.tls_fits(own, version(major, 0), &catalogue.tls(&go), &go);
    assert_eq!((fits(2), fits(3)), (Fit::Contradicts, Fit::Fits));
}

#[test]
fn headers_are_sent_since_the_versions_that_are_known() {
    let catalogue = catalogue();
    let sends = |family: &str, major: u32, minor: u32| {
        let family = catalogue.family(family).unwrap();
        (
            family.client_hints(version(major, minor)),
            family.fetch_metadata(version(major, minor)),
        )
    };
    assert_eq!(sends("chromium", 79, 0), (Sends::No, Sends::No));
    assert_eq!(sends("chromium", 88, 0), (Sends::No, Sends::Yes));
    assert_eq!(sends("chromium", 89, 0), (Sends::Yes, Sends::Yes));
    assert_eq!(sends("firefox", 89, 0), (Sends::No, Sends::No));
    assert_eq!(sends("firefox", 90, 0), (Sends::No, Sends::Yes));
    assert_eq!(sends("webkit", 16, 3), (Sends::No, Sends::No));
    assert_eq!(sends("webkit", 16, 4), (Sends::No, Sends::Yes));
    assert_eq!(sends("curl", 8, 0), (Sends::Unstated, Sends::Unstated));
}

#[test]
fn a_bad_table_is_refused_with_the_way_to_it_and_what_is_accepted() {
    let family = |more: &str| {
        table(
            "families",
            &format!(r#"{{"name": "own", "kind": "tool", {more}, SOURCE}}"#),
        )
    };
    let tls = |shape: &str| table("tls", &format!(r#"{{"name": "own", "shapes": [{shape}], SOURCE}}"#));
    let http2 = |shape: &str| table("http2", &format!(r#"{{"name": "own", "shapes": [{shape}], SOURCE}}"#));
    let order = |template: &str| {
        table(
            "orders",
            &format!(r#"{{"name": "own", "shapes": [{template}], SOURCE}}"#),
        )
    };
    let cases = [
        (
            r#"{"format": 2, "date": "2026-11-24"}"#.to_owned(),
            "format 2, where 1 is read",
        ),
        (
            r#"{"format": 1, "date": "yesterday"}"#.to_owned(),
            "date \"yesterday\": YYYY-MM-DD",
        ),
        (
            table("tls", r#"{"name": "Own", "shapes": [], SOURCE}"#),
            "tls.Own: a name has 1 to 32 of a-z, 0-9 and -, a letter first",
        ),
        (
            table("tls", r#"{"name": "7zip", "shapes": [], SOURCE}"#),
            "tls.7zip: a name has 1 to 32 of a-z, 0-9 and -, a letter first",
        ),
        (
            table("tls", r#"{"name": "own", "shapes": [], SOURCE}"#),
            "tls.own: 1 to 32 shapes",
        ),
        (
            table(
                "tls",
                r#"{"name": "own", "shapes": [{"grease": true}], "provenance": []}"#,
            ),
            "tls.own: where does it come from? provenance is empty",
        ),
        (
            tls("{}"),
            "tls.own.shapes.0: fits anybody: it needs one of ciphers, cipher_hashes, with, without, signatures, grease",
        ),
        (
            tls(r#"{"with": "16"}"#),
            "tls.own.shapes.0: with \"16\": four hex digits each, joined by commas",
        ),
        (
            tls(r#"{"cipher_hashes": ["xyz"]}"#),
            "tls.own.shapes.0: cipher_hashes \"xyz\": 12 lower hex digits",
        ),
        (
            tls(r#"{"grease": true, "alpn": ["http"]}"#),
            "tls.own.shapes.0: alpn \"http\": two characters, as JA4 has them",
        ),
        (
            tls(r#"{"grease": true, "cipher_count": [3, 2]}"#),
            "tls.own.shapes.0: [3, 2] is empty: the lesser number stands first",
        ),
        (
            http2(r#"{"settings": "1", "window": "1"}"#),
            "http2.own.shapes.0: setting \"1\": id:value, where the value is a number, a-b, a/b or *, with ? behind where it may be missing",
        ),
        (
            http2(r#"{"settings": "", "window": "x"}"#),
            "http2.own.shapes.0: window \"x\": a number, a-b, a/b, 00 or any",
        ),
        (
            order(r#"{"versions": "2", "requests": "any", "names": "a"}"#),
            "orders.own.shapes.0: versions \"2\": http1, http1.0, http1.1, http2, any",
        ),
        (
            order(r#"{"versions": "any", "requests": "all", "names": "a"}"#),
            "orders.own.shapes.0: requests \"all\": navigation, other, any",
        ),
        (
            order(r#"{"versions": "any", "requests": "any", "names": "A"}"#),
            "orders.own.shapes.0: name \"A\": lower case, perhaps with ? or ! behind",
        ),
        (
            order(r#"{"versions": "any", "requests": "any", "names": "a a?"}"#),
            "orders.own.shapes.0: name \"a?\" stands twice",
        ),
        (
            order(r#"{"versions": "any", "requests": "any", "names": "host cookie?"}"#),
            "orders.own.shapes.0: name \"cookie?\" takes no part in an order: it varies by page or by proxy",
        ),
        (
            order(r#"{"versions": "any", "requests": "any", "names": ""}"#),
            "orders.own.shapes.0: 1 to 64 names",
        ),
        (
            family(r#""tls": ["nss"]"#),
            "families.own.tls: \"nss\" is no row of tls",
        ),
        (
            family(r#""http2": ["curl@new"]"#),
            "families.own.http2: versions \"new\": 89-, -118 or 16.4-17",
        ),
        (
            family(r#""claims": [{}]"#),
            "families.own.claims: fits anybody: it needs products or an engine",
        ),
        (
            family(r#""claims": [{"engine": "servo"}]"#),
            "families.own: engine \"servo\": blink, gecko, webkit, trident, edgehtml, presto or goanna",
        ),
        (
            family(r#""claims": [{"engine": "blink", "platforms": ["beos"]}]"#),
            "families.own: platform \"beos\" is none that a client can claim",
        ),
        (
            family(r#""client_hints": "since 89""#),
            "families.own.client_hints: versions \"since 89\": 89-, -118 or 16.4-17",
        ),
        (
            family(r#""fetch_metadata": "9-8""#),
            "families.own.fetch_metadata: versions \"9-8\": 89-, -118 or 16.4-17",
        ),
        (
            table("families", r#"{"name": "own", "kind": "robot", SOURCE}"#),
            "families.own: kind \"robot\": browser, in-app, headless, tool, crawler or monitor",
        ),
        (
            table(
                "families",
                r#"{"name": "own", "kind": "tool", SOURCE}, {"name": "own", "kind": "tool", SOURCE}"#,
            ),
            "families.own: stands twice",
        ),
    ];
    for (table, problem) in cases {
        assert_eq!(refused(&table), problem, "{table}");
    }
    assert!(refused("{").contains("EOF"));
    assert!(
        refused(&table(
            "families",
            r#"{"name": "own", "kind": "tool", "colour": "red", SOURCE}"#
        ))
        .contains("unknown field `colour`")
    );
}

#[test]
fn a_table_of_too_many_rows_is_refused() {
    let row =
        |n: usize| format!(r#"{{"name": "own-{n}", "shapes": [{{"settings": "1:{n}", "window": "any"}}], SOURCE}}"#);
    let rows: Vec<String> = (0..64).map(row).collect();
    assert_eq!(
        refused(&table("http2", &rows.join(","))),
        "http2: more than 64 rows with those that were there"
    );
    let alone = Catalogue::default()
        .extended_by(&table("http2", &rows.join(",")))
        .unwrap();
    assert_eq!(
        names(&alone, alone.http2("1:63|00|0|m")),
        "own-63",
        "the last of 64 has a bit, too"
    );
}
