//! The configuration string: words separated by spaces, each a piece of evidence to hand over. Refuses words it does not
//! know, words given twice, and nothing at all.

use std::fmt;
use std::str::FromStr;

/// What is handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// `syn`: the saved SYN.
    pub(crate) syn: bool,
    /// `rtt`: the round-trip time. It is believed only when the kernel saved a SYN, handed over or not.
    pub(crate) rtt: bool,
    /// `client_hello`: the ClientHello. Each connection then waits for its first bytes, so only for listeners whose
    /// clients speak first.
    pub(crate) client_hello: bool,
}

const WORDS: &str = "syn, rtt, client_hello";
/// How much of an unknown word is repeated in the message.
const SHOWN: usize = 40;

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigError {
    Empty,
    NotUtf8,
    Unknown(String),
    Twice(&'static str),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("filter_config ")?;
        match self {
            Self::Empty => f.write_str("names nothing to hand over")?,
            Self::NotUtf8 => f.write_str("is not text")?,
            Self::Unknown(word) => write!(f, "has the unknown word {word:?}")?,
            Self::Twice(word) => write!(f, "has the word \"{word}\" twice")?,
        }
        write!(f, "; accepted: one or more of {WORDS}, separated by spaces")
    }
}

impl Config {
    /// Reads what Envoy passes on, which is the string of a `google.protobuf.StringValue` byte for byte.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, ConfigError> {
        str::from_utf8(bytes).map_err(|_| ConfigError::NotUtf8)?.parse()
    }
}

impl FromStr for Config {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for word in text.split_ascii_whitespace() {
            let (wanted, name) = match word {
                "syn" => (&mut config.syn, "syn"),
                "rtt" => (&mut config.rtt, "rtt"),
                "client_hello" => (&mut config.client_hello, "client_hello"),
                _ => return Err(ConfigError::Unknown(word.chars().take(SHOWN).collect())),
            };
            if std::mem::replace(wanted, true) {
                return Err(ConfigError::Twice(name));
            }
        }
        (config != Self::default()).then_some(config).ok_or(ConfigError::Empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_order_are_taken() {
        let all = Config {
            syn: true,
            rtt: true,
            client_hello: true,
        };
        assert_eq!("syn rtt client_hello".parse(), Ok(all));
        assert_eq!("  client_hello\n  rtt\n  syn\n".parse(), Ok(all));
        let only = Config {
            rtt: true,
            ..Config::default()
        };
        assert_eq!(Config::from_bytes(b"rtt"), Ok(only));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_accepted() {
        let message = |bytes: &[u8]| Config::from_bytes(bytes).unwrap_err().to_string();
        let accepted = "; accepted: one or more of syn, rtt, client_hello, separated by spaces";
        for (bytes, problem) in [
            (&b""[..], "filter_config names nothing to hand over"),
            (b" \n", "filter_config names nothing to hand over"),
            (b"syn,rtt", "filter_config has the unknown word \"syn,rtt\""),
            (b"syn SYN", "filter_config has the unknown word \"SYN\""),
            (
                b"{\"syn\":true}",
                "filter_config has the unknown word \"{\\\"syn\\\":true}\"",
            ),
            (b"rtt syn rtt", "filter_config has the word \"rtt\" twice"),
            (b"syn \xff", "filter_config is not text"),
        ] {
            assert_eq!(message(bytes), format!("{problem}{accepted}"));
        }
    }

    #[test]
    fn a_message_does_not_grow_with_the_mistake() {
        let message = Config::from_bytes("ü".repeat(100_000).as_bytes())
            .unwrap_err()
            .to_string();
        assert!(message.len() < 300, "{message}");
    }
}
