//! The law that `replay` and `explain` stand on: what rules can ask of a live request, they can ask of its line, and get the same
//! answers; so the line is compared and decided on as the request was.

use super::native::{Proxy, plugin};
use super::scenario::Fields;
use super::wire;
use layerprint::annotate::recorded::{Lookups, Recorded};
use layerprint::annotate::subject::Replayed;
use layerprint::annotate::{Annotation, Observed, line};
use layerprint::challenge::{Clearance, Reason};
use layerprint::compare::{Known, compare};
use layerprint::evidence::{COMPARED, Evidence};

use layerprint::host::RequestId;
use layerprint::policy::config::challenge::Difficulty;
use layerprint::policy::path;
use layerprint::policy::routes::normal_host;
use layerprint::policy::rules::{Field, Number, Subject};
use layerprint::proxy::connection::ConnectionRole;
use layerprint::proxy::plugin::Plugin;
use layerprint::proxy::request::RequestRole;
use layerprint_harness::repo;
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

/// All that rules can ask of a subject.
#[derive(Debug)]
struct Answers {
    texts: Vec<(Field, Evidence<Vec<String>>)>,
    numbers: Vec<(Number, Evidence<u64>)>,
    client_ip: Evidence<IpAddr>,
}

impl Answers {
    fn of(subject: &impl Subject) -> Self {
        let texts = |field| {
            let mut values = Vec::new();
            let state = subject.texts(field, &mut |text| values.push(text.to_owned()));
            (field, state.map(|()| values))
        };
        Self {
            texts: Field::ALL.into_iter().map(texts).collect(),
            numbers: Number::ALL.map(|number| (number, subject.number(number))).to_vec(),
            client_ip: subject.client_ip(),
        }
    }

    /// Names what differs from `live`, rather than to print all of it.
    fn are(&self, live: &Self, line: &Value) {
        for (of_line, of_request) in self.texts.iter().zip(&live.texts) {
            assert_eq!(of_line, of_request, "{line}");
        }
        for (of_line, of_request) in self.numbers.iter().zip(&live.numbers) {
            assert_eq!(of_line, of_request, "{line}");
        }
        assert_eq!(self.client_ip, live.client_ip, "{line}");
    }

    /// The names of what was answered with a value.
    fn seen(&self) -> impl Iterator<Item = &'static str> {
        let texts = self.texts.iter().filter_map(|(field, values)| {
            let is_any = values.seen().is_some_and(|values| !values.is_empty());
            is_any.then(|| field.as_str())
        });
        let numbers = self.numbers.iter();
        texts.chain(numbers.filter_map(|(number, value)| value.seen().map(|_| number.as_str())))
    }
}

/// Lets `plugin` see a request on the proxy's connection, and holds its line against it. The line, and what was seen.
pub fn holds(plugin: &Rc<Plugin>, proxy: &Proxy, request: &Fields) -> (Value, BTreeSet<&'static str>) {
    *proxy.headers.borrow_mut() = request.clone();
    let role = RequestRole::new(Rc::clone(plugin), RequestId(1));
    let look = |live: &Observed<'_>| {
        let (line, mut seen) = as_in_its_line(plugin, live);
        // It is added to what is observed where there are challenges.
        for clearance in [
            Clearance::NotSent,
            Clearance::Valid(Difficulty::DEFAULT),
            Clearance::Refused(Reason::Network),
        ] {
            let live = Observed { clearance, ..*live };
            seen.extend(as_in_its_line(plugin, &live).1);
        }
        (line, seen)
    };
    role.observe(proxy, look).unwrap()
}

fn as_in_its_line(plugin: &Plugin, live: &Observed<'_>) -> (Value, BTreeSet<&'static str>) {
    let tables = &plugin.tables;
    let known = Known {
        catalogue: &tables.catalogue,
        stacks: &tables.stacks,
    };
    let assessment = compare(&live.view(), known);
    let policy = &plugin.config.policy;
    let target = live.target;
    let decision = policy.decide(
        &policy.place(target.method, target.host, target.path),
        live,
        &assessment,
        &[],
    );
    let annotation = Annotation {
        event: None,
        observed: live,
        assessment: &assessment,
        decision: &decision,
    };
    let line: Value = serde_json::from_str(&line::of_request(&annotation)).unwrap();

    let (crawlers, networks) = (&plugin.config.clients.crawlers, &plugin.config.networks);
    let recorded = Recorded::read(&line).unwrap();
    let (claims, _) = recorded.claims();
    let replayed = Replayed {
        line: &recorded,
        claims: &claims,
        claimed: OnceCell::default(),
        catalogue: &tables.catalogue,
        crawlers,
        networks,
    };
    let (of_request, of_line) = (Answers::of(live), Answers::of(&replayed));
    of_line.are(&of_request, &line);

    let again = recorded.compare(Lookups {
        catalogue: &tables.catalogue,
        stacks: &tables.stacks,
        crawlers,
        networks,
    });
    assert_eq!(again, assessment, "{line:#}");
    let asked = |member| recorded.text(member).unwrap().as_bytes();
    let [method, host, path] = ["method", "host", "path"].map(asked);
    // What the policy has itself.
    assert_eq!(path::normal(path).ok(), path::normal(target.path).ok());
    assert_eq!(normal_host(host), normal_host(target.host));
    assert_eq!(String::from_utf8_lossy(method), String::from_utf8_lossy(target.method));
    assert_eq!(
        policy.decide(&policy.place(method, host, path), &replayed, &again, &[]),
        decision
    );
    let seen = of_request.seen().collect();
    (line, seen)
}

const RICH: &str = r#"{
    "networks": [{"tag": "office", "cidrs": ["10.0.0.0/8"]}, {"tag": "mobile", "cidrs": ["10.77.0.0/16", "192.0.2.0/24"]}],
    "forwarded": {"trusted_hops": 1, "peer_appended": false},
    "clients": {"crawlers": [{"name": "googlebot", "cidrs": ["192.0.2.0/24"]}]},
    "rules": [{"name": "first", "match": {"ja4": "t13d*", "network": "office"}, "action": "review"},
              {"name": "second", "match": {"crawler": "*"}, "action": "allow"}]
}"#;

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(repo::root().join("tests/fixtures").join(name)).unwrap()
}

fn syn() -> Vec<u8> {
    let text = String::from_utf8(fixture("syn/linux-v4.hex")).unwrap();
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    digits.into_bytes()
}

fn request(own: &[(&str, &[u8])]) -> Fields {
    let pseudo: [(&str, &[u8]); 4] = [
        (":method", b"POST"),
        (":authority", b"A.example:8443"),
        (":scheme", b"https"),
        (":path", b"/x/../login;a=b?user=%20"),
    ];
    let all = pseudo.iter().chain(own);
    all.map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect()
}

fn chrome() -> Fields {
    request(&[
        ("sec-ch-ua", br#""Google Chrome";v="131", "Chromium";v="131""#),
        ("sec-ch-ua-mobile", b"?0"),
        ("sec-ch-ua-platform", br#""Windows""#),
        ("user-agent", CHROME.as_bytes()),
        ("accept", b"*/*"),
    ])
}

/// A connection of which this is known, with its first bytes; and that its requests' lines answer as they do. What was seen.
fn connection(
    configuration: &str,
    protocol: &str,
    properties: &[(&[&str], &[u8])],
    first_bytes: &[u8],
    requests: &[Fields],
) -> BTreeSet<&'static str> {
    let proxy = Proxy::cleartext(protocol);
    proxy.tick.set(Duration::from_millis(7));
    for (path, value) in properties {
        proxy.set(path, value);
    }
    let plugin = plugin(&proxy, configuration);
    let mut connection = ConnectionRole::new(Rc::clone(&plugin));
    connection.on_new_connection(&proxy);
    if !first_bytes.is_empty() {
        proxy.receive(&mut connection, first_bytes);
    }
    let seen = requests.iter().flat_map(|request| holds(&plugin, &proxy, request).1);
    seen.collect()
}

#[test]
fn whatever_can_be_asked_of_a_request_its_line_answers() {
    let (hello, syn) = (fixture("tls/chromium-1.bin"), syn());
    let of_client: [(&[&str], &[u8]); 6] = [
        (&["source", "address"], b"10.77.0.1:4000"),
        (&["connection", "tls_version"], b"TLSv1.3"),
        (&["connection", "requested_server_name"], b"A.example"),
        (&["filter_state", "layerprint.tls.client_hello"], &hello),
        (&["filter_state", "layerprint.tcp.syn"], &syn),
        (&["filter_state", "layerprint.tcp.rtt_us"], b"900"),
    ];
    let opening = wire::opening(&[(1, 65_536), (2, 0), (4, 6_291_456), (6, 262_144)], 15_663_105);
    let first = [opening, wire::http2_request(1, &chrome())].concat();
    let forging = request(&[("user-agent", b"curl/7.88.1"), ("x-layerprint-verdict", b"allow")]);
    let seen = [
        connection("{}", "HTTP/2", &of_client, &first, &[chrome(), chrome(), forging]),
        // Behind a proxy that is believed: what its connection shows is not the client's.
        connection(
            RICH,
            "HTTP/2",
            &of_client,
            &first,
            &[request(&[
                (
                    "user-agent",
                    b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                ),
                ("x-forwarded-for", b"192.0.2.9"),
            ])],
        ),
        connection(
            "{}",
            "HTTP/1.1",
            &of_client[..1],
            b"POST /login HTTP/1.1\r\nHost: A.example\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
            &[request(&[("user-agent", b"curl/7.88.1"), ("accept", b"*/*")])],
        ),
    ];
    let seen: BTreeSet<_> = seen.into_iter().flatten().collect();
    // The policy has these itself, and hands them to rules from the decision and the assessment.
    let own = [
        "method",
        "host",
        "path",
        "route",
        "class",
        "agreement",
        "reason",
        "l4",
        "l7",
        "score",
    ];
    let all = Field::ALL
        .map(Field::as_str)
        .into_iter()
        .chain(Number::ALL.map(Number::as_str));
    let unseen: Vec<_> = all.filter(|name| !own.contains(name) && !seen.contains(name)).collect();
    assert_eq!(unseen, <[&str; 0]>::default(), "the law is tried on a value of each");
}

#[test]
fn where_nothing_is_known_the_line_says_so_for_the_same_reasons() {
    let seen = connection("{}", "HTTP/2", &[], b"", &[request(&[]), request(&[])]);
    assert!(!seen.contains("ja4") && !seen.contains("product"), "{seen:?}");
    let broken: [(&[&str], &[u8]); 4] = [
        (&["connection", "tls_version"], b"TLSv1.3"),
        (
            &["filter_state", "layerprint.tls.client_hello"],
            b"\x16\x03\x01\x00\x05\x01",
        ),
        (&["filter_state", "layerprint.tcp.syn"], b"4500"),
        (&["filter_state", "layerprint.tcp.rtt_us"], b"soon"),
    ];
    connection("{}", "HTTP/2", &broken, b"PRI * HTTP/2.0\r\n\r\nXX", &[chrome()]);
    let of_envoy: [(&[&str], &[u8]); 2] = [
        (&["connection", "tls_version"], b"TLSv1.2"),
        (
            &["filter_state", "layerprint.tls.ja4"],
            b"t13d1516h2_8daaf6152771_e5627efa2ab1",
        ),
    ];
    connection("{}", "HTTP/2", &of_envoy, b"", &[chrome()]);
}

#[test]
fn headers_in_any_bytes_of_any_length_and_number_are_the_same_in_the_line() {
    let browser = ("user-agent", CHROME.as_bytes());
    let long = [CHROME.as_bytes(), &b" x".repeat(1_000)].concat();
    // As long as may be, and in a text three times that.
    let no_text = [CHROME.as_bytes(), b" ", &b"\xff\xe2\x82".repeat(300)].concat();
    for value in [
        &b""[..],
        b"\xff\xfe",
        b"Chrome/\xff1",
        b"curl/\"7\\.88",
        b"\x01\t",
        &long,
        &b"\xff".repeat(400),
        &no_text,
    ] {
        for name in COMPARED {
            let own = [browser, (name, value)];
            let own = if name == "user-agent" { &own[1..] } else { &own[..] };
            connection("{}", "HTTP/2", &[], b"", &[request(own)]);
            // Twice: nobody can say which is meant, and yet it came.
            connection(
                "{}",
                "HTTP/2",
                &[],
                b"",
                &[request(&[browser, (name, value), (name, b"a")])],
            );
        }
    }
}
