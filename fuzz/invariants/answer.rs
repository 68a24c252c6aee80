//! What holds for whatever a client that is told no has sent: any bytes as the headers that choose the form of an answer.

use layerprint::annotate::answer::{Answer, Step};
use layerprint::compare::Score;
use layerprint::evidence::fields::borrowed;
use layerprint::policy::config::Config;
use layerprint::policy::ladders::Band;
use layerprint::policy::routes::Found;
use layerprint::policy::{Class, Decision, Mode, Verdict};

type Fields = Vec<(String, Vec<u8>)>;

/// The headers that are looked at, in the order of the lines that give them.
const NAMES: [&str; 5] = [
    "accept",
    "content-type",
    "sec-fetch-mode",
    "sec-fetch-dest",
    "x-request-id",
];

thread_local! {
    // It holds lists of crawlers, and takes as long to make as fifty answers.
    static DEFAULT: Config = Config::default();
}

/// Checks every law for `bytes`, one line for each header; panics at the first that is broken.
pub(crate) fn holds(bytes: &[u8]) {
    let values = bytes.splitn(NAMES.len(), |byte| *byte == b'\n');
    let fields: Fields = NAMES
        .iter()
        .zip(values)
        .map(|(name, value)| ((*name).to_owned(), value.to_vec()))
        .collect();
    for verdict in Verdict::ALL {
        assert_eq!(step(Mode::Observe, verdict, &fields), Step::Pass);
        if let Step::Answer(answer) = step(Mode::Enforce, verdict, &fields) {
            answer_holds(&answer, verdict);
            same_form_holds(&answer, verdict, &fields);
        } else {
            assert!(verdict < Verdict::Challenge, "{verdict:?}");
        }
    }
}

fn step(mode: Mode, verdict: Verdict, fields: &Fields) -> Step {
    let decision = Decision {
        verdict,
        mode,
        route: "default".into(),
        class: Class::Page,
        cost: 1,
        found: Found::Default,
        band: Band::of(Score::default()),
        rule: None,
        limit: None,
        over: Vec::new(),
        cleared: false,
        unsolved: None,
    };
    DEFAULT.with(|config| Step::of(&decision, &config.limits, &borrowed(fields), None))
}

fn answer_holds(answer: &Answer, verdict: Verdict) {
    let (Answer::Http { headers, .. } | Answer::Grpc { metadata: headers, .. }) = answer;
    for (name, value) in headers {
        assert!(!name.starts_with("x-layerprint"), "{name}");
        assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{value:?}");
    }
    let Answer::Http { status, headers, body } = answer else {
        return;
    };
    let is = |kind: &str| {
        headers
            .iter()
            .any(|(name, value)| *name == "content-type" && value.starts_with(kind))
    };
    if is("application/problem+json") {
        let problem: serde_json::Value = serde_json::from_slice(body).expect("problem details are JSON");
        assert_eq!(problem["status"], *status);
    } else if is("text/html") {
        let page = std::str::from_utf8(body).expect("a page is text");
        // Markup of our own alone: as many tags as without a reference, or two more pairs with one.
        let tags = page.matches('<').count();
        let own = if page.contains("Reference: <code>") { 23 } else { 19 };
        assert_eq!(tags, own, "{page}");
    } else {
        assert!(is("application/grpc-web"), "{headers:?}");
        assert_eq!(*status, 200);
        return;
    }
    assert_eq!(*status, if verdict == Verdict::Limit { 429 } else { 403 });
}

/// The case of letters and how `Accept` is cut into headers say nothing.
fn same_form_holds(answer: &Answer, verdict: Verdict, fields: &Fields) {
    let mut others = Fields::new();
    for (name, value) in fields {
        // A comma in quotes parts nothing.
        if name == "accept" && !value.contains(&b'"') {
            let parts = value.split(|byte| *byte == b',');
            others.extend(parts.map(|part| (name.clone(), part.to_ascii_uppercase())));
        } else if name == "content-type" {
            others.push((name.clone(), value.to_ascii_uppercase()));
        } else {
            others.push((name.clone(), value.clone()));
        }
    }
    assert_eq!(step(Mode::Enforce, verdict, &others), Step::Answer(answer.clone()));
}
