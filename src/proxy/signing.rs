//! Signs the annotations of a request that goes on, beside what its client has signed.
//!
//! Calls to the proxy: none where nothing is signed; else one for the clock, unless it was read before, and two for the headers.

use super::plugin::Plugin;
use super::remember::Clock;
use crate::annotate::Observed;
use crate::annotate::signature::{Signable, Signer};
use crate::evidence::fields::first;
use crate::evidence::signatures::SignatureField;
use crate::host::{Failure, Host};
use std::borrow::Cow;

impl Plugin {
    /// Signs `annotations`, those that the request gets.
    ///
    /// # Errors
    /// The proxy does not say what time it is, or does not take the headers.
    pub(super) fn sign<H: Host>(
        &self,
        signer: &Signer,
        clock: &Clock<'_, H>,
        observed: &Observed<'_>,
        annotations: &[(&'static str, Cow<'_, str>)],
    ) -> Result<(), Failure> {
        let fields = observed.fields;
        let challenges = self.challenges.as_ref();
        let cookie = challenges.and_then(|challenges| challenges.without_ours(fields));
        let signed = signer.sign(&Signable {
            target: observed.target,
            scheme: first(fields, ":scheme").unwrap_or_default(),
            fields,
            cookie: cookie.as_deref(),
            annotations,
            created: clock.now().ok_or(Failure)?.0.as_secs(),
        });
        let host = clock.host;
        for (field, ours) in [
            (SignatureField::Input, signed.input),
            (SignatureField::Signature, signed.signature),
        ] {
            match field.read(fields) {
                None => host.add_request_header(field.name(), &ours)?,
                Some(others) if others.members.is_empty() => host.set_request_header(field.name(), ours.as_bytes())?,
                // One line for both: some servers read no more than the first.
                Some(others) => {
                    host.set_request_header(field.name(), format!("{}, {ours}", others.members).as_bytes())?;
                }
            }
        }
        Ok(())
    }
}
