//! What becomes of a connection before it brings a request: the only answer there is to close it.

use super::Mode;
use super::decide::reasons;
use super::ladders::{Band, Rungs};
use super::rules::{Asked, Field, Number, Rules, Subject};
use crate::compare::{Assessment, Code};
use crate::evidence::Evidence;
use core::net::IpAddr;
use std::rc::Rc;

/// The answer to a connection, mildest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConnectionVerdict {
    /// Nothing against it.
    #[default]
    Allow,
    /// It goes on; something is worth a look.
    Log,
    /// It is closed before any HTTP.
    Close,
}

impl ConnectionVerdict {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Log, Self::Close];

    /// Its stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Log => "log",
            Self::Close => "close",
        }
    }
}

/// The verdict on one connection, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionDecision {
    /// The answer.
    pub verdict: ConnectionVerdict,
    /// Whether it is carried out.
    pub mode: Mode,
    /// The rule that decided, by its name; none when the ladder did.
    pub rule: Option<Rc<str>>,
}

/// What the configuration says of connections, compiled. The default closes none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionPolicy {
    /// `connection.mode`: whether verdicts are carried out, where the rule does not say so.
    pub mode: Mode,
    /// `connection.rules`
    pub rules: Rules<ConnectionVerdict>,
    /// `connection.ladder`: what follows from the score of what was found by then, where no rule matches.
    pub ladder: Rungs<ConnectionVerdict>,
}

impl Default for ConnectionPolicy {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            rules: Rules::default(),
            ladder: Rungs {
                severe: ConnectionVerdict::Log,
                ..Rungs::all(ConnectionVerdict::Allow)
            },
        }
    }
}

impl ConnectionPolicy {
    /// Decides on one connection, from what is known of it before any HTTP.
    pub fn decide(&self, subject: &impl Subject, assessment: &Assessment) -> ConnectionDecision {
        let rule = self.rules.first(&Connection { assessment, subject });
        let ladder = || self.ladder.at(Band::of(assessment.score()));
        ConnectionDecision {
            verdict: rule.map_or_else(ladder, |rule| rule.action),
            mode: rule.and_then(|rule| rule.mode).unwrap_or(self.mode),
            rule: rule.map(|rule| Rc::clone(&rule.name)),
        }
    }

    /// Whether every connection is allowed, so that nobody has to look.
    pub fn is_idle(&self) -> bool {
        self.rules.listed().is_empty() && self.ladder == Rungs::all(ConnectionVerdict::Allow)
    }

    /// Whether a flood changes what becomes of a connection: a rule asks for findings or for what sources bring, or the ladder
    /// answers what weighs as much. By default it does not.
    pub fn looks_for_floods(&self) -> bool {
        let asked = self.rules.asked();
        let is_asked = asked.texts.contains(&Field::Reason)
            || Number::OF_SOURCE.iter().any(|number| asked.numbers.contains(number));
        is_asked
            || self.ladder.at(Band::of(Code::ConnectionFlood.weight())) > ConnectionVerdict::Allow
            || self.ladder.severe > ConnectionVerdict::Log
    }

    /// What the rules ask for.
    pub fn fields(&self) -> Asked {
        self.rules.asked()
    }
}

/// What rules are tried on: the subject, with what the policy itself knows.
struct Connection<'a, S> {
    assessment: &'a Assessment,
    subject: &'a S,
}

impl<S: Subject> Subject for Connection<'_, S> {
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
        match field {
            Field::Reason => reasons(self.assessment, take),
            _ => self.subject.texts(field, take),
        }
    }

    fn number(&self, number: Number) -> Evidence<u64> {
        self.subject.number(number)
    }

    fn client_ip(&self) -> Evidence<IpAddr> {
        self.subject.client_ip()
    }
}

#[cfg(test)]
mod tests {
    use super::super::rules::{Condition, Missing, Rule, TextPattern, Texts};
    use super::*;
    use crate::compare::{Confidence, Coverage, Layer};
    use crate::evidence::Reason;

    /// A connection of which only its JA4 was seen.
    struct WithJa4(&'static str);

    impl Subject for WithJa4 {
        fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
            match field {
                Field::Ja4 => Evidence::Seen(self.0).map(take),
                _ => Evidence::Missing(Reason::NotProvided),
            }
        }

        fn number(&self, _: Number) -> Evidence<u64> {
            Evidence::Missing(Reason::NotProvided)
        }

        fn client_ip(&self) -> Evidence<IpAddr> {
            Evidence::Missing(Reason::NotProvided)
        }
    }

    fn found(findings: &[Code]) -> Assessment {
        let findings = findings.iter().map(|code| (*code).into()).collect();
        Assessment::of(Coverage::One(Layer::Transport), Confidence::default(), findings)
    }

    fn rule(name: &str, field: Field, text: &str, action: ConnectionVerdict) -> Rule<ConnectionVerdict> {
        let mut texts = Texts::default();
        texts.add(TextPattern::parse(text).unwrap());
        Rule {
            name: name.into(),
            conditions: vec![Condition::Text(field, texts)],
            unless: Vec::new(),
            missing: Missing::NoMatch,
            action,
            mode: None,
        }
    }

    #[test]
    fn by_default_a_scanner_is_logged_and_nothing_is_ever_closed() {
        let policy = ConnectionPolicy::default();
        let verdict = |findings: &[Code]| policy.decide(&WithJa4("x"), &found(findings)).verdict;
        assert_eq!(verdict(&[]), ConnectionVerdict::Allow);
        assert_eq!(verdict(&[Code::OsTcpUa]), ConnectionVerdict::Allow);
        assert_eq!(verdict(&[Code::ScannerSyn]), ConnectionVerdict::Log);
        assert!(
            Band::ALL
                .iter()
                .all(|band| policy.ladder.at(*band) < ConnectionVerdict::Close)
        );
        assert!(!policy.is_idle());
    }

    #[test]
    fn a_rule_comes_before_the_ladder_and_is_named() {
        let close = ConnectionVerdict::Close;
        let policy = ConnectionPolicy {
            mode: Mode::Enforce,
            rules: Rules::new(vec![
                rule("tool", Field::Ja4, "t13i*", close),
                rule("scan", Field::Reason, "scanner-syn", close),
            ]),
            ladder: Rungs::all(ConnectionVerdict::Allow),
        };
        assert!(!policy.is_idle());
        assert_eq!(policy.fields().texts, [Field::Ja4, Field::Reason].into());
        let decision = policy.decide(&WithJa4("t13i3010"), &found(&[]));
        let expected = ConnectionDecision {
            verdict: close,
            mode: Mode::Enforce,
            rule: Some("tool".into()),
        };
        assert_eq!(decision, expected);
        let by = |findings: &[Code]| policy.decide(&WithJa4("t13d"), &found(findings)).rule;
        assert_eq!((by(&[Code::ScannerSyn]).as_deref(), by(&[])), (Some("scan"), None));
    }

    #[test]
    fn without_rules_and_rungs_there_is_nothing_to_look_at() {
        let policy = ConnectionPolicy {
            ladder: Rungs::all(ConnectionVerdict::Allow),
            ..ConnectionPolicy::default()
        };
        assert!(policy.is_idle());
    }
}
