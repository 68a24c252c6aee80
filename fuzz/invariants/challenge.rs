//! What holds for whatever a client sends of challenges: any bytes as path, host, `Referer`, `Accept-Language`, cookie and answer, with a
//! puzzle, its answer and a clearance of its own to put in.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::thread_local;
use std::time::Duration;

use crate::random::Random;
use layerprint::challenge::answer::{HEADER, written};
use layerprint::challenge::page::MAX_BYTES;
use layerprint::challenge::work::{Found, PARTS, Seed};
use layerprint::challenge::{Asked, Bound, Challenges, Clearance, Event, Reason, Reply};
use layerprint::evidence::fields::{Fields as Borrowed, borrowed};
use layerprint::fingerprint::client::ConnectionPrint;
use layerprint::fingerprint::digest::sha256_12;
use layerprint::memory::store::Moment;
use layerprint::policy::config::Config;
use sha2::{Digest, Sha256};

/// What the lines give, in their order; the first two are the path and the host.
const NAMES: [&str; 4] = ["referer", "accept-language", "cookie", HEADER];
/// What stands in a line for what the client was given: its puzzle, the numbers that answer it, its clearance.
const PLACES: [&str; 3] = ["{p}", "{n}", "{c}"];
const COOKIE: &str = "__Host-layerprint";
const PATH: &str = "/.layerprint/challenge";
/// When the client was given what it has.
const BEGUN: u64 = 1_000_000;
const WAIT: u64 = 10;
const WITHIN: u64 = 60;
const LASTS: u64 = 120;
/// How far two clocks may be apart.
const SKEW: u64 = 30;
/// Times around all that happens, of which an input has one.
const TIMES: [u64; 9] = [
    BEGUN - SKEW - 1,
    BEGUN - SKEW,
    BEGUN,
    BEGUN + WAIT - 1,
    BEGUN + WAIT,
    BEGUN + WITHIN,
    BEGUN + WITHIN + 1,
    BEGUN + LASTS - 1,
    BEGUN + LASTS,
];

type Fields = Vec<(String, Vec<u8>)>;

/// A site, and what an honest client has of it.
struct World {
    challenges: Challenges,
    honest: Client,
    given: [String; 3],
    marks: RefCell<BTreeMap<(String, bool), [Marks; 2]>>,
}

/// How many there are of each of [`MARKS`].
type Marks = [usize; 4];
const MARKS: &[u8; 4] = b"<>\"'";

thread_local! {
    static WORLDS: [World; 2] = [
        World::new(r#""contact""#),
        World::new(&format!(r#"{{"wait_s":{WAIT}}}"#)),
    ];
}

/// Checks every law for `bytes`; panics at the first that is broken. Which of two sites they come to, at what time, and how its page is
/// asked for, the bytes say by chance: there are pages of 9 KB to look through each time.
pub(crate) fn holds(bytes: &[u8]) {
    let mut random = Random::from_bytes(bytes);
    let world = random.between(0, 1);
    WORLDS.with(|worlds| worlds[world].holds(bytes, &mut random));
}

/// Who asks, and when.
#[derive(Clone)]
struct Client {
    method: &'static str,
    path: Vec<u8>,
    authority: Vec<u8>,
    fields: Fields,
    ip: [u8; 4],
    print: ConnectionPrint,
    is_secure: bool,
    second: u64,
}

impl Client {
    fn honest() -> Self {
        let mut print = ConnectionPrint::relayed();
        print.lp1.tls = sha256_12(&"a client");
        Self {
            method: "GET",
            path: b"/wanted".to_vec(),
            authority: b"a.example".to_vec(),
            fields: Vec::new(),
            ip: [192, 0, 2, 7],
            print,
            is_secure: true,
            second: BEGUN,
        }
    }

    fn fields(&self) -> Vec<(&str, &[u8])> {
        borrowed(&self.fields)
    }

    /// What it asks, with its `fields`.
    fn asked<'a>(&'a self, fields: &'a Borrowed<'a>) -> Asked<'a> {
        Asked {
            method: self.method.as_bytes(),
            authority: &self.authority,
            path: &self.path,
            fields,
            bound: Bound {
                host: std::str::from_utf8(&self.authority).unwrap_or_default(),
                client: Some(self.ip.into()),
                print: &self.print,
                opens_websocket: false,
            },
            is_http3: false,
            is_secure: self.is_secure,
            reference: None,
            now: Moment(Duration::from_secs(self.second)),
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut other = self.clone();
        change(&mut other);
        other
    }

    fn sends(&self, name: &str, value: &str) -> Self {
        self.with(|client| client.fields = vec![(name.to_owned(), value.into())])
    }
}

impl World {
    fn new(noscript: &str) -> Self {
        let config = format!(
            r#"{{"challenge":{{"keys":["rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE="],"difficulty":10,"noscript":{noscript},
                "answer_within_s":{WITHIN},"clearance":{{"for_s":{LASTS}}},"contact":"mailto:help@a.example"}}}}"#
        );
        let challenges = Challenges::new(&Config::parse(config.as_bytes()).unwrap()).unwrap();
        let honest = Client::honest();
        let given = given(&challenges, &honest);
        Self {
            challenges,
            honest,
            given,
            marks: RefCell::default(),
        }
    }

    fn holds(&self, bytes: &[u8], random: &mut Random) {
        let client = self.client(bytes, TIMES[random.between(0, TIMES.len() - 1)]);
        self.cookies_hold(&client);
        let methods = ["GET", "POST", "HEAD", "PUT"];
        let by = |method| client.with(|client| client.method = method);
        self.page_holds(&by(methods[random.between(0, 3)]));
        for method in methods {
            self.answer_holds(&by(method));
        }
        self.honest_holds(&client, random);
    }

    /// The client that these lines describe: the one that was given something, but for what they say.
    fn client(&self, bytes: &[u8], second: u64) -> Client {
        let mut lines = bytes.splitn(NAMES.len() + 2, |byte| *byte == b'\n');
        let mut line = || self.filled_in(lines.next().unwrap_or_default());
        let (path, authority) = (line(), line());
        let fields = NAMES.map(|name| (name.to_owned(), line()));
        self.honest.with(|client| {
            client.path = path;
            if !authority.is_empty() {
                client.authority = authority;
            }
            client.fields = fields.into();
            client.is_secure = bytes.len() % 4 != 3;
            client.second = second;
        })
    }

    fn filled_in(&self, line: &[u8]) -> Vec<u8> {
        let mut filled = Vec::new();
        let mut rest = line;
        while let Some((first, behind)) = rest.split_first() {
            let mut places = PLACES.iter().zip(&self.given);
            match places.find_map(|(place, given)| Some((rest.strip_prefix(place.as_bytes())?, given))) {
                Some((behind, given)) => {
                    filled.extend(given.as_bytes());
                    rest = behind;
                }
                None => {
                    filled.push(*first);
                    rest = behind;
                }
            }
        }
        filled
    }

    /// Whether the client may be believed where it is who was given what it shows.
    fn is_same(&self, client: &Client) -> bool {
        let host = |client: &Client| {
            let host = String::from_utf8(client.authority.clone()).unwrap_or_default();
            host.trim_end_matches('.').to_owned()
        };
        host(client) == host(&self.honest)
    }

    /// A clearance is one that was given, in its time, to this client; and none of ours goes upstream.
    fn cookies_hold(&self, client: &Client) {
        let fields = client.fields();
        let asked = client.asked(&fields);
        let cookies = client.fields.iter().find(|(name, _)| name == "cookie");
        let (_, cookies) = cookies.unwrap();
        let clearance = self.challenges.clearance(&asked);
        if let Clearance::Valid(difficulty) = clearance {
            let own = format!("{COOKIE}={}", self.given[2]);
            assert!(pairs(cookies).any(|pair| pair == own.as_bytes()), "{cookies:?}");
            assert!(self.is_same(client) && client.second < BEGUN + LASTS);
            assert_eq!(difficulty.bits(), 10);
        }
        let is_shown = self.challenges.is_shown(&client.fields());
        assert!(
            is_shown || clearance == Clearance::NotSent,
            "what is passed over is none"
        );
        let left = self.challenges.without_ours(&client.fields());
        let is_ours = |pair: &&[u8]| {
            let rest = pair.strip_prefix(COOKIE.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b"=") || rest.starts_with(b"-h3="))
        };
        assert_eq!(left.is_some(), pairs(cookies).any(|pair| is_ours(&pair)));
        assert!(is_shown || left.is_none());
        if let Some(left) = left {
            let others: Vec<_> = pairs(cookies).filter(|pair| !is_ours(pair)).collect();
            assert_eq!(pairs(&left).collect::<Vec<_>>(), others);
        }
    }

    /// A page has no more markup than one for a client that sends nothing strange.
    fn page_holds(&self, client: &Client) {
        let difficulty = self.challenges.settings().difficulty;
        let page = self
            .challenges
            .page(&client.asked(&client.fields()), "default", difficulty);
        reply_holds(&Reply::of_page(403, page.clone()));
        let language = client.fields.iter().find(|(name, _)| name == "accept-language");
        let (_, language) = language.unwrap();
        let alike = self.marks_of_tame(language, client.is_secure);
        assert!(
            alike.contains(&marks(&page.body)),
            "{:?} has other marks than the tame ones: {:?}",
            attributes(&page.body),
            client.fields
        );
        if client.is_secure {
            leads_home(&attribute(&page.body, "data-to"), true);
        }
    }

    /// How many marks of HTML pages have that tell a client of this language where to go, and that do not.
    fn marks_of_tame(&self, language: &[u8], is_secure: bool) -> [Marks; 2] {
        let difficulty = self.challenges.settings().difficulty;
        let page = |authority: &str| {
            let tame = self.honest.with(|client| {
                client.authority = authority.into();
                client.fields = vec![("accept-language".to_owned(), language.to_owned())];
                client.is_secure = is_secure;
            });
            self.challenges.page(&tame.asked(&tame.fields()), "default", difficulty)
        };
        let told = page("a.example");
        let chosen = told.headers.iter().find(|(name, _)| *name == "content-language");
        let chosen = (chosen.unwrap().1.to_string(), is_secure);
        let mut known = self.marks.borrow_mut();
        *known
            .entry(chosen)
            .or_insert_with(|| [marks(&told.body), marks(&page("\"").body)])
    }

    /// What the path answers, and what it believes.
    fn answer_holds(&self, client: &Client) {
        let path = match self.challenges.serves(&client.path) {
            true => client.path.clone(),
            false => [PATH.as_bytes(), b"?", &client.path].concat(),
        };
        let client = &client.with(|client| client.path = path);
        let fields = client.fields();
        let asked = client.asked(&fields);
        assert!(self.challenges.serves(asked.path));
        let served = self.challenges.serve(&asked, self.challenges.clearance(&asked));
        reply_holds(&served.reply);
        let header = |name| {
            let mut of_name = served.reply.headers.iter().filter(move |(found, _)| *found == name);
            of_name.next().map(|(_, value)| value.to_string())
        };
        let is_given = matches!(served.event, Some(Event::Solved | Event::Waited));
        assert_eq!(header("set-cookie").is_some(), is_given);
        if let Some(to) = header("location") {
            leads_home(&to, false);
        }
        let age = client.second.saturating_sub(BEGUN);
        match served.event {
            Some(Event::Solved) => {
                let (_, answer) = client.fields.iter().find(|(name, _)| name == HEADER).unwrap();
                assert_eq!(client.method, "POST");
                assert!(is_answer(answer, &self.given[0]), "{answer:?}");
                assert!(self.is_same(client) && client.second + SKEW >= BEGUN && age <= WITHIN);
            }
            Some(Event::Waited) => {
                let path = String::from_utf8_lossy(&client.path);
                assert!(path.contains(&format!("wait={}", self.given[0])), "{path}");
                assert!(self.is_same(client) && (WAIT..=WITHIN).contains(&age));
            }
            Some(Event::Failed(_)) => assert!(served.reply.status == 403 || served.reply.status == 200),
            Some(Event::Issued) | None => {}
            Some(event) => panic!("{event:?} does not happen at the path"),
        }
    }

    /// Whoever does the work in time passes, whatever else it sends, and passes for as long as it was told; another does not.
    fn honest_holds(&self, client: &Client, random: &mut Random) {
        let second = BEGUN + u64::try_from(random.between(0, usize::try_from(WITHIN).unwrap())).unwrap();
        let [puzzle, numbers, _] = &self.given;
        let honest = client.with(|client| {
            client.method = "POST";
            client.authority = self.honest.authority.clone();
            client.second = second;
            client.fields.retain(|(name, _)| name != HEADER && name != "cookie");
        });
        let answer = |client: &Client| {
            let client = client.with(|client| {
                client
                    .fields
                    .push((HEADER.to_owned(), format!("{puzzle}~{numbers}").into()));
            });
            let served = self
                .challenges
                .serve(&client.asked(&client.fields()), Clearance::NotSent);
            (served.event, cookie_of(&served.reply))
        };
        let (event, cookie) = answer(&honest);
        assert_eq!(event, Some(Event::Solved));
        let cookie = cookie.unwrap();
        let until = second + LASTS;
        let shows = |client: &Client| {
            let client = client.with(|client| {
                client
                    .fields
                    .push(("cookie".to_owned(), format!("{COOKIE}={cookie}").into()));
            });
            self.challenges.clearance(&client.asked(&client.fields()))
        };
        let at = |second| honest.with(|client| client.second = second);
        assert!(matches!(shows(&at(second)), Clearance::Valid(_)));
        assert!(matches!(shows(&at(until - 1)), Clearance::Valid(_)));
        assert_eq!(shows(&at(until)), Clearance::Refused(Reason::Expired));
        assert_eq!(answer(&at(BEGUN + WITHIN + 1)).0, Some(Event::Failed(Reason::Expired)));
        let others = [
            (honest.with(|other| other.authority.push(b'x')), Reason::Host),
            (honest.with(|other| other.ip[2] ^= 1), Reason::Network),
            (
                honest.with(|other| other.print.lp1.tls = sha256_12(&"another")),
                Reason::Tls,
            ),
        ];
        for (other, reason) in others {
            assert_eq!(shows(&other), Clearance::Refused(reason));
            assert_eq!(answer(&other).0, Some(Event::Failed(reason)));
        }
        // One letter makes another token of it, whatever letter and whichever.
        let place = random.between(0, cookie.len() - 1);
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~=";
        let mut changed = cookie.clone().into_bytes();
        changed[place] = letters[random.between(0, letters.len() - 1)];
        if changed != cookie.as_bytes() {
            let changed = String::from_utf8(changed).unwrap();
            let other = honest.sends("cookie", &format!("{COOKIE}={changed}"));
            assert!(matches!(
                self.challenges.clearance(&other.asked(&other.fields())),
                Clearance::Refused(_)
            ));
        }
    }
}

/// A puzzle, its answer, and the clearance that this earns.
fn given(challenges: &Challenges, client: &Client) -> [String; 3] {
    let page = challenges.page(
        &client.asked(&client.fields()),
        "default",
        challenges.settings().difficulty,
    );
    let token = attribute(&page.body, "data-token");
    let seed = Seed::of(token.as_bytes());
    let mut found = Found([0; PARTS]);
    for (part, n) in (0..).zip(&mut found.0) {
        let difficulty = challenges.settings().difficulty;
        *n = (0..).find(|n| seed.is_answered(difficulty, part, *n)).unwrap();
    }
    let answer = written(&token, &found);
    let client = client.sends(HEADER, &answer).with(|client| client.method = "POST");
    let served = challenges.serve(&client.asked(&client.fields()), Clearance::NotSent);
    let (_, numbers) = answer.split_once('~').unwrap();
    [token, numbers.to_owned(), cookie_of(&served.reply).unwrap()]
}

fn cookie_of(reply: &Reply) -> Option<String> {
    let (_, set) = reply.headers.iter().find(|(name, _)| *name == "set-cookie")?;
    let value = set.strip_prefix(COOKIE).unwrap().strip_prefix('=').unwrap();
    let (value, attributes) = value.split_once("; ").unwrap();
    assert_eq!(
        attributes,
        format!("Path=/; Max-Age={LASTS}; HttpOnly; Secure; SameSite=Lax")
    );
    Some(value.to_owned())
}

fn pairs(cookies: &[u8]) -> impl Iterator<Item = &[u8]> {
    let pairs = cookies.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    pairs.filter(|pair| !pair.is_empty())
}

/// Headers are lines of plain letters, each there once; a body is text, and no longer than it may be.
fn reply_holds(reply: &Reply) {
    let names: BTreeSet<_> = reply.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), reply.headers.len());
    for (name, value) in &reply.headers {
        assert!(
            value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{name}: {value:?}"
        );
    }
    assert!(
        reply
            .headers
            .iter()
            .any(|(name, value)| *name == "cache-control" && value == "no-store")
    );
    assert!(reply.body.len() <= MAX_BYTES, "{} bytes", reply.body.len());
    let is_plain = |letter: char| letter == '\n' || !letter.is_control();
    assert!(without_own(&reply.body).iter().all(|part| part.chars().all(is_plain)));
}

/// A body without its style and its script, which are the same for everyone: the policy, which has their hashes, sees to that.
fn without_own(body: &[u8]) -> [&str; 3] {
    let body = std::str::from_utf8(body).unwrap();
    let (head, rest) = body.split_once("<style>").unwrap_or((body, ""));
    let (_, rest) = rest.split_once("</style>").unwrap_or_default();
    let (main, rest) = rest.split_once("<script>").unwrap_or((rest, ""));
    let (_, end) = rest.rsplit_once("</script>").unwrap_or_default();
    [head, main, end]
}

fn marks(page: &[u8]) -> Marks {
    let mut found = [0; 4];
    for byte in without_own(page).iter().flat_map(|part| part.bytes()) {
        if let Some(mark) = MARKS.iter().position(|mark| *mark == byte) {
            found[mark] += 1;
        }
    }
    found
}

/// The tag that holds what comes from the client, for words about a failure.
fn attributes(page: &[u8]) -> String {
    let page = String::from_utf8_lossy(page);
    let (_, behind) = page.split_once("<main").unwrap_or_default();
    behind.chars().take(400).collect()
}

/// The value of the one attribute of this name in a page.
fn attribute(page: &[u8], name: &str) -> String {
    let page = std::str::from_utf8(page).unwrap();
    let (_, behind) = page.split_once(&format!(" {name}=\"")).unwrap();
    let (value, _) = behind.split_once('"').unwrap();
    let plain = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    plain
        .iter()
        .fold(value.to_owned(), |value, (from, to)| value.replace(from, to))
}

/// `to` is a path of the same host, however a browser reads it (WHATWG URL, 4.4); or nothing, where that is allowed.
fn leads_home(to: &str, may_be_empty: bool) {
    if to.is_empty() && may_be_empty {
        return;
    }
    let mut letters = to.bytes();
    assert_eq!(letters.next(), Some(b'/'), "{to:?}");
    assert!(!matches!(letters.next(), Some(b'/' | b'\\')), "{to:?}");
    assert!(
        to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\'),
        "{to:?}"
    );
}

/// Whether `answer` is one to this puzzle, by the letter of what an answer is.
fn is_answer(answer: &[u8], puzzle: &str) -> bool {
    let Some(numbers) = answer
        .strip_prefix(puzzle.as_bytes())
        .and_then(|rest| rest.strip_prefix(b"~"))
    else {
        return false;
    };
    let mut bits = Vec::new();
    for letter in numbers {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let Some(value) = alphabet.iter().position(|known| known == letter) else {
            return false;
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let number = |bits: &[bool]| bits.iter().fold(0_u32, |all, bit| all << 1 | u32::from(*bit));
    let numbers: Vec<u32> = bits.chunks_exact(32).map(number).collect();
    let zeros = |(part, n): (u32, &u32)| {
        let seed = Sha256::digest(puzzle);
        let hash = Sha256::digest([&seed[..], &part.to_be_bytes(), &n.to_be_bytes()].concat());
        u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]).leading_zeros()
    };
    numbers.len() == PARTS && (0..).zip(&numbers).all(|one| zeros(one) >= 6)
}
