//! What rules are tried on: a live request, a live connection, a line of the log. Each says its evidence by the names of the fields.

use super::field::{Field, Number};
use crate::evidence::{Evidence, Reason};
use core::net::IpAddr;

/// Whatever rules are tried on. Nothing is asked for that no rule wants.
pub trait Subject {
    /// Hands each value of `field` to `take`: one, or several for `network` and `reason`, or none where there could have been one.
    /// Else the reason why it is missing. `take` may ask for further evidence, so nothing may be borrowed mutably meanwhile.
    fn texts(&self, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()>;

    /// The value of `number`.
    fn number(&self, number: Number) -> Evidence<u64>;

    /// The client's address, as far as it is trusted.
    fn client_ip(&self) -> Evidence<IpAddr>;

    /// Hands each value of the request's header of this name, in lower case, to `take`. Missing where none came, or where headers
    /// are not known.
    fn header(&self, name: &str, take: &mut dyn FnMut(&[u8])) -> Evidence<()> {
        let _ = (name, take);
        Evidence::Missing(Reason::NotProvided)
    }
}

/// The longest text of a field without case: the longest name of a host.
const LONGEST: usize = 255;

/// The values of `field`; in lower case where it has none. Allocates nothing.
pub(super) fn texts<S: Subject + ?Sized>(subject: &S, field: Field, take: &mut dyn FnMut(&str)) -> Evidence<()> {
    if !field.ignores_case() {
        return subject.texts(field, take);
    }
    subject.texts(field, &mut |text| {
        let mut buffer = [0_u8; LONGEST];
        let lower = buffer.get_mut(..text.len()).and_then(|lower| {
            lower.copy_from_slice(text.as_bytes());
            lower.make_ascii_lowercase();
            str::from_utf8(lower).ok()
        });
        // A longer one is the name of no host, and equal to none.
        take(lower.unwrap_or(text));
    })
}
