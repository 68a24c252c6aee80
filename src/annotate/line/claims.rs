//! The part of a request's line that says what the client claims to be.

use super::json::{Line, string};
use crate::evidence::Evidence;
use crate::evidence::claims::{Claims, PlatformVersion, UserAgent};
use core::fmt::{self, Write};

/// Writes the User-Agent as one object, and the low-entropy Client Hints, which come with every request of a Chromium
/// browser, each as a member.
pub(super) fn write(line: &mut Line, claims: &Claims<'_>) -> fmt::Result {
    match &claims.user_agent {
        Evidence::Seen(user_agent) => line.object("user_agent", |out| write_user_agent(out, user_agent))?,
        absent => line.absent("user_agent", absent.state())?,
    }
    let brand = claims.hints.brands.as_ref().map(|brands| brands.leading());
    match brand {
        Evidence::Seen(Some(brand)) => {
            let (name, version) = (brand.product().name(), brand.version);
            line.text("hint_brand", &format_args!("{name} {version}"))?;
        }
        // A list in which no brand is meant.
        Evidence::Seen(None) => line.text("hint_brand", &"")?,
        absent => line.absent("hint_brand", absent.state())?,
    }
    line.number_or_absent("hint_mobile", &claims.hints.mobile)?;
    let platform = claims.hints.platform.as_ref().map(|hint| hint.platform().as_str());
    line.evidence("hint_platform", &platform)
}

fn write_user_agent(out: &mut String, of: &UserAgent<'_>) -> fmt::Result {
    out.write_str(r#""product":"#)?;
    string(out, &of.product.name())?;
    write!(out, r#","kind":"{}""#, of.kind.as_str())?;
    if let Some(version) = of.version {
        write!(out, r#","version":"{version}""#)?;
    }
    if let Some(engine) = of.engine {
        write!(out, r#","engine":"{}""#, engine.as_str())?;
    }
    if let Some(version) = of.engine_version {
        write!(out, r#","engine_version":"{version}""#)?;
    }
    write!(out, r#","platform":"{}""#, of.platform.as_str())?;
    match of.platform_version {
        PlatformVersion::Stated(version) => write!(out, r#","platform_version":"{version}""#)?,
        PlatformVersion::Frozen => out.write_str(r#","platform_version":"frozen""#)?,
        PlatformVersion::Unstated => {}
    }
    write!(out, r#","device":"{}""#, of.device.as_str())
}
