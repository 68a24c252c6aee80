//! All fingerprints of one client, as far as its evidence goes.
//!
//! Those of the connection are frozen at its first request, as the HTTP/2 form demands; the header order is each request's own.

use super::ascii::Ascii;
use super::combined::{self, Lp1, Part};
use super::http2::{Extended, Fingerprint, PseudoOrder};
use super::order::{CaseClass, HeaderOrder};
use super::tls::TlsPrint;
use crate::evidence::{Evidence, Facts, Protocol, Reason, RequestNames, is_annotation};
use crate::wire::http1::Head;
use crate::wire::opening::Opening;

/// The fingerprints that belong to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionPrint {
    /// Those of its TLS.
    pub tls: TlsPrint,
    /// The HTTP/2 form.
    pub http2: Evidence<Http2Print>,
    /// How the first HTTP/1 request writes its header names.
    pub case: Evidence<CaseClass>,
    /// The combined fingerprint, without its tcp part: that is the request's own.
    pub lp1: Lp1,
}

/// The HTTP/2 forms as text, and the MD5 of the one that databases list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http2Print {
    /// `SETTINGS|WINDOW_UPDATE|PRIORITY|PSEUDO`
    pub form: Box<str>,
    /// The MD5 of the form.
    pub md5: Ascii<32>,
    /// The form with what it leaves out, see [`Extended`].
    pub extended: Box<str>,
}

impl ConnectionPrint {
    /// The connection is a proxy's, and nothing of it is the client's.
    pub fn relayed() -> Self {
        Self {
            tls: TlsPrint::unseen(Reason::Relayed),
            http2: Evidence::Missing(Reason::Relayed),
            case: Evidence::Missing(Reason::Relayed),
            lp1: Lp1::UNSEEN,
        }
    }

    /// The fingerprints of the connection with this `opening` and this `tls`, whose first request has `names` and `order`.
    pub fn freeze(
        opening: &Evidence<Opening>,
        facts: &Facts,
        tls: TlsPrint,
        names: &RequestNames<'_>,
        order: &Evidence<HeaderOrder>,
    ) -> Self {
        let case = http1_head(opening, facts).and_then(|head| {
            let own = head.names.iter().filter(|name| !is_annotation(name));
            Evidence::or_missing(CaseClass::of(own), Reason::NotSent)
        });
        let mut http = Part::ZEROS;
        let http2 = http2_form(opening, facts, names).map(|form| {
            if let Evidence::Seen(order) = order {
                http = combined::http_part_of_http2(&form, &order.digest());
            }
            Http2Print {
                form: form.to_string().into(),
                md5: form.md5(),
                extended: Extended(form).to_string().into(),
            }
        });
        if let (Evidence::Seen(head), Evidence::Seen(order)) = (http1_head(opening, facts), order) {
            http = combined::http_part_of_http1(head.version, case.seen().copied(), &order.digest());
        }
        Self {
            http2,
            case,
            lp1: Lp1 {
                tcp: Part::ZEROS,
                tls: tls.part,
                http,
            },
            tls,
        }
    }
}

/// Whether the proxy's map has the headers of a request on this connection in the client's order.
pub const fn is_ordered_by_map(facts: &Facts) -> bool {
    matches!(facts.protocol, Evidence::Seen(Protocol::Http2 | Protocol::Http3))
}

/// The header order of a request. HTTP/2 and later: as the proxy's map has it. HTTP/1: from the wire, which shows it for
/// the first request of a connection alone; the map has lost `host` and the hop-by-hop headers.
pub fn request_order(
    opening: &Evidence<Opening>,
    facts: &Facts,
    names: &RequestNames<'_>,
    is_first: bool,
) -> Evidence<HeaderOrder> {
    let order = match facts.protocol {
        _ if is_ordered_by_map(facts) => HeaderOrder::of(names.iter()),
        _ if !is_first => return Evidence::Missing(Reason::LaterRequest),
        _ => match http1_head(opening, facts) {
            Evidence::Seen(head) => HeaderOrder::of(head.names.iter()),
            Evidence::Pending => return Evidence::Pending,
            Evidence::Missing(reason) => return Evidence::Missing(reason),
        },
    };
    Evidence::or_missing(order, Reason::TooLarge)
}

fn http2_form<'a>(
    opening: &'a Evidence<Opening>,
    facts: &Facts,
    names: &RequestNames<'_>,
) -> Evidence<Fingerprint<'a>> {
    if let Evidence::Seen(Protocol::Http10 | Protocol::Http11 | Protocol::Http3) = facts.protocol {
        return Evidence::Missing(Reason::OtherProtocol);
    }
    opening.as_ref().and_then(|opening| match opening {
        Opening::Http2(opening) => Evidence::or_missing(PseudoOrder::of(names.iter()), Reason::Malformed)
            .map(|pseudo| Fingerprint { opening, pseudo }),
        Opening::Http1(_) | Opening::Tls(_) => Evidence::Missing(Reason::OtherProtocol),
    })
}

fn http1_head<'a>(opening: &'a Evidence<Opening>, facts: &Facts) -> Evidence<&'a Head> {
    if let Evidence::Seen(Protocol::Http2 | Protocol::Http3) = facts.protocol {
        return Evidence::Missing(Reason::OtherProtocol);
    }
    opening.as_ref().and_then(|opening| match opening {
        Opening::Http1(head) => Evidence::Seen(head),
        Opening::Http2(_) | Opening::Tls(_) => Evidence::Missing(Reason::OtherProtocol),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{ReportedJa4, TlsSource};
    use crate::wire::Progress;
    use crate::wire::opening::{MAX_OPENING, Parser};

    fn facts(protocol: Protocol) -> Facts {
        Facts {
            source: Evidence::Missing(Reason::NotProvided),
            peer: Evidence::Missing(Reason::NotProvided),
            protocol: Evidence::Seen(protocol),
            tls_version: Evidence::Missing(Reason::Cleartext),
            sni: Evidence::Missing(Reason::Cleartext),
            ja3: Evidence::Missing(Reason::Cleartext),
            ja4: Evidence::or_missing(
                ReportedJa4::parse(b"t13d1516h2_8daaf6152771_e5627efa2ab1"),
                Reason::Malformed,
            ),
        }
    }

    fn opened(bytes: &[u8]) -> Evidence<Opening> {
        match Parser::new(MAX_OPENING).feed(bytes) {
            Progress::Done(opening) => Evidence::Seen(opening),
            other => panic!("{other:?}"),
        }
    }

    fn http2() -> Evidence<Opening> {
        let mut bytes = crate::wire::http2::PREFACE.to_vec();
        bytes.extend([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 0, 1, 1, 4, 0, 0, 0, 1]);
        opened(&bytes)
    }

    const UNSEEN: Evidence<Opening> = Evidence::Missing(Reason::NoConnectionRole);
    const NAMES: [&str; 6] = [":method", ":scheme", ":authority", ":path", "user-agent", "cookie"];

    fn tls(facts: &Facts) -> TlsPrint {
        TlsPrint::of(&Evidence::Missing(Reason::NotProvided), TlsSource::FilterState, facts)
    }

    fn freeze(connection: &Evidence<Opening>, facts: &Facts, names: &[&str]) -> ConnectionPrint {
        let fields: Vec<_> = names.iter().map(|name| (*name, &b""[..])).collect();
        let names = RequestNames::new(&fields);
        let order = request_order(connection, facts, &names, true);
        ConnectionPrint::freeze(connection, facts, tls(facts), &names, &order)
    }

    #[test]
    fn an_http2_connection_has_a_form_and_no_case() {
        let print = freeze(&http2(), &facts(Protocol::Http2), &NAMES);
        assert_eq!(&*print.http2.seen().unwrap().form, "3:100|00|0|m,s,a,p");
        assert_eq!(print.case, Evidence::Missing(Reason::OtherProtocol));
        assert_ne!(print.lp1.http, Part::ZEROS);
        assert_ne!(print.lp1.tls, Part::ZEROS);
        assert_eq!(print.lp1.tcp, Part::ZEROS);
    }

    #[test]
    fn what_varies_by_page_does_not_change_the_combined_fingerprint() {
        let lp1 = |names: &[&str]| freeze(&http2(), &facts(Protocol::Http2), names).lp1;
        let with_referer = [":method", ":scheme", ":authority", ":path", "referer", "user-agent"];
        let reordered = [":method", ":path", ":authority", ":scheme", "user-agent"];
        assert_eq!(lp1(&NAMES), lp1(&with_referer));
        assert_ne!(lp1(&NAMES), lp1(&reordered));
    }

    #[test]
    fn an_http1_connection_is_read_from_the_wire_at_its_first_request_only() {
        let connection = opened(b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: b\r\n\r\n");
        let facts = facts(Protocol::Http11);
        let fields = [":authority", ":path", ":method", ":scheme", "user-agent"].map(|name| (name, &b""[..]));
        let names = RequestNames::new(&fields);
        let first = request_order(&connection, &facts, &names, true);
        assert_eq!(first.seen().unwrap().to_string(), "host,user-agent");
        assert_eq!(
            request_order(&connection, &facts, &names, false),
            Evidence::Missing(Reason::LaterRequest)
        );
        let print = ConnectionPrint::freeze(&connection, &facts, tls(&facts), &names, &first);
        assert_eq!(print.case, Evidence::Seen(CaseClass::Title));
        assert_eq!(print.http2, Evidence::Missing(Reason::OtherProtocol));
        assert_ne!(print.lp1.http, Part::ZEROS);
    }

    #[test]
    fn without_the_connection_role_only_what_requests_show_is_left() {
        let print = freeze(&UNSEEN, &facts(Protocol::Http2), &NAMES);
        assert_eq!(print.http2, Evidence::Missing(Reason::NoConnectionRole));
        assert_eq!(print.lp1.http, Part::ZEROS);
        let fields = NAMES.map(|name| (name, &b""[..]));
        let names = RequestNames::new(&fields);
        let order = request_order(&UNSEEN, &facts(Protocol::Http2), &names, false);
        assert_eq!(order.seen().unwrap().to_string(), "user-agent");
    }
}
