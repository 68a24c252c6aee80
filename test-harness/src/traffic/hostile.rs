//! Hostile requests: each of a kind, made from its number, and what came back.
//!
//! All that is forged as ours carries [`FORGED`], and nothing else does: where the upstream received it, something was let through.

use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::chance::Chance;
use super::connection::{Connection, source};
use super::frames::{self, Ending, kind};
use super::text::{METHODS, PATHS, claims};
use crate::stack::Ports;

/// What every forged annotation says.
pub const FORGED: &str = "forged-by-a-client";
/// What an upstream that echoes shows of a request that the filter annotated.
const ANNOTATED: &str = "x-layerprint-verdict";
/// Names that are ours alone, in ways to write them.
const OURS: [&str; 8] = [
    "x-layerprint-verdict",
    "X-Layerprint-Verdict",
    "X-LAYERPRINT-ID",
    "x-layerprint-reasons",
    "x-layerprint-",
    "X-LayerPrint-Anything-At-All",
    "x-layerprint-ja4",
    "x-layerprint-clearance",
];
/// How long is waited for an answer that may never come: with a window of nothing there is none.
const MOMENT: Duration = Duration::from_millis(50);

/// A kind of hostility.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Annotations forged over HTTP/1, in any case, once and often.
    Forged,
    /// The same in trailers.
    ForgedTrailers,
    /// The same over HTTP/2, in headers and trailers.
    ForgedHttp2,
    /// Values with bytes that are no UTF-8.
    NotUtf8,
    /// A hundred headers, and now and then 900.
    ManyHeaders,
    /// Cookies of up to 60 KiB.
    HugeCookies,
    /// Methods that are none.
    OddMethods,
    /// Paths that are none.
    OddPaths,
    /// Headers that the filter reads, their values spoiled.
    Claims,
    /// Answers to a challenge that nobody asked.
    Challenge,
    /// Heads with any bytes changed.
    SpoiledHead,
    /// Any bytes where a request belongs.
    Noise,
    /// HTTP/2 with SETTINGS that say anything.
    OddSettings,
    /// HTTP/2 with priorities of streams that are not there.
    Priorities,
    /// HTTP/2 whose header block comes in many frames.
    Fragments,
    /// HTTP/2 with any bytes changed.
    SpoiledHttp2,
    /// Any bytes where TLS is passed through.
    PassthroughNoise,
    /// A ClientHello with any bytes changed, where TLS is passed through.
    PassthroughHello,
    /// The same where TLS ends.
    Hello,
    /// A request that ends in a reset.
    Reset,
}

/// What became of a hostile request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The status of its answer; none where there was none.
    pub status: Option<u16>,
    /// The upstream received it, with what the filter says of it.
    pub annotated: bool,
    /// The upstream received what was forged.
    pub forged: bool,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Forged,
        Self::ForgedTrailers,
        Self::ForgedHttp2,
        Self::NotUtf8,
        Self::ManyHeaders,
        Self::HugeCookies,
        Self::OddMethods,
        Self::OddPaths,
        Self::Claims,
        Self::Challenge,
        Self::SpoiledHead,
        Self::Noise,
        Self::OddSettings,
        Self::Priorities,
        Self::Fragments,
        Self::SpoiledHttp2,
        Self::PassthroughNoise,
        Self::PassthroughHello,
        Self::Hello,
        Self::Reset,
    ];

    /// Whether each of them is one that Envoy lets pass, so that the upstream receives it.
    pub const fn passes(self) -> bool {
        matches!(
            self,
            Self::Forged
                | Self::ForgedTrailers
                | Self::ForgedHttp2
                | Self::NotUtf8
                | Self::ManyHeaders
                | Self::HugeCookies
                | Self::Fragments
        )
    }

    /// The kind of the hostile request of this number.
    pub fn of(number: u64) -> Self {
        let count = u64::try_from(Self::ALL.len()).unwrap_or(1);
        let place = usize::try_from(number % count).unwrap_or_default();
        Self::ALL.get(place).copied().unwrap_or(Self::Noise)
    }

    /// Sends the one of this number to a stack, and waits for its end. `hello` is a ClientHello of a real client.
    ///
    /// # Errors
    ///
    /// Nobody listens, or the connection stays open where it should end.
    pub fn send(self, number: u64, ports: &Ports, hello: &[u8]) -> io::Result<Outcome> {
        let mut chance = Chance::new(number);
        let from = source(number);
        match self {
            Self::ForgedHttp2 | Self::OddSettings | Self::Priorities | Self::Fragments => {
                let wait = (self == Self::OddSettings).then_some(MOMENT);
                http2(from, ports.http, &self.http2_bytes(&mut chance), wait)
            }
            Self::Noise | Self::SpoiledHead | Self::SpoiledHttp2 => {
                let mut bytes = match self {
                    Self::SpoiledHead => head("GET", "/", &claims(&mut chance)),
                    Self::SpoiledHttp2 => self.http2_bytes(&mut chance),
                    _ => {
                        let count = 1 + chance.below(600);
                        chance.bytes(count)
                    }
                };
                if self != Self::Noise {
                    chance.spoil(&mut bytes);
                }
                thrown(from, ports.http, &bytes)
            }
            Self::PassthroughNoise => {
                let count = 1 + chance.below(2_000);
                thrown(from, ports.passthrough, &chance.bytes(count))
            }
            Self::PassthroughHello | Self::Hello => {
                let mut bytes = hello.to_vec();
                chance.spoil(&mut bytes);
                let port = if self == Self::Hello {
                    ports.tls
                } else {
                    ports.passthrough
                };
                thrown(from, port, &bytes)
            }
            Self::Reset => {
                let mut connection = Connection::open(from, ports.http)?;
                let mut bytes = head("POST", "/", &claims(&mut chance));
                bytes.truncate(1 + chance.below(bytes.len()));
                connection.send(&bytes)?;
                connection.reset()?;
                Ok(Outcome::default())
            }
            _ => http1(from, ports.http, &self.http1_bytes(&mut chance)),
        }
    }

    fn http1_bytes(self, chance: &mut Chance) -> Vec<u8> {
        let fields = |number: usize, make: &mut dyn FnMut(usize) -> (String, Vec<u8>)| -> Vec<_> {
            (0..number).map(make).collect()
        };
        match self {
            Self::Forged => head("GET", "/forged", &forged(chance)),
            Self::ForgedTrailers => {
                let mut bytes = head(
                    "POST",
                    "/forged",
                    &[
                        ("transfer-encoding".to_owned(), b"chunked".to_vec()),
                        ("te".to_owned(), b"trailers".to_vec()),
                    ],
                );
                bytes.extend(b"2\r\nok\r\n0\r\n");
                bytes.extend(lines(&forged(chance)));
                bytes.extend(b"\r\n");
                bytes
            }
            Self::NotUtf8 => {
                let fields = fields(1 + chance.below(20), &mut |n| {
                    let count = 1 + chance.below(60);
                    // Any byte that Envoy lets pass.
                    let value = chance.bytes(count).into_iter().map(|byte| byte | 0x80).collect();
                    let name = if n == 0 {
                        "user-agent".to_owned()
                    } else {
                        format!("x-{n}")
                    };
                    (name, value)
                });
                head("GET", "/bytes", &fields)
            }
            Self::ManyHeaders => {
                let count = if chance.below(10) == 0 { 900 } else { 100 };
                head(
                    "GET",
                    "/many",
                    &fields(count, &mut |n| (format!("X-Many-{n}"), b"1".to_vec())),
                )
            }
            Self::HugeCookies => {
                let length = chance.below(60 * 1024);
                let crumbs = "a=1; __Host-layerprint=; b=".repeat(length / 26 + 1);
                head("GET", "/cookies", &[("cookie".to_owned(), crumbs.into_bytes())])
            }
            Self::OddMethods => {
                let method = chance.of(&METHODS).copied().unwrap_or("GET");
                head(method, "/", &claims(chance))
            }
            Self::OddPaths => {
                let path = chance.of(&PATHS).copied().unwrap_or("/");
                head("GET", &path.repeat(1 + chance.below(200)), &[])
            }
            Self::Challenge => {
                let count = chance.below(200);
                let proof = chance.bytes(count);
                let body: String = proof.iter().map(|byte| format!("{byte:02x}~")).collect();
                let mut fields = claims(chance);
                fields.push(("content-length".to_owned(), body.len().to_string().into_bytes()));
                fields.push(("cookie".to_owned(), format!("__Host-layerprint={body}").into_bytes()));
                let mut bytes = head("POST", "/.layerprint/challenge", &fields);
                bytes.extend(body.into_bytes());
                bytes
            }
            _ => head("GET", "/", &claims(chance)),
        }
    }

    fn http2_bytes(self, chance: &mut Chance) -> Vec<u8> {
        const STREAM: u32 = 1;
        let mut bytes = frames::PREFACE.to_vec();
        let settings = match self {
            Self::OddSettings => odd_settings(chance),
            _ => frames::settings(&[(1, 65_536), (2, 0), (4, 6_291_456)]),
        };
        frames::put(&mut bytes, kind::SETTINGS, 0, 0, &settings);
        frames::put(&mut bytes, kind::WINDOW_UPDATE, 0, 0, &15_663_105_u32.to_be_bytes());
        if self == Self::Priorities {
            for _ in 0..chance.below(60) {
                let (stream, on) = (chance.number().to_le_bytes(), chance.number().to_le_bytes());
                let stream = u32::from_le_bytes([stream[0], 0, 0, 0]) | 1;
                // Of itself too, which Envoy refuses.
                frames::put(
                    &mut bytes,
                    kind::PRIORITY,
                    0,
                    stream,
                    &[on[0] & 0x80, 0, 0, on[1], on[2]],
                );
            }
        }
        let mut fields: Vec<(String, Vec<u8>)> = [
            (":method", "POST"),
            (":path", "/h2"),
            (":scheme", "http"),
            (":authority", "localhost"),
        ]
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .into();
        let is_forged = self == Self::ForgedHttp2;
        if is_forged {
            fields.extend(lowered(forged(chance)));
        } else if self == Self::Fragments {
            fields.push(("x-long".to_owned(), vec![b'v'; 4_000]));
        }
        let block = frames::block(pairs(&fields));
        let trailers = is_forged && chance.below(2) == 0;
        let end = if trailers { 0 } else { frames::END_STREAM };
        if self == Self::Fragments {
            let mut pieces = block.chunks(1 + block.len() / 10);
            frames::put(
                &mut bytes,
                kind::HEADERS,
                end,
                STREAM,
                pieces.next().unwrap_or_default(),
            );
            let rest: Vec<_> = pieces.collect();
            for (n, piece) in rest.iter().enumerate() {
                let flags = if n + 1 == rest.len() { frames::END_HEADERS } else { 0 };
                frames::put(&mut bytes, kind::CONTINUATION, flags, STREAM, piece);
            }
        } else {
            frames::put(&mut bytes, kind::HEADERS, end | frames::END_HEADERS, STREAM, &block);
        }
        if trailers {
            frames::put(&mut bytes, kind::DATA, 0, STREAM, b"ok");
            let trailers = lowered(forged(chance));
            let block = frames::literals(pairs(&trailers));
            frames::put(
                &mut bytes,
                kind::HEADERS,
                frames::END_STREAM | frames::END_HEADERS,
                STREAM,
                &block,
            );
        }
        bytes
    }
}

/// One to eight forged headers.
fn forged(chance: &mut Chance) -> Vec<(String, Vec<u8>)> {
    let name = |chance: &mut Chance| chance.of(&OURS).copied().unwrap_or(ANNOTATED).to_owned();
    (0..=chance.below(7))
        .map(|_| (name(chance), FORGED.as_bytes().to_vec()))
        .collect()
}

fn lowered(fields: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let lower = |(name, value): (String, _)| (name.to_ascii_lowercase(), value);
    fields.into_iter().map(lower).collect()
}

fn pairs(fields: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&[u8], &[u8])> {
    fields.iter().map(|(name, value)| (name.as_bytes(), value.as_slice()))
}

fn odd_settings(chance: &mut Chance) -> Vec<u8> {
    let mut pairs = Vec::new();
    // Of more than 32 it refuses all.
    for _ in 0..chance.below(33) {
        let [a, b, c, d, e, f, ..] = chance.number().to_le_bytes();
        // Known ones with any value, and unknown ones.
        let id = if a & 1 == 0 {
            u16::from(b % 10)
        } else {
            u16::from_le_bytes([b, c])
        };
        pairs.push((id, u32::from_le_bytes([c, d, e, f])));
    }
    let mut bytes = frames::settings(&pairs);
    if chance.below(8) == 0 {
        bytes.pop();
    }
    bytes
}

fn head(method: &str, path: &str, fields: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
    bytes.extend(lines(fields));
    bytes.extend(b"\r\n");
    bytes
}

fn lines(fields: &[(String, Vec<u8>)]) -> Vec<u8> {
    let line = |(name, value): &(String, Vec<u8>)| [name.as_bytes(), b": ", value, b"\r\n"].concat();
    fields.iter().flat_map(line).collect()
}

/// Sends, and reads an answer over HTTP/1, if there is one.
fn http1(from: Ipv4Addr, port: u16, bytes: &[u8]) -> io::Result<Outcome> {
    let mut connection = Connection::open(from, port)?;
    // Envoy may answer and close before it has read all of it. It leaves closing to the client, for a second.
    let _ = connection.send(bytes);
    match connection.reply() {
        Ok(reply) => Ok(Outcome {
            status: Some(reply.status),
            ..outcome(&reply.body)
        }),
        Err(error) if frames::is_end(&error) => Ok(Outcome::default()),
        Err(error) => Err(error),
    }
}

/// Sends what may be no whole request, and no more.
fn thrown(from: Ipv4Addr, port: u16, bytes: &[u8]) -> io::Result<Outcome> {
    let mut connection = Connection::open(from, port)?;
    // Envoy may close before it has read all of it.
    if connection.send(bytes).is_err() {
        return Ok(Outcome::default());
    }
    match connection.half_close() {
        Ok(bytes) => Ok(outcome(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(Outcome::default()),
        Err(error) => Err(error),
    }
}

fn http2(from: Ipv4Addr, port: u16, bytes: &[u8], wait: Option<Duration>) -> io::Result<Outcome> {
    let mut connection = Connection::open(from, port)?;
    if let Some(wait) = wait {
        connection.wait_at_most(wait)?;
    }
    if connection.send(bytes).is_err() {
        return Ok(Outcome::default());
    }
    let mut answer = Vec::new();
    let look = |_, payload: &[u8]| answer.extend_from_slice(payload);
    let ending = match frames::read_streams(&mut connection, 1, 1, look) {
        Ok(ended) => ended.ending,
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ending::Closed,
        Err(error) => return Err(error),
    };
    let mut outcome = outcome(&answer);
    // `:status: 200` is 0x88 (RFC 7541, appendix A); what else there was is not looked at.
    outcome.status = (ending == Ending::Answered && answer.contains(&0x88)).then_some(200);
    Ok(outcome)
}

fn outcome(answer: &[u8]) -> Outcome {
    let status = answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    let text = String::from_utf8_lossy(answer);
    Outcome {
        status,
        annotated: text.contains(ANNOTATED),
        forged: text.contains(FORGED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_turn_and_the_same_number_is_the_same_request() {
        for (number, kind) in (0_u64..).zip(Kind::ALL) {
            assert_eq!(Kind::of(number), kind);
            assert_eq!(Kind::of(number + 20), kind);
            let bytes = || kind.http1_bytes(&mut Chance::new(number));
            assert_eq!(bytes(), bytes());
        }
    }

    #[test]
    fn what_is_forged_is_seen_in_an_answer() {
        let seen = outcome(b"HTTP/1.1 200 OK\r\n\r\n[\"x-layerprint-verdict\", \"forged-by-a-client\"]");
        assert_eq!(
            seen,
            Outcome {
                status: Some(200),
                annotated: true,
                forged: true
            }
        );
        assert_eq!(outcome(b""), Outcome::default());
    }
}
