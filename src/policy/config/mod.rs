//! The configuration: JSON in, compiled types out, or every problem that there is.
//!
//! Nothing is guessed: an unknown key, a wrong type, a number out of its range, a key given twice refuse the whole. What a
//! release does not do yet, it does not accept.

mod clients;
mod networks;
mod section;
mod strict;

pub use clients::Clients;
pub use networks::MAX_PREFIXES;
pub use section::Problem;

use super::Mode;
use crate::evidence::Networks;
use crate::evidence::forwarded::{PeerEntry, Trust};
use crate::wire::opening::MAX_OPENING;
use section::Section;
use serde_json::Value;
use std::time::Duration;

/// What the filter does, compiled from JSON. The default is that of an empty object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `mode`: whether verdicts are carried out.
    pub mode: Mode,
    /// `networks`: what is known of where addresses come from.
    pub networks: Networks,
    /// `forwarded`: whose word is taken for the client's address.
    pub forwarded: Trust,
    /// `clients`: what is known of the clients that come.
    pub clients: Clients,
    /// `annotate`: what the upstream gets to see.
    pub annotate: Annotate,
    /// `log`: what access logs get to see.
    pub log: Log,
    /// `limits`: the bounds of the answers.
    pub limits: Limits,
    /// `connection`: how the connection role works.
    pub connection: ConnectionRole,
    /// `failure`: what becomes of a request that the filter cannot do its work on.
    pub failure: FailurePolicy,
}

/// `annotate`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotate {
    /// `headers`: which of our headers are sent, in this order.
    pub headers: Vec<Header>,
}

/// `log`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// `filter_state`: whether `wasm.layerprint` is written.
    pub filter_state: Switch,
}

/// `limits`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `slow.delay_ms`: how long a request is held back.
    pub slow_delay: Duration,
    /// `slow.held`: the most requests that one worker holds back at once. One more goes on without a delay.
    pub slow_held: usize,
    /// `retry_after_s`: when a client that was told 429 may come again, in seconds.
    pub retry_after: u32,
}

/// `connection`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionRole {
    /// `opening_bytes`: the most of a connection that is looked at before its first request is whole.
    pub opening_bytes: usize,
    /// `handover`: whether the opening is also put into filter state, for a request role in another VM.
    pub handover: Switch,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// `true`
    On,
    /// `false`
    Off,
}

/// What becomes of a request whose headers cannot be read, and so cannot be cleaned of forged annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// It passes, without the headers that we know by name and without annotations.
    Open,
    /// It is answered with 503.
    Closed,
}

/// One of our headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// `x-layerprint-verdict`
    Verdict,
    /// `x-layerprint-reasons`
    Reasons,
    /// `x-layerprint-id`
    Id,
    /// `x-layerprint-ja3`
    Ja3,
    /// `x-layerprint-ja4`
    Ja4,
    /// `x-layerprint-h2`
    Http2,
    /// `x-layerprint-tcp`
    Tcp,
    /// `x-layerprint-os`
    Os,
    /// `x-layerprint-client`
    Client,
    /// `x-layerprint-order`
    Order,
}

impl Header {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Verdict,
        Self::Reasons,
        Self::Id,
        Self::Ja3,
        Self::Ja4,
        Self::Http2,
        Self::Tcp,
        Self::Os,
        Self::Client,
        Self::Order,
    ];
    /// The smallest set that a WAF needs.
    const DEFAULT: [Self; 6] = [
        Self::Verdict,
        Self::Reasons,
        Self::Id,
        Self::Ja4,
        Self::Http2,
        Self::Tcp,
    ];

    /// The header's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verdict => "x-layerprint-verdict",
            Self::Reasons => "x-layerprint-reasons",
            Self::Id => "x-layerprint-id",
            Self::Ja3 => "x-layerprint-ja3",
            Self::Ja4 => "x-layerprint-ja4",
            Self::Http2 => "x-layerprint-h2",
            Self::Tcp => "x-layerprint-tcp",
            Self::Os => "x-layerprint-os",
            Self::Client => "x-layerprint-client",
            Self::Order => "x-layerprint-order",
        }
    }

    /// Its name in the configuration.
    pub fn key(self) -> &'static str {
        self.name().strip_prefix("x-layerprint-").unwrap_or_default()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Observe,
            networks: Networks::default(),
            forwarded: Trust {
                hops: 0,
                peer_entry: PeerEntry::Appended,
            },
            clients: Clients::default(),
            annotate: Annotate {
                headers: Header::DEFAULT.to_vec(),
            },
            log: Log {
                filter_state: Switch::On,
            },
            limits: Limits {
                slow_delay: Duration::from_millis(1_000),
                slow_held: 1_000,
                retry_after: 10,
            },
            connection: ConnectionRole {
                opening_bytes: MAX_OPENING,
                handover: Switch::On,
            },
            failure: FailurePolicy::Open,
        }
    }
}

/// The smallest `connection.opening_bytes`: Chrome's opening has under 600 bytes.
const MIN_OPENING: usize = 1_024;

impl Config {
    /// Reads a configuration. No bytes at all count as an empty object.
    ///
    /// # Errors
    /// Every [`Problem`] that the text has; its syntax alone, when it is no JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        let value = strict::parse(bytes).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        let config = Self::read(value, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn read(value: Value, problems: &mut Vec<Problem>) -> Self {
        let default = Self::default();
        let mut root = Section::root(value, problems);
        let config = Self {
            mode: root.choice(
                "mode",
                &[("observe", Mode::Observe), ("enforce", Mode::Enforce)],
                default.mode,
            ),
            networks: networks::networks(&mut root),
            forwarded: root.section("forwarded", |section| networks::forwarded(section, default.forwarded)),
            clients: clients::clients(&mut root),
            annotate: root.section("annotate", |section| Annotate {
                headers: section.choices("headers", &Header::ALL.map(|h| (h.key(), h)), default.annotate.headers),
            }),
            log: root.section("log", |section| Log {
                filter_state: section.switch("filter_state", default.log.filter_state),
            }),
            limits: default.limits,
            connection: root.section("connection", |section| ConnectionRole {
                opening_bytes: section.number(
                    "opening_bytes",
                    MIN_OPENING..=MAX_OPENING,
                    default.connection.opening_bytes,
                ),
                handover: section.switch("handover", default.connection.handover),
            }),
            failure: root.choice(
                "failure",
                &[("open", FailurePolicy::Open), ("closed", FailurePolicy::Closed)],
                default.failure,
            ),
        };
        root.finish();
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::NetworkTag;

    fn problems(text: &str) -> Vec<String> {
        Config::parse(text.as_bytes())
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn an_empty_configuration_is_the_default() {
        for text in ["", " \n", "{}", r#"{"annotate":{},"log":{},"connection":{}}"#] {
            assert_eq!(Config::parse(text.as_bytes()), Ok(Config::default()), "{text:?}");
        }
    }

    #[test]
    fn every_key_is_read() {
        let text = r#"{"mode":"enforce","networks":[{"tag":"office","cidrs":["192.0.2.0/24"]}],
            "forwarded":{"trusted_hops":2,"peer_appended":false},"annotate":{"headers":["order","id"]},"log":{"filter_state":false},
            "connection":{"opening_bytes":4096.0,"handover":false},"failure":"closed"}"#;
        let net = "192.0.2.0/24".parse().unwrap();
        let expected = Config {
            mode: Mode::Enforce,
            networks: Networks::new(&[(net, NetworkTag::Office)].into()),
            forwarded: Trust {
                hops: 2,
                peer_entry: PeerEntry::Absent,
            },
            clients: Clients::default(),
            annotate: Annotate {
                headers: vec![Header::Order, Header::Id],
            },
            log: Log {
                filter_state: Switch::Off,
            },
            limits: Config::default().limits,
            connection: ConnectionRole {
                opening_bytes: 4_096,
                handover: Switch::Off,
            },
            failure: FailurePolicy::Closed,
        };
        assert_eq!(Config::parse(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn each_mistake_is_told_with_its_path_and_what_is_accepted() {
        let text = r#"{"mode":"block","Mode":1,"annotate":{"headers":["verdict","ja5",7,"verdict"],"x":null},
            "log":[],"connection":{"opening_bytes":12,"handover":"yes"},"failure":{}}"#;
        let expected = [
            r#"mode: "block" is not accepted; accepted: "observe", "enforce""#,
            r#"annotate.headers[1]: "ja5" is not accepted; accepted: "verdict", "reasons", "id", "ja3", "ja4", "h2", "tcp", "os", "client", "order""#,
            r#"annotate.headers[2]: 7 is not accepted; accepted: "verdict", "reasons", "id", "ja3", "ja4", "h2", "tcp", "os", "client", "order""#,
            r#"annotate.headers[3]: "verdict" is given twice; accepted: each value once"#,
            r#"annotate.x: unknown key; accepted: "headers""#,
            r#"log: an array is not accepted; accepted: an object"#,
            r#"connection.opening_bytes: 12 is not accepted; accepted: a whole number from 1024 to 65536"#,
            r#"connection.handover: "yes" is not accepted; accepted: true, false"#,
            r#"failure: an object is not accepted; accepted: "open", "closed""#,
            r#"Mode: unknown key; accepted: "mode", "networks", "forwarded", "clients", "annotate", "log", "connection", "failure""#,
        ];
        assert_eq!(problems(text), expected);
    }

    #[test]
    fn what_is_no_json_object_is_told_where() {
        assert_eq!(problems("7"), ["(the whole): 7 is not accepted; accepted: an object"]);
        assert_eq!(
            problems("{\"mode\":}"),
            ["(the whole): not JSON: expected value at line 1 column 9; accepted: one JSON object"]
        );
        let twice = problems(r#"{"log":{"filter_state":true,"filter_state":false}}"#);
        assert!(
            twice[0].contains("key \"filter_state\" is given twice at line 1"),
            "{twice:?}"
        );
        assert_eq!(Config::parse(&[0xff, b'{']).unwrap_err().len(), 1);
    }

    #[test]
    fn a_key_or_value_that_is_no_word_is_quoted_and_cut() {
        let text = format!(
            r#"{{"":1,"a\nb":1,"log.filter_state":1,"{}":1,"mode":"x\u007f{}"}}"#,
            "k".repeat(1_000),
            "v".repeat(1_000)
        );
        let found = problems(&text);
        let begins: Vec<&str> = found.iter().map(|line| line.split(": ").next().unwrap()).collect();
        let long = format!("\"{}…", "k".repeat(39));
        assert_eq!(
            begins,
            ["mode", r#""""#, r#""a\nb""#, r#""log.filter_state""#, long.as_str()]
        );
        assert!(found[0].contains(r#""x\u{7f}vvvv"#), "{}", found[0]);
        assert!(found.iter().all(|line| line.len() < 200), "{found:?}");
        let twice = format!(r#"{{"{0}":1,"{0}":2}}"#, "k".repeat(1_000));
        assert!(problems(&twice)[0].len() < 200);
    }

    #[test]
    fn a_serialized_struct_is_read_as_the_object_that_it_is() {
        // {"mode": "enforce", "log": {"filter_state": false}}, as protobuf writes it
        let mode = b"\x0a\x11\x0a\x04mode\x12\x09\x1a\x07enforce";
        let log = b"\x0a\x1d\x0a\x03log\x12\x16\x2a\x14\x0a\x12\x0a\x0cfilter_state\x12\x02\x20\x00";
        let config = Config::parse(&[&mode[..], log].concat()).unwrap();
        assert_eq!((config.mode, config.log.filter_state), (Mode::Enforce, Switch::Off));
        let unknown = b"\x0a\x11\x0a\x04mood\x12\x09\x1a\x07enforce";
        assert!(
            Config::parse(unknown).unwrap_err()[0]
                .to_string()
                .starts_with("mood: unknown key")
        );
        for cut in 2..mode.len() {
            assert!(Config::parse(&mode[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn numbers_must_be_whole_and_in_range() {
        for number in ["1023", "65537", "-1", "4096.5", "1e30", "true", "\"4096\"", "null"] {
            let text = format!(r#"{{"connection":{{"opening_bytes":{number}}}}}"#);
            assert_eq!(problems(&text).len(), 1, "{number}");
        }
    }
}
