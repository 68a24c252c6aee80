//! The Client Hints of real browsers are read whole, and agree with their User-Agents.

use super::fixtures::recorded;
use layerprint::evidence::claims::{Claims, Device, Engine, Family, Platform};

/// The recorded clients that send hints.
fn with_hints() -> Vec<(&'static str, Claims<'static>)> {
    let clients = recorded().into_iter();
    let claims = clients.map(|(client, headers)| (client, Claims::of(headers)));
    claims
        .filter(|(_, claims)| claims.hints.brands.seen().is_some())
        .collect()
}

#[test]
fn each_chromium_browser_says_the_same_in_both_places() {
    let clients = with_hints();
    assert_eq!(clients.len(), 23, "20 of Chrome, 2 of Edge, Debian's Chromium");
    for (client, claims) in clients {
        let user_agent = claims.user_agent.seen().unwrap();
        let brands = claims.hints.brands.seen().unwrap();
        assert_eq!(user_agent.engine, Some(Engine::Blink), "{client}");
        assert_eq!(brands.chromium(), user_agent.engine_version, "{client}");
        assert_eq!(
            brands.iter().count() - brands.meant().count(),
            1,
            "{client}: one brand is GREASE"
        );
        // Chrome never contradicts itself; this target of curl_cffi does.
        let is_mobile = user_agent.device == Device::Mobile && client != "curl_cffi:chrome131_android";
        assert_eq!(claims.hints.mobile.seen(), Some(&is_mobile), "{client}");
        assert_eq!(
            claims.hints.platform.seen().unwrap().platform(),
            user_agent.platform,
            "{client}"
        );
        if client.starts_with("curl_cffi:") {
            let leading = brands.leading().unwrap();
            assert_eq!(leading.product(), user_agent.product, "{client}");
            assert_eq!(
                leading.numbers().unwrap().major,
                user_agent.version.unwrap().major,
                "{client}"
            );
            assert_eq!(claims.hints.full_versions.state(), "not-sent", "{client}");
        }
    }
}

#[test]
fn chromium_answers_every_hint_that_it_is_asked_for() {
    let clients = with_hints();
    let (_, claims) = clients
        .iter()
        .find(|(client, _)| client.starts_with("chromium"))
        .unwrap();
    let hints = &claims.hints;
    assert!(
        hints
            .brands
            .seen()
            .unwrap()
            .leading()
            .unwrap()
            .product()
            .is(Family::CHROMIUM)
    );
    let whole = hints.full_versions.seen().unwrap().leading().unwrap();
    assert_eq!(whole.version, "156.0.8078.79");
    assert_eq!(hints.platform.seen().unwrap().platform(), Platform::Linux);
    assert!(hints.platform_version.seen().unwrap().is_empty());
    assert_eq!(*hints.arch.seen().unwrap(), "x86");
    assert_eq!(*hints.bitness.seen().unwrap(), "64");
    assert!(hints.model.seen().unwrap().is_empty());
    let factors: Vec<_> = hints
        .form_factors
        .seen()
        .unwrap()
        .iter()
        .map(|factor| factor.to_string())
        .collect();
    assert_eq!(factors, ["Desktop"]);
}

#[test]
fn a_hint_that_is_cut_anywhere_is_malformed_or_shorter_never_another() {
    for (client, headers) in recorded() {
        for (name, value) in headers.into_iter().filter(|(name, _)| name.starts_with("sec-ch-ua")) {
            let whole = Claims::of([(name, value)]).hints;
            for end in 0..value.len() {
                let cut = Claims::of([(name, &value[..end])]).hints;
                if let (Some(cut), Some(whole)) = (cut.brands.seen(), whole.brands.seen()) {
                    assert!(cut.iter().count() < whole.iter().count(), "{client} {name} {end}");
                    assert!(
                        whole.iter().zip(cut.iter()).all(|(whole, cut)| whole == cut),
                        "{client} {name} {end}"
                    );
                }
                let is_item = cut.mobile.seen().is_some() || cut.platform.seen().is_some() || cut.arch.seen().is_some();
                assert!(!is_item, "{client} {name}: an item has no shorter form");
            }
        }
    }
}

#[test]
fn no_recorded_client_but_chromium_sends_hints() {
    for (client, headers) in recorded() {
        let is_chromium = ["chrome", "edge", "chromium"].iter().any(|name| client.contains(name));
        assert_eq!(
            Claims::of(headers).hints.brands.seen().is_some(),
            is_chromium,
            "{client}"
        );
    }
}
