//! The words for what follows: what was found, what that amounts to, what decided, and where the log says otherwise.

use super::challenge;
use super::words::{Explained, member, plain};
use layerprint::compare::{Assessment, Score};
use layerprint::policy::ladders::Band;
use layerprint::policy::path::MAX_PATH;
use layerprint::policy::routes::{Found, Route};
use layerprint::policy::rules::{Condition, Field, Missing, Rule};
use layerprint::policy::{Mode, Verdict};
use serde_json::Value;
use std::io::{self, Write};

/// Writes all of it.
pub(super) fn write(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    found(out, of.assessment)?;
    weighed(out, of.assessment)?;
    decided(out, of)?;
    logged(out, of)
}

fn found(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    writeln!(out, "\nWhat was found")?;
    for finding in &assessment.findings {
        let (layer, code) = (finding.code.layer().number(), finding.code.as_str());
        writeln!(
            out,
            "  Layer {layer}, weight {}: {code}: {}",
            finding.weight,
            plain(&finding.why)
        )?;
    }
    if assessment.findings.is_empty() {
        writeln!(out, "  nothing")
    } else {
        Ok(())
    }
}

fn weighed(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    let Assessment {
        l4,
        l7,
        agreement,
        confidence,
        ..
    } = assessment;
    let height = |score: Score| if score >= Score::HIGH { "high" } else { "low" };
    writeln!(out, "\nWhat that amounts to")?;
    writeln!(out, "  Layer 4: {l4} of 100, {}", height(*l4))?;
    writeln!(out, "  Layer 7: {l7} of 100, {}", height(*l7))?;
    writeln!(out, "  agreement: {}, confidence {confidence}", agreement.as_str())?;
    let score = assessment.score();
    writeln!(
        out,
        "  band: {}, by the higher of the two, {score}",
        Band::of(score).as_str()
    )
}

fn decided(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let decision = of.decision;
    let class = decision.class.as_str();
    let found = match decision.found {
        Found::Pattern => "by one of its paths".to_owned(),
        Found::Default => "since no route has this path".to_owned(),
        Found::PathTooLong => format!("since the path has more than {MAX_PATH} bytes"),
    };
    writeln!(out, "\nWhat follows")?;
    writeln!(
        out,
        "  route: {}, {found}; class {class}, cost {}",
        plain(&decision.route),
        decision.cost
    )?;
    let rungs = of.judge.policy().ladders.of(decision.class);
    let (agreement, band) = (of.assessment.agreement, decision.band);
    let cell = format!(
        "ladder of class {class}: {} × {} → {}",
        agreement.as_str(),
        band.as_str(),
        rungs.rungs(agreement).at(band).as_str()
    );
    match rule(of) {
        Some(rule) => {
            write_rule(out, of, rule)?;
            writeln!(out, "  without that rule, the {cell}, if no later rule matches")?;
        }
        None => writeln!(out, "  {cell}")?,
    }
    if let Some(limit) = &decision.limit {
        writeln!(
            out,
            "  limit {}: the request was over it → {}, which comes first",
            plain(&limit.name),
            limit.action.as_str()
        )?;
    }
    challenge::write(out, of)?;
    writeln!(
        out,
        "  verdict: {}, which means that {}",
        decision.verdict.as_str(),
        consequence(decision.verdict)
    )?;
    let carried_out = match decision.mode {
        Mode::Observe => "it is written down, and the request passes",
        Mode::Enforce => "it is carried out",
    };
    writeln!(
        out,
        "  mode: {}, of {}: {carried_out}",
        decision.mode.as_str(),
        who_says_the_mode(of)
    )
}

/// The rule that decided.
fn rule<'a>(of: Explained<'a>) -> Option<&'a Rule<Verdict>> {
    let name = of.decision.rule.as_ref()?;
    let listed = of.judge.policy().rules.listed();
    listed.iter().find(|rule| rule.name == *name)
}

fn write_rule(out: &mut impl Write, of: Explained<'_>, rule: &Rule<Verdict>) -> io::Result<()> {
    let all = |conditions: &[Condition], between| {
        let texts: Vec<_> = conditions.iter().map(ToString::to_string).collect();
        plain(&texts.join(between))
    };
    write!(out, "  rule {}: {}", plain(&rule.name), all(&rule.conditions, ", and "))?;
    if !rule.unless.is_empty() {
        write!(out, ", unless {}", all(&rule.unless, ", or "))?;
    }
    writeln!(out, " → {}", rule.action.as_str())?;
    for condition in &rule.conditions {
        let Condition::Text(field, _) = condition else {
            continue;
        };
        match value(of, *field) {
            Some(value) => writeln!(out, "    {} of this request: {value}", field.as_str())?,
            None if rule.missing == Missing::Match => {
                writeln!(out, "    {} is missing, which the rule passes over", field.as_str())?;
            }
            None => {}
        }
    }
    Ok(())
}

/// The values of a field that a rule asked for.
fn value(of: Explained<'_>, field: Field) -> Option<String> {
    match field {
        Field::Method | Field::Host | Field::Path => of.asked(field),
        Field::Route => Some(plain(&of.decision.route)),
        Field::Class => Some(of.decision.class.as_str().to_owned()),
        Field::Agreement => Some(of.assessment.agreement.as_str().to_owned()),
        Field::Reason => {
            let codes = of.assessment.findings.iter().map(|finding| finding.code.as_str());
            Some(codes.collect::<Vec<_>>().join(", "))
        }
        _ => of.texts(field),
    }
}

/// Whose word the mode is: the policy asks them in this order.
fn who_says_the_mode(of: Explained<'_>) -> String {
    let policy = of.judge.policy();
    if rule(of).is_some_and(|rule| rule.mode.is_some()) {
        return "the rule".to_owned();
    }
    let name = &of.decision.route;
    let by_name = |route: &&Route| route.name == *name;
    let route = policy.routes.listed().find(by_name);
    if route.unwrap_or_else(|| policy.routes.default_route()).mode.is_some() {
        return format!("the route {}", plain(name));
    }
    let class = of.decision.class;
    if policy.ladders.of(class).mode.is_some() {
        return format!("the ladder of class {}", class.as_str());
    }
    "the whole configuration".to_owned()
}

/// What the log says otherwise: another configuration or another release wrote it.
fn logged(out: &mut impl Write, of: Explained<'_>) -> io::Result<()> {
    let (line, decision, assessment) = (of.line, of.decision, of.assessment);
    writeln!(out, "\nWhat the log says")?;
    challenge::happened(out, of)?;
    let mut differences = Vec::new();
    let now = [
        ("verdict", decision.verdict.as_str().to_owned()),
        ("mode", decision.mode.as_str().to_owned()),
        ("rule", decision.rule.as_deref().unwrap_or("none").to_owned()),
        ("route", decision.route.to_string()),
        ("class", decision.class.as_str().to_owned()),
        ("agreement", assessment.agreement.as_str().to_owned()),
        ("l4", assessment.l4.to_string()),
        ("l7", assessment.l7.to_string()),
    ];
    for (key, now) in now {
        let then = member(line, key).unwrap_or_else(|| "none".to_owned());
        if then != plain(&now) {
            differences.push(format!("{key}: {then}, where it is {} here", plain(&now)));
        }
    }
    findings(line, assessment, &mut differences);
    if differences.is_empty() {
        return writeln!(out, "  the same");
    }
    differences.iter().try_for_each(|told| writeln!(out, "  {told}"))
}

/// How the findings of the log differ from those of `assessment`.
fn findings(line: &Value, assessment: &Assessment, differences: &mut Vec<String>) {
    let logged = line.get("findings").and_then(Value::as_array);
    let then: Vec<(String, String)> = logged
        .into_iter()
        .flatten()
        .filter_map(|finding| Some((member(finding, "code")?, member(finding, "weight")?)))
        .collect();
    let now = || assessment.findings.iter();
    for (code, weight) in &then {
        match now().find(|finding| finding.code.as_str() == code) {
            None => differences.push(format!("finding {code}, weight {weight}, which is none here")),
            Some(finding) if finding.weight.to_string() != *weight => {
                let here = finding.weight;
                differences.push(format!("finding {code}, weight {weight}, where it is {here} here"));
            }
            Some(_) => {}
        }
    }
    for finding in now() {
        let code = finding.code.as_str();
        if then.iter().all(|(known, _)| known != code) {
            differences.push(format!("no finding {code}, which is one here"));
        }
    }
}

const fn consequence(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "there is nothing against the request",
        Verdict::Log => "the request passes and is worth a look",
        Verdict::Review => "the request passes, marked for a closer look",
        Verdict::Slow => "the request passes later",
        Verdict::Challenge => "the client is asked to solve a challenge",
        Verdict::Limit => "the client is told to come again later",
        Verdict::Block => "the request is refused",
    }
}
