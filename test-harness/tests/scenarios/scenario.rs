//! What a scenario is: bytes and a configuration in, headers and a log line out.

use super::wire;
use serde_json::Value;

/// A variable that every VM has: a key, in base64.
pub const VARIABLE: (&str, &str) = (
    "LAYERPRINT_CHALLENGE_KEY",
    "rB3VQmzqQW5o8zq0t1P2mG4mS3wYxX1dX6m8o3wq9yE=",
);

pub type Fields = Vec<(String, Vec<u8>)>;

/// One client's connection, and what must be seen of it.
pub struct Scenario {
    pub name: &'static str,
    pub configuration: &'static str,
    pub client: Client,
    pub pieces: Pieces,
    pub in_envoy: Fate,
    /// What must hold of the request of this number, from 0.
    pub expect: Vec<(usize, Expect)>,
}

/// What the client sends.
pub enum Client {
    /// Heads of HTTP/1 requests without a body, as they go over the wire.
    Http1(Vec<Vec<u8>>),
    /// Preface and frames before the first HEADERS, then the header lists of the requests.
    Http2 { opening: Vec<u8>, requests: Vec<Fields> },
    /// Bytes that never become a request.
    Bytes(Vec<u8>),
    /// The first bytes of a TLS connection that is passed through unopened: no request, but a line of its own.
    Tls(Vec<u8>),
}

/// How the connection's first bytes arrive.
#[derive(Clone, Copy, PartialEq)]
pub enum Pieces {
    Whole,
    Bytewise,
}

/// What Envoy does with it before the filter is asked.
#[derive(Clone, Copy, PartialEq)]
pub enum Fate {
    Served,
    /// Envoy ends the connection with GOAWAY: the rules that the other runners show are never reached.
    Refused,
}

/// What the upstream and the access log see of one request, or the latter of one connection that is passed through.
#[derive(Debug)]
pub struct Seen {
    pub headers: Fields,
    pub line: Value,
}

/// Something that must hold.
#[derive(Debug)]
pub enum Expect {
    /// This request header reaches the upstream once, with this value.
    Header(&'static str, Vec<u8>),
    /// It does not reach the upstream.
    NoHeader(&'static str),
    /// A member of the log line.
    Line(&'static str, Value),
    /// A piece of evidence that is missing for a reason.
    Missing(&'static str, &'static str),
    /// The log line of this request has the same member as the first one's.
    SameAsFirst(&'static str),
}

impl Seen {
    pub fn of_connection(line: Value) -> Self {
        let headers = Fields::new();
        Self { headers, line }
    }
}

impl Scenario {
    pub fn new(name: &'static str, client: Client) -> Self {
        Self {
            name,
            configuration: "{}",
            client,
            pieces: Pieces::Whole,
            in_envoy: Fate::Served,
            expect: Vec::new(),
        }
    }

    pub fn configured(mut self, configuration: &'static str) -> Self {
        self.configuration = configuration;
        self
    }

    pub fn bytewise(mut self) -> Self {
        self.pieces = Pieces::Bytewise;
        self
    }

    pub fn refused_by_envoy(mut self) -> Self {
        self.in_envoy = Fate::Refused;
        self
    }

    pub fn header(self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        self.and(0, Expect::Header(name, value.as_ref().to_vec()))
    }

    pub fn no_header(self, name: &'static str) -> Self {
        self.and(0, Expect::NoHeader(name))
    }

    pub fn line(self, member: &'static str, value: impl Into<Value>) -> Self {
        self.and(0, Expect::Line(member, value.into()))
    }

    pub fn missing(self, member: &'static str, reason: &'static str) -> Self {
        self.and(0, Expect::Missing(member, reason))
    }

    pub fn and(mut self, request: usize, expect: Expect) -> Self {
        self.expect.push((request, expect));
        self
    }

    fn requests(&self) -> usize {
        match &self.client {
            Client::Http1(heads) => heads.len(),
            Client::Http2 { requests, .. } => requests.len(),
            Client::Bytes(_) => 0,
            // The one line of the connection.
            Client::Tls(_) => 1,
        }
    }

    /// The protocol's name, and the header map of each request as the proxy makes it.
    pub fn maps(&self) -> (String, Vec<Fields>) {
        let (protocol, mut maps) = match &self.client {
            Client::Http1(heads) => {
                let maps: Vec<_> = heads.iter().map(|head| wire::map_of_http1(head)).collect();
                (maps[0].0.clone(), maps.into_iter().map(|(_, map)| map).collect())
            }
            Client::Http2 { requests, .. } => ("HTTP/2".to_owned(), requests.clone()),
            Client::Bytes(_) | Client::Tls(_) => (String::new(), Vec::new()),
        };
        for map in &mut maps {
            map.extend(wire::added_by_envoy());
        }
        (protocol, maps)
    }

    /// The connection's bytes up to the end of its first request, in the pieces that they come in.
    pub fn first_bytes(&self) -> Vec<Vec<u8>> {
        let whole = match &self.client {
            Client::Http1(heads) => heads[0].clone(),
            Client::Http2 { opening, requests } => [opening.clone(), wire::http2_request(1, &requests[0])].concat(),
            Client::Bytes(bytes) | Client::Tls(bytes) => bytes.clone(),
        };
        match self.pieces {
            Pieces::Whole => vec![whole],
            Pieces::Bytewise => whole.chunks(1).map(<[u8]>::to_vec).collect(),
        }
    }
}

impl Expect {
    fn holds(&self, seen: &Seen, first: &Seen) -> bool {
        let values = |name: &str| -> Vec<&[u8]> {
            let of_name = seen
                .headers
                .iter()
                .filter(|(known, _)| known.eq_ignore_ascii_case(name));
            of_name.map(|(_, value)| value.as_slice()).collect()
        };
        match self {
            Self::Header(name, value) => values(name) == [value.as_slice()],
            Self::NoHeader(name) => values(name).is_empty(),
            Self::Line(member, value) => seen.line[member] == *value,
            Self::Missing(member, reason) => seen.line.get(member).is_none() && seen.line["missing"][member] == *reason,
            Self::SameAsFirst(member) => seen.line[member] == first.line[member],
        }
    }
}

/// Runs `scenario` and asserts all that it expects.
pub fn check(scenario: &Scenario, run: impl FnOnce(&Scenario) -> Vec<Seen>) {
    let seen = run(scenario);
    assert_eq!(seen.len(), scenario.requests(), "{}: requests served", scenario.name);
    for (number, expect) in &scenario.expect {
        let of_request = &seen[*number];
        assert!(
            expect.holds(of_request, &seen[0]),
            "{}: request {number}: expected {expect:?}, saw {}\n{}",
            scenario.name,
            show(&of_request.headers),
            of_request.line,
        );
    }
}

fn show(headers: &Fields) -> String {
    let short = |value: &[u8]| String::from_utf8_lossy(value).chars().take(120).collect::<String>();
    headers
        .iter()
        .take(40)
        .map(|(name, value)| format!("\n  {name}: {}", short(value)))
        .collect()
}
