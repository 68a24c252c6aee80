//! Every recorded client is what it says, in all that it shows; and none is what it is not.

use layerprint::clients::catalogue::{Catalogue, Family, Fit, Sends, TlsTraits};
use layerprint::evidence::claims::{Engine, UserAgent, Version};

use crate::catalogue;
use crate::fixtures::{Client, clients, hellos, texts};

/// The families that browsers claim.
const BROWSERS: [(&str, Version); 3] = [
    ("chromium", Version { major: 156, minor: 0 }),
    ("firefox", Version { major: 153, minor: 0 }),
    ("webkit", Version { major: 26, minor: 0 }),
];

/// Clients that write no User-Agent, or another's, and the family that they are.
const UNNAMED: [(&str, &str); 9] = [
    ("wrk", "openssl"),
    ("gnutls-cli", "gnutls"),
    ("openssl-s_client", "openssl"),
    ("python-pycurl", "curl"),
    ("node-", "node"),
    ("php-curl", "curl"),
    ("apache-httpclient5", "apache-httpclient"),
    ("php-streams", "openssl"),
    ("python-tornado", "tornado"),
];

/// The family that a client honestly is, and the version that it says.
fn own<'c>(catalogue: &'c Catalogue, client: &Client) -> (&'c Family, Option<Version>) {
    let named = UNNAMED.iter().find(|(name, _)| client.is(&[name]));
    if let Some((_, family)) = named {
        return (catalogue.family(family).unwrap(), None);
    }
    let claims = client
        .user_agent()
        .unwrap_or_else(|| panic!("{} says nothing", client.client));
    let family = catalogue.claimed(&claims);
    let family = family.unwrap_or_else(|| panic!("{} claims {claims:?}", client.client));
    (family, version(&claims))
}

fn version(claims: &UserAgent<'_>) -> Option<Version> {
    claims.engine_version.or(claims.version)
}

fn is_browser(client: &Client) -> bool {
    matches!(client.group.as_str(), "browsers" | "impersonated")
}

#[test]
fn there_are_enough_recordings_and_each_says_when_and_of_what() {
    let clients = clients();
    let of = |group: &str| clients.iter().filter(|client| client.group == group).count();
    assert_eq!(
        of("impersonated"),
        2 * 38 + 14,
        "38 targets of curl_cffi over both protocols, 14 harvested"
    );
    assert!(of("browsers") >= 8 && of("tools") >= 15 && of("libraries") >= 30);
    for client in &clients {
        assert!(
            !client.version.is_empty() && client.date.len() == 10,
            "{}",
            client.client
        );
        assert!(!client.requests.is_empty(), "{}", client.client);
    }
}

#[test]
fn every_browser_claims_the_family_of_its_engine() {
    let catalogue = catalogue();
    for client in clients().iter().filter(|client| is_browser(client)) {
        let (family, _) = own(&catalogue, client);
        let expected = match client.user_agent().unwrap().engine.unwrap() {
            Engine::Blink if client.is(&["chromium", "qtwebengine"]) => "chromium-embedded",
            Engine::Blink => "chromium",
            Engine::Gecko => "firefox",
            Engine::WebKit if client.is(&["webkitgtk"]) => "webkitgtk",
            Engine::WebKit => "webkit",
            other => panic!("{}: {other:?}", client.client),
        };
        assert_eq!(family.name(), expected, "{}", client.client);
        assert!(family.is_browser());
    }
}

#[test]
fn the_tls_of_every_client_fits_what_it_is_from_the_hello_and_from_texts() {
    let catalogue = catalogue();
    let mut seen = 0;
    for client in clients() {
        let Some(hello) = client.hello() else { continue };
        let (family, version) = own(&catalogue, &client);
        let (ja4, ja4_r, grease) = texts(&hello);
        let whole = TlsTraits::of_hello(&hello).unwrap();
        assert_eq!(
            TlsTraits::parse(&ja4, Some(&ja4_r), Some(grease)),
            Some(whole.clone()),
            "{}",
            client.client
        );
        for traits in [
            whole,
            TlsTraits::parse(&ja4, Some(&ja4_r), None).unwrap(),
            TlsTraits::parse(&ja4, None, None).unwrap(),
        ] {
            let fit = catalogue.tls_fits(family, version, &catalogue.tls(&traits), &traits);
            assert_eq!(fit, Fit::Fits, "{} as {}: {ja4}", client.client, family.name());
        }
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn the_http2_of_every_client_fits_what_it_is() {
    let catalogue = catalogue();
    for client in clients().iter().filter(|client| client.http2.is_some()) {
        let (family, version) = own(&catalogue, client);
        let fit = catalogue.http2_fits(family, version, &client.http2(&catalogue));
        assert_eq!(fit, Fit::Fits, "{} as {}", client.client, family.name());
        let together = catalogue.go_together(&client.tls(&catalogue), &client.http2(&catalogue));
        assert_ne!(together, Fit::Contradicts, "{}", client.client);
    }
}

#[test]
fn no_request_of_any_client_contradicts_what_it_is_by_its_order() {
    let catalogue = catalogue();
    let mut fitting = 0;
    for client in clients() {
        let (family, _) = own(&catalogue, &client);
        for request in &client.requests {
            let order = request.order();
            // What a request is for may be unknown to who asks.
            for navigation in [request.navigation(), None] {
                let fit = catalogue.order_fits(family, request.protocol(), navigation, order.names());
                assert_ne!(fit, Fit::Contradicts, "{} as {}: {order}", client.client, family.name());
                fitting += usize::from(fit == Fit::Fits);
            }
        }
    }
    assert!(fitting > 400, "{fitting}");
}

#[test]
fn the_order_of_every_real_browser_fits_it() {
    let catalogue = catalogue();
    for client in clients()
        .iter()
        .filter(|client| client.is(&["chromium", "firefox", "cffi-", "harvested-", "qtwebengine", "webkitgtk"]))
    {
        let (family, _) = own(&catalogue, client);
        for request in &client.requests {
            let order = request.order();
            let fit = catalogue.order_fits(family, request.protocol(), request.navigation(), order.names());
            assert_eq!(fit, Fit::Fits, "{} {}: {order}", client.client, request.kind);
        }
    }
}

#[test]
fn no_request_of_a_browser_has_the_order_of_a_tool() {
    let catalogue = catalogue();
    for client in clients().iter().filter(|client| is_browser(client)) {
        for request in &client.requests {
            for navigation in [request.navigation(), None] {
                let order = request.order();
                let likeness = catalogue.orders(request.protocol(), navigation, order.names());
                for name in likeness.names(&catalogue) {
                    let browsers = ["chromium", "firefox", "webkit", "webkitgtk"];
                    assert!(browsers.contains(&name), "{}: {order} is of {name}", client.client);
                }
            }
        }
    }
}

#[test]
fn every_tool_contradicts_every_browser_in_tls_and_http2() {
    let catalogue = catalogue();
    for client in clients().iter().filter(|client| !is_browser(client)) {
        for (name, version) in BROWSERS {
            let family = catalogue.family(name).unwrap();
            for traits in [client.traits(), client.reported_traits()].into_iter().flatten() {
                let tls = catalogue.tls(&traits);
                let fit = catalogue.tls_fits(family, Some(version), &tls, &traits);
                assert_eq!(fit, Fit::Contradicts, "{} as {name}", client.client);
                // A browser on Linux has GnuTLS, too: WebKitGTK.
                let is_gnutls = crate::names(&catalogue, tls) == "gnutls";
                assert_eq!(catalogue.is_tool_tls(&tls), !is_gnutls, "{}", client.client);
            }
            // It copies Chromium's settings; its TLS is its own.
            let copies = client.is(&["python-niquests"]) && name == "chromium";
            if client.http2.is_some() && !copies {
                let fit = catalogue.http2_fits(family, Some(version), &client.http2(&catalogue));
                assert_eq!(fit, Fit::Contradicts, "{} as {name}", client.client);
            }
        }
    }
}

#[test]
fn every_browser_contradicts_every_other_in_tls_and_http2() {
    let catalogue = catalogue();
    for client in clients().iter().filter(|client| is_browser(client)) {
        let (own, _) = own(&catalogue, client);
        for (name, version) in BROWSERS.iter().filter(|(name, _)| !own.name().starts_with(name)) {
            let family = catalogue.family(name).unwrap();
            if let Some(traits) = client.traits() {
                let fit = catalogue.tls_fits(family, Some(*version), &catalogue.tls(&traits), &traits);
                assert_eq!(fit, Fit::Contradicts, "{} as {name}", client.client);
            }
            if client.http2.is_some() {
                let fit = catalogue.http2_fits(family, Some(*version), &client.http2(&catalogue));
                assert_eq!(fit, Fit::Contradicts, "{} as {name}", client.client);
            }
        }
    }
}

#[test]
fn a_recorded_hello_is_known_whichever_way_it_is_read_and_never_contradicts_its_own_by_a_ja4_alone() {
    let catalogue = catalogue();
    let own = [
        ("cffi-chrome", "chromium"),
        ("cffi-edge", "chromium"),
        ("cffi-firefox", "firefox"),
        ("cffi-tor", "firefox"),
        ("cffi-safari", "webkit"),
        ("chromium", "chromium"),
        ("firefox", "firefox"),
        ("curl", "curl"),
        ("go", "go"),
        ("java", "java"),
        ("node", "node"),
        ("openssl", "openssl"),
        ("python", "python-urllib"),
        ("wget", "wget"),
    ];
    for (name, hello) in hellos() {
        let (_, family) = own.iter().find(|(begin, _)| name.starts_with(begin)).unwrap();
        let family = catalogue.family(family).unwrap();
        let (ja4, ja4_r, grease) = texts(&hello);
        let whole = TlsTraits::parse(&ja4, Some(&ja4_r), Some(grease)).unwrap();
        assert_eq!(TlsTraits::of_hello(&hello).unwrap(), whole, "{name}");
        assert_eq!(
            catalogue.tls_fits(family, None, &catalogue.tls(&whole), &whole),
            Fit::Fits,
            "{name}: {ja4_r}"
        );
        let alone = TlsTraits::parse(&ja4, None, None).unwrap();
        assert_eq!(
            catalogue.tls_fits(family, None, &catalogue.tls(&alone), &alone),
            Fit::Fits,
            "{name}: {ja4}"
        );
    }
}

#[test]
fn what_envoy_makes_of_the_last_part_of_a_ja4_plays_no_part() {
    let catalogue = catalogue();
    let seen = ["43736b97bd57", "0d789d2519e1", "a323378790d4"];
    let likenesses =
        seen.map(|c| catalogue.tls(&TlsTraits::parse(&format!("t13d1517h2_8daaf6152771_{c}"), None, None).unwrap()));
    assert!(
        likenesses
            .iter()
            .all(|likeness| *likeness == likenesses[0] && !likeness.is_unknown())
    );
}

#[test]
fn a_browser_of_tomorrow_is_unknown_and_no_liar() {
    let catalogue = catalogue();
    let chromium = catalogue.family("chromium").unwrap();
    let (ja4, ja4_r) = (
        "t13d1317h2_0123456789ab_0123456789ab",
        "t13d1317h2_1301,1302_0005,000a,5555,ff01_0904,0403",
    );
    let tomorrow = TlsTraits::parse(ja4, Some(ja4_r), Some(true)).unwrap();
    let shown = catalogue.tls(&tomorrow);
    assert!(shown.is_unknown() && !catalogue.is_tool_tls(&shown));
    let version = Some(Version { major: 300, minor: 0 });
    assert_eq!(
        catalogue.tls_fits(chromium, version, &shown, &tomorrow),
        Fit::SaysNothing
    );
    // It may change in all but what it has anyhow.
    let without_grease = TlsTraits::parse(ja4, Some(ja4_r), Some(false)).unwrap();
    assert_eq!(
        catalogue.tls_fits(chromium, version, &shown, &without_grease),
        Fit::Contradicts
    );
    let old = Some(Version { major: 49, minor: 0 });
    assert_eq!(
        catalogue.tls_fits(chromium, old, &shown, &without_grease),
        Fit::SaysNothing
    );
    let next = catalogue.http2("1:65536;2:0;4:6291456;77:1|15663105|0|m,a,s,p");
    assert_eq!(catalogue.http2_fits(chromium, version, &next), Fit::SaysNothing);
}

#[test]
fn an_old_chromium_opens_http2_as_only_old_ones_do() {
    let catalogue = catalogue();
    let chromium = catalogue.family("chromium").unwrap();
    let fits = |form: &str, major: u32| {
        catalogue.http2_fits(chromium, Some(Version { major, minor: 0 }), &catalogue.http2(form))
    };
    let (old, new) = (
        "1:65536;2:0;3:1000;4:6291456;6:262144|15663105|0|m,a,s,p",
        "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p",
    );
    assert_eq!((fits(old, 110), fits(new, 110)), (Fit::Fits, Fit::Contradicts));
    assert_eq!((fits(old, 131), fits(new, 131)), (Fit::Contradicts, Fit::Fits));
    // 118 was measured and 117 was not.
    assert_eq!((fits(old, 117), fits(new, 117)), (Fit::Fits, Fit::Fits));
    assert_eq!((fits(old, 118), fits(new, 118)), (Fit::Contradicts, Fit::Fits));
}

#[test]
fn a_browsers_tls_with_a_librarys_http2_goes_not_together() {
    let catalogue = catalogue();
    let of = |name: &str| clients().into_iter().find(|client| client.client == name).unwrap();
    let (chromium, go) = (of("chromium-h2"), of("go-h2"));
    let together = |tls: &Client, http2: &Client| catalogue.go_together(&tls.tls(&catalogue), &http2.http2(&catalogue));
    assert_eq!(together(&chromium, &chromium), Fit::Fits);
    assert_eq!(together(&chromium, &go), Fit::Contradicts);
    assert_eq!(together(&of("curl-h1"), &of("curl-h1")), Fit::SaysNothing);
}

#[test]
fn a_copy_of_a_browsers_headers_in_requests_has_the_order_of_requests() {
    let catalogue = catalogue();
    let chromium = catalogue.family("chromium").unwrap();
    let copy = "host user-agent accept-encoding accept connection sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform \
                upgrade-insecure-requests sec-fetch-site sec-fetch-mode sec-fetch-user sec-fetch-dest accept-language";
    let protocol = layerprint::evidence::Protocol::Http11;
    let names = || copy.split_ascii_whitespace();
    assert_eq!(
        catalogue.order_fits(chromium, protocol, Some(true), names()),
        Fit::Contradicts
    );
    let likeness = catalogue.orders(protocol, Some(true), names());
    assert_eq!(crate::names(&catalogue, likeness), "python-requests");
}

#[test]
fn what_is_done_for_each_request_and_connection_allocates_nothing() {
    let catalogue = catalogue();
    let clients = clients();
    let client = clients
        .iter()
        .find(|client| client.client == "chromium-h2-hints")
        .unwrap();
    let (family, version) = own(&catalogue, client);
    let (traits, form) = (client.traits().unwrap(), client.http2.as_deref().unwrap());
    let orders: Vec<_> = client
        .requests
        .iter()
        .map(|request| (request, request.order()))
        .collect();
    let claims = client.user_agent().unwrap();
    let counted = allocation_counter::measure(|| {
        let (tls, http2) = (catalogue.tls(&traits), catalogue.http2(form));
        for (request, order) in &orders {
            let _ = catalogue.order_fits(family, request.protocol(), request.navigation(), order.names());
            let _ = catalogue.claimed(&claims);
            let _ = catalogue.tls_fits(family, version, &tls, &traits);
            let _ = catalogue.go_together(&tls, &http2);
        }
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn an_android_app_may_fetch_with_okhttp_under_its_webviews_name_and_a_browser_may_not() {
    let catalogue = catalogue();
    let claimed = |text: &'static str| {
        let claims = UserAgent::parse(text.as_bytes()).seen().copied().unwrap();
        catalogue.claimed(&claims).unwrap()
    };
    let app = claimed(
        "Mozilla/5.0 (Linux; Android 14; SM-S911B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.6778.39 Mobile Safari/537.36",
    );
    let browser = claimed(
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    );
    assert_eq!((app.name(), browser.name()), ("android-webview", "chromium"));
    let okhttp = TlsTraits::parse("t13d1512h2_8daaf6152771_40271e0a5736", None, None).unwrap();
    let tls = catalogue.tls(&okhttp);
    let http2 = catalogue.http2("4:16777216|16711681|0|m,p,a,s");
    let fits = |family: &Family| {
        (
            catalogue.tls_fits(family, None, &tls, &okhttp),
            catalogue.http2_fits(family, None, &http2),
        )
    };
    assert_eq!(fits(app), (Fit::Fits, Fit::Fits));
    assert_eq!(fits(browser), (Fit::Contradicts, Fit::Contradicts));
}

/// What a request must not be, for its hints and its metadata to be expected: these lack some in real browsers.
fn lacks_by_nature(kind: &str, names: &str) -> bool {
    let is_handshake = names.contains("sec-websocket-key");
    let is_preflight = names.contains("access-control-request-method");
    is_handshake || is_preflight || kind == "worker.js"
}

#[test]
fn what_a_family_is_said_to_send_its_recordings_have_and_what_not_they_lack() {
    let catalogue = catalogue();
    let mut checked = 0;
    for client in clients().iter().filter(|client| is_browser(client)) {
        let (family, version) = own(&catalogue, client);
        for request in client.requests.iter().filter(|request| request.secure) {
            let names = request.order().to_string();
            if lacks_by_nature(&request.kind, &names) {
                continue;
            }
            let at = format!("{} {} {version:?}: {names}", client.client, request.kind);
            for (says, name) in [
                (family.client_hints(version), "sec-ch-ua"),
                (family.fetch_metadata(version), "sec-fetch-mode"),
            ] {
                match says {
                    Sends::Yes => assert!(names.split(',').any(|own| own == name), "{at} lacks {name}"),
                    Sends::No => assert!(!names.contains(name), "{at} has {name}"),
                    Sends::Unstated => {}
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 400, "{checked}");
}
