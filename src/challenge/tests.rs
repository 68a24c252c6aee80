//! Puzzles and clearances, as a client meets them: what is believed, and what is not, with the reason.

#![allow(clippy::as_conversions)]

use super::answer::{HEADER, written};
use super::work::{Found, PARTS, Seed};
use super::*;
use crate::evidence::fields::borrowed;
use crate::evidence::{Evidence, Reason as Absence};
use crate::fingerprint::client::{ConnectionPrint, Http2Print};
use crate::fingerprint::combined::Part;
use crate::policy::config::Secret;
use crate::policy::config::challenge::NoScript;
use core::net::IpAddr;
use core::time::Duration;
use proptest::prelude::*;

const EASY: u8 = 10;
const HOST: &str = "a.example";

fn secret(n: u8) -> Secret {
    Secret::new(&core::array::from_fn::<u8, 32, _>(|at| n.wrapping_add(at as u8))).unwrap()
}

fn challenges_with(change: impl FnOnce(&mut Challenge)) -> Challenges {
    let mut settings = Challenge {
        keys: vec![secret(1)],
        difficulty: Difficulty::new(EASY).unwrap(),
        ..Challenge::default()
    };
    change(&mut settings);
    let mut config = Config::default();
    config.policy.difficulty = settings.difficulty;
    config.challenge = Some(settings);
    Challenges::new(&config).unwrap()
}

fn challenges() -> Challenges {
    challenges_with(|_| {})
}

fn print(tls: &str, http2: Option<&str>) -> ConnectionPrint {
    let mut print = ConnectionPrint::relayed();
    print.lp1.tls = crate::fingerprint::digest::sha256_12(&tls);
    if let Some(form) = http2 {
        print.http2 = Evidence::Seen(Http2Print {
            form: form.into(),
            md5: crate::fingerprint::digest::md5(&form),
            extended: form.into(),
        });
    }
    print
}

/// A client that asks.
#[derive(Clone)]
struct Client {
    method: &'static str,
    path: String,
    host: &'static str,
    ip: &'static str,
    print: ConnectionPrint,
    opens_websocket: bool,
    is_http3: bool,
    fields: Vec<(String, Vec<u8>)>,
    second: u64,
}

impl Client {
    fn new() -> Self {
        Self {
            method: "GET",
            path: "/wanted?x=1".to_owned(),
            host: HOST,
            ip: "192.0.2.7",
            print: print("chrome", Some("1:65536|15663105|0|m,a,s,p")),
            opens_websocket: false,
            is_http3: false,
            fields: Vec::new(),
            second: 1_000_000,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn sends(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.with(|client| client.fields.push((name.to_owned(), value.as_ref().to_vec())))
    }

    fn fields(&self) -> Vec<(&str, &[u8])> {
        borrowed(&self.fields)
    }

    /// What it asks, with its `fields`.
    fn asked<'a>(&'a self, fields: &'a Fields<'a>) -> Asked<'a> {
        Asked {
            method: self.method.as_bytes(),
            authority: self.host.as_bytes(),
            path: self.path.as_bytes(),
            fields,
            bound: Bound {
                host: self.host,
                client: Some(self.ip.parse::<IpAddr>().unwrap()),
                print: &self.print,
                opens_websocket: self.opens_websocket,
            },
            is_http3: self.is_http3,
            is_secure: true,
            reference: None,
            now: Moment(Duration::from_secs(self.second)),
        }
    }

    /// The token on the page that it gets.
    fn puzzle(&self, challenges: &Challenges) -> String {
        let page = challenges.page(&self.asked(&self.fields()), "login", challenges.settings().difficulty);
        token_of(&page.body)
    }

    fn answers(&self, challenges: &Challenges, answer: &str) -> Served {
        let client = self.clone().sends(HEADER, answer).with(|client| {
            client.method = "POST";
            client.path = challenges.settings().path.to_string();
        });
        challenges.serve(&client.asked(&client.fields()), Clearance::NotSent)
    }

    /// What it is believed when it comes with the cookie that it was given.
    fn shows(&self, challenges: &Challenges, set_cookie: &str) -> Clearance {
        let pair = set_cookie.split(';').next().unwrap();
        let client = self.clone().sends("cookie", pair);
        challenges.clearance(&client.asked(&client.fields()))
    }
}

fn token_of(body: &[u8]) -> String {
    let body = core::str::from_utf8(body).unwrap();
    let (_, behind) = body.split_once("data-token=\"").expect("a page with a puzzle");
    behind.split('"').next().unwrap().to_owned()
}

fn solve(token: &str, bits: u8) -> Found {
    let (seed, difficulty) = (Seed::of(token.as_bytes()), Difficulty::new(bits).unwrap());
    Found(core::array::from_fn(|part| {
        (0..).find(|n| seed.is_answered(difficulty, part as u32, *n)).unwrap()
    }))
}

fn cookie_of(served: &Served) -> String {
    let set = served.reply.headers.iter().find(|(name, _)| *name == "set-cookie");
    set.expect("a clearance").1.to_string()
}

fn event(served: &Served) -> Option<Event> {
    served.event
}

/// A client that has passed, and its cookie.
fn passed(challenges: &Challenges) -> (Client, String) {
    let client = Client::new();
    let token = client.puzzle(challenges);
    let served = client.answers(challenges, &written(&token, &solve(&token, EASY)));
    (client, cookie_of(&served))
}

#[test]
fn whoever_does_the_work_gets_a_clearance_that_lasts_as_long_as_it_is_said_to() {
    let challenges = challenges();
    let client = Client::new();
    let token = client.puzzle(&challenges);
    let served = client.answers(&challenges, &written(&token, &solve(&token, EASY)));
    assert_eq!(
        (served.reply.status, served.event, &*served.route),
        (204, Some(Event::Solved), "login")
    );
    let cookie = cookie_of(&served);
    let believed = |second| {
        client
            .clone()
            .with(|client| client.second = second)
            .shows(&challenges, &cookie)
    };
    let valid = Clearance::Valid(Difficulty::new(EASY).unwrap());
    assert_eq!(client.shows(&challenges, &cookie), valid);
    assert_eq!(believed(1_000_000 + 1_799), valid);
    assert_eq!(believed(1_000_000 + 1_800), Clearance::Refused(Reason::Expired));
    assert_eq!(
        challenges.clearance(&client.asked(&client.fields())),
        Clearance::NotSent
    );
}

#[test]
fn an_answer_is_worth_nothing_to_anybody_else_at_any_other_time_or_without_the_work() {
    let challenges = challenges();
    let client = Client::new();
    let token = client.puzzle(&challenges);
    let answer = written(&token, &solve(&token, EASY));
    type Change = fn(&mut Client);
    let cases: [(&str, Change, Reason); 8] = [
        ("later", |client| client.second += 301, Reason::Expired),
        ("much earlier", |client| client.second -= 31, Reason::Early),
        ("another host", |client| client.host = "b.example", Reason::Host),
        ("another network", |client| client.ip = "192.0.3.7", Reason::Network),
        ("IPv6", |client| client.ip = "2001:db8::7", Reason::Network),
        ("other TLS", |client| client.print.lp1.tls = Part::ZEROS, Reason::Tls),
        (
            "other HTTP/2",
            |client| client.print = print("chrome", Some("other")),
            Reason::Http,
        ),
        ("no HTTP/2", |client| client.print = print("chrome", None), Reason::Http),
    ];
    for (name, change, reason) in cases {
        let served = client.clone().with(change).answers(&challenges, &answer);
        assert_eq!(
            (event(&served), served.reply.status),
            (Some(Event::Failed(reason)), 403),
            "{name}"
        );
        let body = core::str::from_utf8(&served.reply.body).unwrap();
        assert!(!body.contains(reason.as_str()), "{name}: {body}");
    }
    for second in [0, 300] {
        let client = client.clone().with(|client| client.second += second);
        assert_eq!(event(&client.answers(&challenges, &answer)), Some(Event::Solved));
    }
    let same_network = client.clone().with(|client| client.ip = "192.0.2.99");
    assert_eq!(event(&same_network.answers(&challenges, &answer)), Some(Event::Solved));

    let mut found = solve(&token, EASY);
    found.0.swap(3, 9);
    let served = client.answers(&challenges, &written(&token, &found));
    assert_eq!(event(&served), Some(Event::Failed(Reason::Work)));
    let other = client.puzzle(&challenges);
    let served = client.answers(&challenges, &written(&other, &solve(&token, EASY)));
    assert_eq!(
        event(&served),
        Some(Event::Failed(Reason::Work)),
        "work on one token is none on another"
    );
}

#[test]
fn what_was_changed_in_a_token_is_seen_whatever_it_was() {
    let challenges = challenges();
    let client = Client::new();
    let token = client.puzzle(&challenges);
    let found = solve(&token, EASY);
    for at in 0..token.len() {
        let mut letters = token.clone().into_bytes();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(letters).unwrap();
        let served = client.answers(&challenges, &written(&changed, &found));
        let Some(Event::Failed(reason)) = served.event else {
            panic!("{at}: {served:?}")
        };
        assert!(
            matches!(reason, Reason::Tampered | Reason::UnknownKey | Reason::Malformed),
            "{at}: {reason:?}"
        );
    }
}

#[test]
fn easier_work_than_was_asked_for_is_none() {
    let challenges = challenges_with(|settings| settings.difficulty = Difficulty::new(16).unwrap());
    let client = Client::new();
    let token = client.puzzle(&challenges);
    let served = client.answers(&challenges, &written(&token, &solve(&token, EASY)));
    assert_eq!(event(&served), Some(Event::Failed(Reason::Work)));
}

#[test]
fn a_clearance_is_bound_as_its_puzzle_was() {
    let challenges = challenges();
    let (client, cookie) = passed(&challenges);
    let shown = |change: fn(&mut Client)| client.clone().with(change).shows(&challenges, &cookie);
    let refused = Clearance::Refused;
    assert_eq!(shown(|client| client.host = "b.example"), refused(Reason::Host));
    assert_eq!(shown(|client| client.ip = "198.51.100.7"), refused(Reason::Network));
    assert_eq!(
        shown(|client| client.print = print("curl", Some("x"))),
        refused(Reason::Tls)
    );
    assert_eq!(
        shown(|client| client.print = print("chrome", Some("x"))),
        refused(Reason::Http)
    );
    // A WebSocket over HTTP/1.1 has another HTTP, and the same TLS.
    let websocket = shown(|client| {
        client.print = print("chrome", None);
        client.opens_websocket = true;
    });
    assert!(matches!(websocket, Clearance::Valid(_)));
    let other_tls = shown(|client| {
        client.print = print("curl", None);
        client.opens_websocket = true;
    });
    assert_eq!(other_tls, refused(Reason::Tls));
    // A puzzle is no clearance, and a clearance no puzzle.
    let puzzle = client.puzzle(&challenges);
    assert_eq!(
        client.shows(&challenges, &format!("__Host-layerprint={puzzle}")),
        refused(Reason::Malformed)
    );
    let clearance = cookie
        .strip_prefix("__Host-layerprint=")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let served = client.answers(&challenges, &written(clearance, &solve(clearance, EASY)));
    assert_eq!(event(&served), Some(Event::Failed(Reason::Malformed)));
}

#[test]
fn what_is_bound_is_configured() {
    let challenges = challenges_with(|settings| {
        settings.bind.ipv4_prefix = 0;
        settings.bind.http = crate::policy::config::Switch::Off;
    });
    let (client, cookie) = passed(&challenges);
    let moved = client.clone().with(|client| {
        client.ip = "203.0.113.1";
        client.print = print("chrome", None);
    });
    assert!(matches!(moved.shows(&challenges, &cookie), Clearance::Valid(_)));
    let over_ipv6 = client.with(|client| client.ip = "2001:db8::1");
    assert_eq!(
        over_ipv6.shows(&challenges, &cookie),
        Clearance::Refused(Reason::Network)
    );
}

#[test]
fn one_network_of_ipv6_is_48_bits() {
    let challenges = challenges();
    let client = Client::new().with(|client| client.ip = "2001:db8:1:2::7");
    let token = client.puzzle(&challenges);
    let cookie = cookie_of(&client.answers(&challenges, &written(&token, &solve(&token, EASY))));
    let shown = |ip| client.clone().with(|client| client.ip = ip).shows(&challenges, &cookie);
    assert!(matches!(shown("2001:db8:1:ffff::1"), Clearance::Valid(_)));
    assert_eq!(shown("2001:db8:2:2::7"), Clearance::Refused(Reason::Network));
}

#[test]
fn a_key_can_be_changed_while_clearances_live_and_one_that_is_dropped_ends_them() {
    let old = challenges();
    let (client, cookie) = passed(&old);
    let both = challenges_with(|settings| settings.keys = vec![secret(2), secret(1)]);
    let new = challenges_with(|settings| settings.keys = vec![secret(2)]);
    assert!(matches!(client.shows(&both, &cookie), Clearance::Valid(_)));
    assert_eq!(client.shows(&new, &cookie), Clearance::Refused(Reason::UnknownKey));
    // What is made meanwhile is the new key's.
    let (client, cookie) = passed(&both);
    assert!(matches!(client.shows(&new, &cookie), Clearance::Valid(_)));
    assert_eq!(client.shows(&old, &cookie), Clearance::Refused(Reason::UnknownKey));
}

#[test]
fn one_clearance_that_is_believed_is_enough_and_its_name_is_another_one_over_http3() {
    let challenges = challenges();
    let (client, cookie) = passed(&challenges);
    let pair = cookie.split(';').next().unwrap();
    let tossed = client.clone().sends("cookie", format!("__Host-layerprint=x; {pair}"));
    assert!(matches!(
        challenges.clearance(&tossed.asked(&tossed.fields())),
        Clearance::Valid(_)
    ));
    let wrong = client
        .clone()
        .sends("cookie", "__Host-layerprint=x; __Host-layerprint=");
    assert_eq!(
        challenges.clearance(&wrong.asked(&wrong.fields())),
        Clearance::Refused(Reason::Malformed)
    );
    let over_http3 = client.with(|client| client.is_http3 = true);
    assert_eq!(over_http3.shows(&challenges, &cookie), Clearance::NotSent);
    let token = over_http3.puzzle(&challenges);
    let served = over_http3.answers(&challenges, &written(&token, &solve(&token, EASY)));
    assert!(cookie_of(&served).starts_with("__Host-layerprint-h3="));
    assert!(matches!(
        over_http3.shows(&challenges, &cookie_of(&served)),
        Clearance::Valid(_)
    ));
}

#[test]
fn nobody_reads_a_key_an_address_or_a_fingerprint_out_of_a_token() {
    let challenges = challenges();
    let shown = format!("{:?} {:?}", challenges.settings(), challenges.keys);
    assert!(shown.contains("Secret(…)"), "{shown}");
    for byte in 1..=32 {
        let run = format!("{byte}, {}, {}", byte + 1, byte + 2);
        assert!(!shown.contains(&run), "{run} in {shown}");
    }
    let client = Client::new();
    let other = client.clone().with(|client| client.ip = "192.0.3.7");
    let other_key = challenges_with(|settings| settings.keys = vec![secret(7)]);
    let bound = |challenges: &Challenges, client: &Client| {
        let (token, _) = Token::open(Kind::Puzzle, client.puzzle(challenges).as_bytes(), &challenges.keys).unwrap();
        token.bound
    };
    let (one, two) = (bound(&challenges, &client), bound(&challenges, &other));
    assert_eq!(one.host, two.host);
    assert_ne!(one.network, two.network);
    assert_ne!(one.host, bound(&other_key, &client).host);
}

#[test]
fn the_own_path_leads_to_where_one_wanted_to_go() {
    let challenges = challenges();
    let at = |path: &str| Client::new().with(|client| client.path = path.to_owned());
    let serve = |client: &Client, clearance| challenges.serve(&client.asked(&client.fields()), clearance);
    let page = serve(&at("/.layerprint/challenge?to=/a%3Fb"), Clearance::NotSent);
    assert_eq!((page.reply.status, page.event), (200, Some(Event::Issued)));
    let valid = Clearance::Valid(Difficulty::new(EASY).unwrap());
    let done = serve(&at("/.layerprint/challenge?to=/a%3Fb"), valid);
    assert_eq!((done.reply.status, done.event), (303, None));
    assert!(done.reply.headers.contains(&("location", "/a?b".into())));
    let round = serve(&at("/.layerprint/challenge?to=/.layerprint/challenge"), valid);
    assert!(round.reply.headers.contains(&("location", "/".into())));
    let other = at("/.layerprint/challenge").with(|client| client.method = "DELETE");
    assert_eq!(serve(&other, valid).reply.status, 405);
    assert!(challenges.serves(b"/.layerprint/challenge") && challenges.serves(b"/.layerprint/challenge?x"));
    assert!(!challenges.serves(b"/.layerprint/challenges") && !challenges.serves(b"/"));
}

#[test]
fn whoever_waits_is_cleared_where_that_is_configured() {
    let challenges = challenges_with(|settings| settings.no_script = NoScript::Wait(Duration::from_secs(15)));
    let client = Client::new();
    let token = client.puzzle(&challenges);
    let back = |challenges: &Challenges, second, token: &str| {
        let path = format!("/.layerprint/challenge?wait={token}&to=/wanted");
        let client = client.clone().with(|client| {
            client.path = path;
            client.second += second;
        });
        challenges.serve(&client.asked(&client.fields()), Clearance::NotSent)
    };
    let early = back(&challenges, 14, &token);
    assert_eq!(
        (early.reply.status, early.event),
        (200, Some(Event::Failed(Reason::Early)))
    );
    let waited = back(&challenges, 15, &token);
    assert_eq!((waited.reply.status, waited.event), (303, Some(Event::Waited)));
    assert!(waited.reply.headers.contains(&("location", "/wanted".into())));
    assert!(matches!(
        client.shows(&challenges, &cookie_of(&waited)),
        Clearance::Valid(_)
    ));
    assert_eq!(
        event(&back(&challenges, 301, &token)),
        Some(Event::Failed(Reason::Expired))
    );
    // Where nobody may wait, nobody has.
    let script = self::challenges();
    assert_eq!(event(&back(&script, 15, &client.puzzle(&script))), Some(Event::Issued));
}

#[test]
fn without_tls_there_is_no_puzzle() {
    let challenges = challenges();
    let client = Client::new();
    let fields = client.fields();
    let asked = Asked {
        is_secure: false,
        ..client.asked(&fields)
    };
    let page = challenges.page(&asked, "login", Difficulty::DEFAULT);
    assert!(!String::from_utf8(page.body).unwrap().contains("data-token"));
}

/// The numbers of hashes that `count` puzzles take, beside what they should.
#[test]
fn a_puzzle_takes_as_many_hashes_as_its_difficulty_says_and_parts_make_that_even() {
    let (bits, count) = (13, 400);
    let client = Client::new();
    let challenges = challenges();
    let mut all = Vec::new();
    for _ in 0..count {
        let token = client.puzzle(&challenges);
        let found = solve(&token, bits);
        all.push(found.0.iter().map(|n| f64::from(*n) + 1.0).sum::<f64>());
    }
    let expected = f64::from(1_u32 << bits);
    let mean = all.iter().sum::<f64>() / f64::from(count);
    assert!((mean / expected - 1.0).abs() < 0.06, "{mean} beside {expected}");
    let variance = all.iter().map(|taken| (taken - mean).powi(2)).sum::<f64>() / f64::from(count);
    let spread = variance.sqrt() / expected;
    assert!((0.2..0.3).contains(&spread), "{spread}");
}

proptest! {
    #[test]
    fn any_bytes_are_an_answer_or_a_cookie_that_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), cut in 0_usize..200) {
        let challenges = challenges();
        let client = Client::new();
        let served = client.clone().sends(HEADER, &bytes).with(|client| client.method = "POST");
                let served = challenges.serve(&served.asked(&served.fields()), Clearance::NotSent);
        prop_assert_eq!(served.event, Some(Event::Failed(Reason::Malformed)));
        let mut cookie = b"__Host-layerprint=".to_vec();
        cookie.extend(&bytes);
        let sender = client.clone().sends("cookie", &cookie);
        let shown = challenges.clearance(&sender.asked(&sender.fields()));
        prop_assert!(!matches!(shown, Clearance::Valid(_)));
        // Every prefix of a real answer.
        let token = client.puzzle(&challenges);
        let answer = written(&token, &Found([0; PARTS]));
        if let Some(prefix) = answer.get(..cut) && cut < answer.len() {
            let served = client.answers(&challenges, prefix);
            prop_assert_eq!(served.event, Some(Event::Failed(Reason::Malformed)));
        }
    }
}

#[test]
fn a_client_is_told_by_what_it_looks_like_even_when_nothing_is_seen() {
    let unseen = ConnectionPrint::relayed();
    assert_eq!(unseen.http2, Evidence::Missing(Absence::Relayed));
    let challenges = challenges();
    let client = Client::new().with(|client| client.print = unseen);
    let token = client.puzzle(&challenges);
    let cookie = cookie_of(&client.answers(&challenges, &written(&token, &solve(&token, EASY))));
    assert!(matches!(client.shows(&challenges, &cookie), Clearance::Valid(_)));
    let moved = client.with(|client| client.ip = "198.51.100.1");
    assert_eq!(moved.shows(&challenges, &cookie), Clearance::Refused(Reason::Network));
}
