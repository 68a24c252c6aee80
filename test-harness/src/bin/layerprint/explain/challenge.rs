//! The words for challenges: what the request showed of one that was passed, what that changed, how often it was challenged in vain,
//! and how hard the next one is.

use super::words::{Explained, member};
use layerprint::challenge::Reason;
use layerprint::policy::Verdict;
use std::io::{self, Write};

/// Writes them, where there are any.
pub(super) fn write(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    cleared(out, of)?;
    tried(out, of)?;
    if of.decision.verdict == Verdict::Challenge {
        difficulty(out, of)?;
    }
    Ok(())
}

/// What the log says happened with the challenge.
pub(super) fn happened(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let Some(event) = member(of.line, "challenge") else {
        return Ok(());
    };
    let told = match event.as_str() {
        "issued" => "a page with a puzzle was given out",
        "told" => "the client, which shows no pages, was told where there is one",
        "solved" => "a puzzle was solved, which earned a clearance",
        "waited" => "a browser without JavaScript had waited, which earned a clearance",
        "failed" => "an answer was not believed",
        "given-up" => "the client had been challenged too often in vain, and got another answer",
        _ => "this release does not know that",
    };
    match member(of.line, "challenge_failed") {
        Some(reason) => writeln!(out, "  challenge: {event}: {told}: {reason}: {}", why(&reason)),
        None => writeln!(out, "  challenge: {event}: {told}"),
    }
}

fn cleared(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    if let Some(reason) = member(of.line, "clearance_refused") {
        writeln!(out, "  clearance: not believed: {reason}: {}", why(&reason))?;
    }
    let Some(bits) = member(of.line, "clearance") else {
        return Ok(());
    };
    let needed = of.judge.policy().difficulty(of.decision.class).bits();
    let is_cheap = bits.parse().is_ok_and(|bits: u8| bits < needed);
    let worth = match (of.decision.cleared, is_cheap) {
        (true, _) => "so that a challenge becomes a log".to_owned(),
        (false, true) => format!("less than the {needed} that are asked for here"),
        (false, false) => "and nothing challenges the request".to_owned(),
    };
    writeln!(out, "  clearance: one of {bits} bits was shown, {worth}")
}

fn tried(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let Some(unsolved) = of.decision.unsolved else {
        return Ok(());
    };
    write!(
        out,
        "  challenged in vain before this: {unsolved}, each second with a challenge counted once"
    )?;
    match of.decision.verdict {
        Verdict::Challenge => writeln!(out),
        then => writeln!(
            out,
            "; that is too often, so that the challenge becomes a {}",
            then.as_str()
        ),
    }
}

/// How hard the challenge is.
fn difficulty(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let (policy, class) = (of.judge.policy(), of.decision.class);
    let bits = policy.difficulty(class).bits();
    let whose = match policy.ladders.of(class).difficulty {
        Some(_) => format!("of the ladder of class {}", class.as_str()),
        None => "of all".to_owned(),
    };
    let hashes = 1_u64 << bits;
    writeln!(
        out,
        "  difficulty: {bits}, {whose}: {hashes} hashes on average, more under load"
    )
}

/// What a reason means, by its name.
fn why(name: &str) -> &'static str {
    let reason = Reason::ALL.into_iter().find(|reason| reason.as_str() == name);
    reason.map_or("this release does not know that", |reason| match reason {
        Reason::Malformed => "it has not the form of one",
        Reason::UnknownKey => "no key of the configuration signed it",
        Reason::Tampered => "it is not what was signed",
        Reason::Expired => "its time is over",
        Reason::Early => "its time has not come",
        Reason::Host => "it was made for another host",
        Reason::Network => "it was made in another network",
        Reason::Tls => "its client's TLS was another one",
        Reason::Http => "its client's HTTP was another one",
        Reason::Difficulty => "it cost less than is asked for here",
        Reason::Work => "the work was not done",
    })
}
