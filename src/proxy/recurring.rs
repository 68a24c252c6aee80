//! What follows from the headers of a request on its connection, and from the connection for all of its requests: made once, and kept
//! within the connection's bytes.

use super::connections::Known;
use super::profile::{MAX_LAYOUTS, Profile};
use super::visit::Sender;
use crate::annotate::line::{self, Part, Parts};
use crate::annotate::{Annotation, Observed, headers};
use crate::compare::{self, Standing};
use crate::evidence::NetworkTags;
use crate::evidence::forwarded::Forwarded;
use crate::host::Layout;
use crate::memory::key::Keys;
use crate::policy::config::Header;
use core::cell::{Cell, OnceCell, RefCell};
use smallvec::SmallVec;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

/// Of how many profiles a connection keeps what follows from them on it: a page, its scripts, its pictures, its calls.
const MAX_STANDINGS: usize = 4;

/// How headers lay, and their profiles.
pub(super) type Layouts = SmallVec<[(Rc<Profile>, Rc<Layout>); MAX_STANDINGS * MAX_LAYOUTS]>;

/// What a connection's requests have in common, as far as they are of the kind of the first: hardly any connection brings another.
#[derive(Debug, Default)]
pub(super) struct Recurring(OnceCell<Box<Kept>>);

impl Recurring {
    /// How the headers of its requests lay so far, as far as that is still known, with their profiles; the last ones first.
    pub(super) fn layouts(&self) -> Layouts {
        let mut layouts = Layouts::new();
        let Some(kept) = self.0.get() else { return layouts };
        for stood in kept.standings.borrow().iter().rev() {
            let Some(profile) = stood.profile.upgrade() else {
                continue;
            };
            let of_profile = profile.layouts.borrow();
            layouts.extend(of_profile.iter().map(|layout| (Rc::clone(&profile), Rc::clone(layout))));
        }
        layouts
    }
}

/// The most bytes that are kept of what lines say of the way of requests.
const MAX_WAY: usize = 384;

/// The most bytes that all of it takes without the part of the line.
const MAX_KEPT: usize = 512 + MAX_WAY;

/// How the layers stood to requests of one profile.
#[derive(Debug)]
struct Stood {
    profile: Weak<Profile>,
    networks: NetworkTags,
    standing: Rc<Standing>,
}

/// What the requests of one kind have in common.
#[derive(Debug)]
struct Kept {
    /// Their kind.
    others: Others,
    /// Those that were wanted last behind. Headers that nobody sends any more are not kept for the connection's sake.
    standings: RefCell<VecDeque<Stood>>,
    line: OnceCell<Part>,
    way: RefCell<Option<(Forwarded, NetworkTags, Rc<Part>)>>,
    id: OnceCell<Box<str>>,
    tcp: OnceCell<Option<Box<str>>>,
    sender: Cell<Option<Sender>>,
}

/// What one request has in common with others.
#[derive(Debug)]
pub(super) struct Common<'a> {
    profile: &'a Rc<Profile>,
    known: &'a Known,
    connection: Option<&'a Kept>,
}

impl<'a> Common<'a> {
    /// A request with this `profile`, of whose connection this is not its client's.
    pub(super) fn new(profile: &'a Rc<Profile>, known: &'a Known, others: Others) -> Self {
        let kept = known.recurring.0.get_or_init(|| {
            Box::new(Kept {
                others,
                standings: RefCell::default(),
                line: OnceCell::new(),
                way: RefCell::default(),
                id: OnceCell::new(),
                tcp: OnceCell::new(),
                sender: Cell::default(),
            })
        });
        Self {
            profile,
            known,
            connection: Some(&**kept).filter(|kept| kept.others == others),
        }
    }
}

/// What of a connection is somebody else's than its request's client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Others {
    /// What lies below TLS.
    pub(super) layer4: bool,
    /// TLS and HTTP.
    pub(super) layer7: bool,
}

impl Common<'_> {
    /// What the layers say of all requests of this profile on the connection, from the networks of this one.
    pub(super) fn standing(&self, observed: &Observed<'_>, known: compare::Known<'_>) -> Rc<Standing> {
        let make = || Rc::new(Standing::of(&observed.view(), known));
        let Some(connection) = self.connection else {
            return make();
        };
        let is_wanted = |stood: &Stood| {
            core::ptr::eq(stood.profile.as_ptr(), Rc::as_ptr(self.profile)) && stood.networks == observed.networks
        };
        let mut standings = connection.standings.borrow_mut();
        let at = standings.iter().rposition(is_wanted);
        let stood = at.and_then(|at| standings.remove(at)).unwrap_or_else(|| Stood {
            profile: Rc::downgrade(self.profile),
            networks: observed.networks,
            standing: make(),
        });
        if standings.len() >= MAX_STANDINGS {
            standings.pop_front();
        }
        let standing = Rc::clone(&stood.standing);
        standings.push_back(stood);
        standing
    }

    /// Who sends the request.
    pub(super) fn sender(&self, keys: &Keys, observed: &Observed<'_>) -> Sender {
        let make = || Sender::of(keys, observed);
        let Some(connection) = self.connection else {
            return make();
        };
        let known = connection.sender.get().filter(|sender| sender.sends(observed));
        let sender = known.unwrap_or_else(make);
        connection.sender.set(Some(sender));
        sender
    }

    /// The request's line, written in the place of `old`.
    pub(super) fn line(&self, annotation: &Annotation<'_>, old: String) -> String {
        let of = annotation.observed;
        let headers = self.profile.line.get_or_init(|| line::part_of_headers(of));
        let kept = self.connection.map(|connection| &connection.line);
        let made = OnceCell::new();
        let parts = Parts {
            way: &self.way(of),
            connection: kept
                .and_then(OnceCell::get)
                .unwrap_or_else(|| made.get_or_init(|| line::part_of_connection(of))),
            headers,
        };
        let line = line::with_parts(annotation, parts, old);
        // The whole connection stays within its bytes.
        let fits = |part: &Part| part.bytes().saturating_add(MAX_KEPT) <= self.known.room();
        if let (Some(kept), Some(made)) = (kept, made.into_inner().filter(fits)) {
            // Nobody has set it meanwhile.
            let _ = kept.set(made);
        }
        line
    }

    /// What the line says of the way that the request took: usually that of the one before.
    fn way(&self, of: &Observed<'_>) -> Rc<Part> {
        let make = || Rc::new(line::part_of_way(of));
        let Some(connection) = self.connection else {
            return make();
        };
        let mut kept = connection.way.borrow_mut();
        if let Some((way, networks, part)) = &*kept
            && (way, *networks) == (of.way, of.networks)
        {
            return Rc::clone(part);
        }
        let part = make();
        *kept = (part.bytes() <= MAX_WAY).then(|| (of.way.clone(), of.networks, Rc::clone(&part)));
        part
    }

    /// The value of `header`.
    pub(super) fn header<'v>(&'v self, header: Header, annotation: &'v Annotation<'_>) -> Option<Cow<'v, str>> {
        let value = || headers::value(header, annotation);
        let owned = || value().map(|value| value.into_owned().into_boxed_str());
        match (header, self.connection) {
            (Header::Id, Some(connection)) => {
                let id = connection.id.get_or_init(|| owned().unwrap_or_default());
                Some(Cow::Borrowed(id))
            }
            (Header::Tcp, Some(connection)) => connection.tcp.get_or_init(owned).as_deref().map(Cow::Borrowed),
            _ => value(),
        }
    }
}
