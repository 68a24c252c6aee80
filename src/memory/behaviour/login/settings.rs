//! What is a failed login, and from when on failures are found.

use super::super::LoginOutcome;
use super::record::Outcomes;

/// From when on failures are found, and what is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `failure_statuses`: an answer with one of these says that credentials were wrong.
    pub failure_statuses: Vec<u16>,
    /// `success_statuses`: one with one of these that they were right; none stands for all others of 2xx and 3xx. The rest says
    /// nothing, and what stands in both has failed. Many sites show the form again, with 200, and redirect who is right.
    pub success_statuses: Option<Vec<u16>>,
    /// `failure_header`: an answer with this header and one of these values says that they were wrong, whatever its status.
    pub failure_header: Option<FailureHeader>,
    /// `failures`: from so many of one network, or of one shape.
    pub failures: u32,
    /// `failures_of_client`: from so many of one shape in one network.
    pub failures_of_client: u32,
    /// `ratio_percent`: where so many of a hundred logins whose outcome is known have failed.
    pub ratio_percent: u32,
    /// `networks`: from so many networks, where they are of one shape.
    pub networks: u32,
}

/// A header of an answer that says that credentials were wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureHeader {
    /// Its name, in lower case.
    pub name: Box<str>,
    /// Its values, in lower case; any value when there is none.
    pub values: Vec<Box<str>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            failure_statuses: vec![400, 401, 403, 422],
            success_statuses: None,
            failure_header: None,
            failures: 20,
            failures_of_client: 10,
            ratio_percent: 80,
            networks: 10,
        }
    }
}

impl Settings {
    /// The header of an answer that has to be read.
    pub fn header(&self) -> Option<&str> {
        self.failure_header.as_ref().map(|header| &*header.name)
    }

    /// What an answer with this status, and with this value of [`Self::header`], says.
    pub fn outcome(&self, status: u16, header: Option<&[u8]>) -> Option<LoginOutcome> {
        let says_so = self.failure_header.as_ref().zip(header).is_some_and(|(wanted, value)| {
            let value = value.trim_ascii();
            wanted.values.is_empty()
                || wanted
                    .values
                    .iter()
                    .any(|known| known.as_bytes().eq_ignore_ascii_case(value))
        });
        if says_so || self.failure_statuses.contains(&status) {
            return Some(LoginOutcome::Failure);
        }
        let is_success = match &self.success_statuses {
            Some(statuses) => statuses.contains(&status),
            None => matches!(status, 200..400),
        };
        is_success.then_some(LoginOutcome::Success)
    }

    /// Whether there are at least `failures` of them, and the share of them is large enough.
    pub(super) fn are_many(&self, outcomes: Outcomes, failures: u32) -> bool {
        let known = u64::from(outcomes.failures).saturating_add(outcomes.successes.into());
        let ratio = u64::from(outcomes.failures).saturating_mul(100);
        outcomes.failures >= failures && ratio >= known.saturating_mul(self.ratio_percent.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_a_header_say_what_became_of_credentials() {
        let shipped = Settings::default();
        let failure_header = FailureHeader {
            name: "x-login".into(),
            values: vec!["failed".into()],
        };
        let form_again = Settings {
            failure_statuses: vec![200],
            success_statuses: Some(vec![302, 303]),
            ..Settings::default()
        };
        let by_header = Settings {
            failure_header: Some(failure_header.clone()),
            ..Settings::default()
        };
        let by_any_value = Settings {
            failure_header: Some(FailureHeader {
                values: Vec::new(),
                ..failure_header
            }),
            ..Settings::default()
        };
        let (success, failure) = (Some(LoginOutcome::Success), Some(LoginOutcome::Failure));
        for (settings, status, header, expected) in [
            (&shipped, 401, None, failure),
            (&shipped, 422, None, failure),
            (&shipped, 200, None, success),
            (&shipped, 303, None, success),
            (&shipped, 404, None, None),
            (&shipped, 429, None, None),
            (&shipped, 503, None, None),
            (&shipped, 200, Some("failed"), success),
            (&form_again, 200, None, failure),
            (&form_again, 303, None, success),
            (&form_again, 204, None, None),
            (&form_again, 401, None, None),
            (&by_header, 200, Some(" Failed "), failure),
            (&by_header, 200, Some("ok"), success),
            (&by_header, 503, Some("failed"), failure),
            (&by_any_value, 200, Some("7"), failure),
            (&by_any_value, 200, None, success),
        ] {
            let outcome = settings.outcome(status, header.map(str::as_bytes));
            assert_eq!(outcome, expected, "{status} {header:?} by {settings:?}");
        }
        assert_eq!((shipped.header(), by_header.header()), (None, Some("x-login")));
    }

    #[test]
    fn failures_are_many_by_their_number_and_by_their_share() {
        let are_many = |failures, successes| {
            let outcomes = Outcomes { failures, successes };
            Settings::default().are_many(outcomes, 20)
        };
        assert!(!are_many(19, 0));
        assert!(are_many(20, 0));
        assert!(are_many(20, 5), "four of five");
        assert!(!are_many(20, 6));
        assert!(are_many(u32::MAX, 0));
        assert!(!are_many(u32::MAX, u32::MAX));
    }
}
