//! What Client Hints say beside the User-Agent. One program writes both; a program that sends somebody else's User-Agent often
//! forgets them.

use super::{Claimed, Finding};
use crate::clients::catalogue::Sends;
use crate::compare::code::Code;
use crate::compare::view::{Channel, View};
use crate::evidence::claims::{Brands, Engine, Family, Kind, Platform, Product};
use crate::evidence::{Evidence, Reason};

/// What the absence of Client Hints weighs: privacy settings of some Chromium browsers turn them off.
const ABSENT: u8 = 20;

/// The hints name another browser, engine or version than the User-Agent; or a browser that always sends them sent none.
pub(super) fn hints_ua(view: &View<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let claimed = claimed?;
    match &view.claims.hints.brands {
        Evidence::Seen(brands) => {
            let why = contradiction(brands, claimed)?;
            Some(Finding::new(Code::HintsUa, why))
        }
        Evidence::Missing(Reason::NotSent) if view.channel == Channel::Secure => {
            let family = claimed.family?;
            let is_expected =
                claimed.agent.kind == Kind::Browser && family.client_hints(claimed.version()) == Sends::Yes;
            is_expected.then(|| {
                let why = format!(
                    "{} sends Client Hints with every request, and none came",
                    claimed.name()
                );
                Finding::new(Code::HintsUa, why).at_most(ABSENT)
            })
        }
        Evidence::Missing(_) | Evidence::Pending => None,
    }
}

fn contradiction(brands: &Brands<'_>, claimed: &Claimed<'_>) -> Option<String> {
    let agent = claimed.agent;
    let leading = brands.leading()?.product();
    if agent.engine.is_some_and(|engine| engine != Engine::Blink) {
        return Some(format!(
            "the User-Agent claims {}, which sends no Client Hints, and they name {}",
            claimed.name(),
            leading.name()
        ));
    }
    // Without an engine, the User-Agent is of no browser that could contradict.
    agent.engine?;
    if leading.is(Family::HEADLESS_CHROME) && agent.kind != Kind::Headless {
        return Some(format!(
            "the Client Hints name a Chrome without a window, and the User-Agent claims {}",
            claimed.name()
        ));
    }
    if let (Some(hinted), Some(version)) = (brands.chromium(), agent.engine_version)
        && hinted.major != version.major
    {
        return Some(format!(
            "the Client Hints name Chromium {}, and the User-Agent {}",
            hinted.major, version.major
        ));
    }
    // Browsers built on Chromium hide behind Chrome's User-Agent; under a name of their own they keep it in both.
    let hides = [Family::CHROME, Family::CHROMIUM, Family::HEADLESS_CHROME]
        .into_iter()
        .any(|family| agent.product.is(family));
    // What stands for a web view is beside or in place of the name of the browser that is built on it.
    let is_other =
        matches!(leading, Product::Known(family) if family.kind() != Kind::InApp) && leading != agent.product;
    (is_other && !hides && agent.kind == Kind::Browser).then(|| {
        format!(
            "the Client Hints name {}, and the User-Agent claims {}",
            leading.name(),
            claimed.name()
        )
    })
}

/// The two name different platforms. iPadOS and macOS, and all that is Linux, are alike here: sites asked for as on a desktop say
/// the one for the other.
pub(super) fn hints_platform(view: &View<'_>, claimed: Option<&Claimed<'_>>) -> Option<Finding> {
    let hinted = view.claims.hints.platform.seen()?.platform();
    let claimed = claimed?.agent.platform;
    let differ = kin(hinted)
        .zip(kin(claimed))
        .is_some_and(|(hinted, claimed)| hinted != claimed);
    differ.then(|| {
        let why = format!(
            "the Client Hints name {}, and the User-Agent {}",
            hinted.as_str(),
            claimed.as_str()
        );
        Finding::new(Code::HintsPlatform, why)
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kin {
    Windows,
    Apple,
    Linux,
}

const fn kin(platform: Platform) -> Option<Kin> {
    match platform {
        Platform::Windows => Some(Kin::Windows),
        Platform::MacOs | Platform::Ios | Platform::IpadOs | Platform::Darwin => Some(Kin::Apple),
        Platform::Android | Platform::ChromeOs | Platform::Linux | Platform::Tizen | Platform::WebOs => {
            Some(Kin::Linux)
        }
        Platform::Other | Platform::Unstated => None,
    }
}
