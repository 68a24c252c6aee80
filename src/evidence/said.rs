//! What a request's headers say of its client, read when somebody asks: of requests that say the same as others before, nobody does.

use super::Sent;
use super::claims::{Claimed, Claims, Kind};
use super::fields::Fields;
use core::cell::OnceCell;
use core::fmt::Debug;

/// What a request's headers say.
pub trait Says: Debug {
    /// What it claims to come from.
    fn claims(&self) -> &Claims<'_>;

    /// The same as far as rules ask for it.
    fn claimed(&self) -> &Claimed;

    /// The values of the headers that are compared.
    fn sent(&self) -> &Sent<'_>;

    /// Whether it claims that a person uses its client.
    fn is_of_browser(&self) -> bool {
        let kind = self.claims().user_agent.seen().map(|agent| agent.kind);
        matches!(kind, Some(Kind::Browser | Kind::InApp))
    }
}

/// Headers, read at most once.
#[derive(Debug)]
pub struct Said<'f> {
    fields: &'f Fields<'f>,
    claims: OnceCell<Claims<'f>>,
    claimed: OnceCell<Claimed>,
    sent: OnceCell<Sent<'f>>,
}

impl<'f> Said<'f> {
    /// What `fields` say.
    pub const fn new(fields: &'f Fields<'f>) -> Self {
        Self {
            fields,
            claims: OnceCell::new(),
            claimed: OnceCell::new(),
            sent: OnceCell::new(),
        }
    }

    fn headers(&self) -> impl Iterator<Item = (&'f str, &'f [u8])> {
        self.fields.iter().copied()
    }
}

impl Says for Said<'_> {
    fn claims(&self) -> &Claims<'_> {
        self.claims.get_or_init(|| Claims::of(self.headers()))
    }

    fn claimed(&self) -> &Claimed {
        self.claimed.get_or_init(|| Claimed::of(self.claims()))
    }

    fn sent(&self) -> &Sent<'_> {
        self.sent.get_or_init(|| Sent::of(self.headers()))
    }
}
