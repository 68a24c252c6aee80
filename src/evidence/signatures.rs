//! `Signature-Input` and `Signature` (RFC 9421, 4) as clients send them: crawlers sign requests with them, and where our annotations are
//! signed, ours stands beside theirs. What they sign with is none of our business. Only two things are: a member under our label is
//! forged, and a field that is no dictionary would make ours unreadable too.

use super::fields::{Fields, values};
use super::structured::Field;

/// The key of our member in both dictionaries.
pub const LABEL: &str = "layerprint";

/// One of the two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureField {
    /// `Signature-Input`: what is signed, and how.
    Input,
    /// `Signature`: the signatures.
    Signature,
}

/// What a client sent in one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    /// The members under other labels, as they were written: what may stay. Nothing, where the whole cannot be read.
    pub members: String,
    /// How many there were under ours.
    pub forged: usize,
}

impl SignatureField {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Input, Self::Signature];

    /// The field's name, as a proxy has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "signature-input",
            Self::Signature => "signature",
        }
    }

    /// Reads the client's field; none where it sent none.
    pub fn read(self, fields: &Fields<'_>) -> Option<Others> {
        let mut lines = values(fields, self.name()).peekable();
        lines.peek()?;
        let mut others = Others::default();
        let mut whole = true;
        for line in lines {
            let read = self.members(line, |label, member| {
                if label == LABEL {
                    others.forged = others.forged.saturating_add(1);
                    return;
                }
                if !others.members.is_empty() {
                    others.members.push_str(", ");
                }
                others.members.push_str(member);
            });
            whole &= read.is_some();
        }
        if !whole {
            others.members.clear();
        }
        Some(others)
    }

    /// Reads one line: inner lists of components, or signatures.
    fn members<'v>(self, line: &'v [u8], mut take: impl FnMut(&str, &'v str)) -> Option<()> {
        let is_space = |byte| matches!(byte, b' ' | b'\t');
        let mut field = Field::new(line)?;
        if field.is_over() {
            return Some(());
        }
        loop {
            let before = field.clone();
            let label = field.key()?;
            field.literal(b'=')?;
            match self {
                Self::Input => field.inner_list()?,
                Self::Signature => field.byte_sequence()?,
            }
            field.parameters()?;
            take(label, field.read_since(&before));
            field.skip(is_space);
            if field.is_over() {
                return Some(());
            }
            field.literal(b',')?;
            field.skip(is_space);
        }
    }
}

/// How many members of `fields` are forged, in both.
pub fn forged(fields: &Fields<'_>) -> usize {
    let read = SignatureField::ALL.into_iter().filter_map(|field| field.read(fields));
    read.map(|others| others.forged).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields<'a>(name: &'a str, lines: &[&'a str]) -> Vec<(&'a str, &'a [u8])> {
        lines.iter().map(|line| (name, line.as_bytes())).collect()
    }

    fn input(lines: &[&str]) -> Others {
        SignatureField::Input.read(&fields("signature-input", lines)).unwrap()
    }

    fn signature(lines: &[&str]) -> Others {
        SignatureField::Signature.read(&fields("signature", lines)).unwrap()
    }

    /// As a crawler sends it (draft-meunier-web-bot-auth-architecture).
    const BOT: &str = r#"sig2=("@authority" "signature-agent";key="agent2");created=1735689600;keyid="poqkLGiymh_W0uP6PZFw-dvez3QJT5SolqXBCW38r0U";alg="ed25519";expires=1735693200;nonce="e8N7S2MF==";tag="web-bot-auth""#;

    #[test]
    fn what_others_signed_stays_as_it_was_written() {
        let two = format!("{BOT} ,\ta=()");
        assert_eq!(input(&[&two]).members, format!("{BOT}, a=()"));
        assert_eq!(
            input(&[BOT, "", "b=( \"x\"  \"y\" );z"]).members,
            format!("{BOT}, b=( \"x\"  \"y\" );z")
        );
        assert_eq!(signature(&["a=:YQ==:, b=::;x=1"]).members, "a=:YQ==:, b=::;x=1");
        assert_eq!(SignatureField::Input.read(&fields("signature", &["a=:YQ==:"])), None);
    }

    #[test]
    fn a_member_under_our_label_is_forged_wherever_it_stands() {
        let expected = Others {
            members: BOT.to_owned(),
            forged: 2,
        };
        assert_eq!(
            input(&[
                "layerprint=()",
                &format!("{BOT},layerprint=(\"@path\");tag=\"layerprint\"")
            ]),
            expected
        );
        assert_eq!(
            signature(&["layerprint=:YQ==:"]),
            Others {
                members: String::new(),
                forged: 1
            }
        );
        // A label is all of a key: neither a part of one, nor what stands in a text.
        assert_eq!(
            input(&["layerprint2=()", r#"a=("layerprint=()");b=", layerprint=()""#]).forged,
            0
        );
        let both = [
            fields("signature-input", &["layerprint=()"]),
            fields("signature", &["layerprint=:YQ==:"]),
        ]
        .concat();
        assert_eq!(forged(&both), 2);
        assert_eq!(forged(&fields("user-agent", &["layerprint=()"])), 0);
    }

    #[test]
    fn of_what_is_no_dictionary_of_its_kind_nothing_stays() {
        for wrong in [
            "a",
            "a=",
            "a=1",
            "a=(",
            "a=(\"x\"",
            "a=(x)",
            "a=(\"x\"\"y\")",
            "a=(),",
            ",a=()",
            "a=();",
            "a=()b=()",
            "A=()",
            "=()",
            "a=(\"x);tag=\"layerprint\"",
            "a=:YQ==:",
            "a=?1",
            "a=(\t)",
            "é=()",
        ] {
            assert_eq!(input(&["b=()", wrong]).members, "", "{wrong}");
        }
        for wrong in [
            "a=()",
            "a=:YQ=:",
            "a=:YQ:",
            "a=:YQ===:",
            "a=:====:",
            "a=:Y-==:",
            "a=:YQ==",
            "a=YQ==",
            "a=\"YQ==\"",
        ] {
            assert_eq!(signature(&[wrong]).members, "", "{wrong}");
        }
        // What was forged before that is forged all the same.
        assert_eq!(input(&["layerprint=(), ("]).forged, 1);
    }

    #[test]
    fn every_prefix_is_read_or_refused_and_what_stays_is_read_again() {
        let whole = format!("{BOT}, layerprint=(\"a\";b=?1);c=1.5, d=();e=t/k");
        for end in 0..=whole.len() {
            let kept = input(&[&whole[..end]]).members;
            assert_eq!(
                input(&[&kept]),
                Others {
                    members: kept.clone(),
                    forged: 0
                }
            );
        }
    }
}
