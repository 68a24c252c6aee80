//! What holds for the claims of any bytes whatever. Tests and the fuzz target `claims` call it; nothing else does, so that it
//! is not in the module.
//!
//! ```text
//! fuzz_target!(|data: &[u8]| layerprint::evidence::claims::invariants::hold(data));
//! ```

use super::{Claims, Device, Kind, Product, UserAgent};
use crate::evidence::{Evidence, Reason};

const NAMES: [&str; 10] = [
    "user-agent",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-ch-ua-full-version-list",
    "sec-ch-ua-platform-version",
    "sec-ch-ua-arch",
    "sec-ch-ua-bitness",
    "sec-ch-ua-model",
    "sec-ch-ua-form-factors",
];

/// Reads `data` as a User-Agent, as each hint, and, line by line with the first byte for the name, as headers.
///
/// # Panics
/// When one does not hold.
pub fn hold(data: &[u8]) {
    hold_for_user_agent(data);
    for name in NAMES {
        hints_hold(&Claims::of([(name, data)]));
    }
    let headers = data.split(|byte| *byte == b'\n').filter_map(|line| {
        let (first, value) = line.split_first()?;
        let name = NAMES.get(usize::from(*first) % NAMES.len())?;
        Some((*name, value))
    });
    hints_hold(&Claims::of(headers));
}

/// What holds for `value` as a User-Agent.
///
/// # Panics
/// When it does not hold.
pub fn hold_for_user_agent(value: &[u8]) {
    let claim = UserAgent::parse(value);
    let upper = value.to_ascii_uppercase();
    match (&claim, UserAgent::parse(&upper)) {
        (Evidence::Seen(claim), Evidence::Seen(shouted)) => {
            let holds_name = |name: &str| value.windows(name.len()).any(|part| part == name.as_bytes());
            match claim.product {
                Product::Known(family) => assert!(family.kind() == claim.kind, "a family has one kind"),
                Product::Other(name) => assert!(!name.is_empty() && holds_name(name), "a name is as written"),
            }
            assert!(
                matches!(claim.kind, Kind::Crawler | Kind::Monitor) == (claim.device == Device::Bot),
                "agents are bots, and nothing else is"
            );
            assert!(
                (claim.kind == Kind::Tool) == (claim.device == Device::Tool),
                "tools are tools"
            );
            assert!(
                claim.engine.is_some() || claim.engine_version.is_none(),
                "a version is some engine's"
            );
            assert!(
                claim.product.name().eq_ignore_ascii_case(shouted.product.name()),
                "case says nothing"
            );
            assert!(
                (claim.kind, claim.version, claim.engine, claim.engine_version)
                    == (shouted.kind, shouted.version, shouted.engine, shouted.engine_version),
                "case says nothing"
            );
            assert!(
                (claim.platform, claim.platform_version, claim.device)
                    == (shouted.platform, shouted.platform_version, shouted.device),
                "case says nothing"
            );
        }
        (claim, shouted) => assert!(claim.state() == shouted.state(), "case says nothing"),
    }
    if value.len() > UserAgent::MAX {
        assert!(
            claim == Evidence::Missing(Reason::TooLarge),
            "over the bound nothing is read"
        );
    }
}

fn hints_hold(claims: &Claims<'_>) {
    let hints = &claims.hints;
    for brands in [&hints.brands, &hints.full_versions]
        .into_iter()
        .filter_map(Evidence::seen)
    {
        let written: Vec<String> = brands
            .iter()
            .map(|brand| format!("\"{}\";v=\"{}\"", brand.name.as_written(), brand.version.as_written()))
            .collect();
        let written = written.join(",");
        let again = Claims::of([("sec-ch-ua", written.as_bytes())]).hints.brands;
        assert!(
            again.seen().is_some_and(|again| again.iter().eq(brands.iter())),
            "a list that is written out is read back"
        );
        assert!(brands.meant().count() <= brands.iter().count(), "GREASE is among them");
        assert!(
            brands.leading().is_some() == brands.meant().next().is_some(),
            "one of them leads"
        );
    }
    if let Evidence::Seen(factors) = &hints.form_factors {
        assert!(factors.iter().count() <= factors_bound(), "each takes three bytes");
    }
}

const fn factors_bound() -> usize {
    super::Hints::MAX / 3 + 1
}
