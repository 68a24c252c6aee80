//! One client connection as the tool shows it: the fingerprints of what was seen, and nothing for what was not.

use super::opening::Opening;
use super::summary::Gap;
use core::fmt;
use layerprint::clients::stacks::{Named, Stacks};
use layerprint::evidence::is_annotation;
use layerprint::fingerprint::combined::{self, HttpPart, Lp1};
use layerprint::fingerprint::http2::{Fingerprint, PseudoOrder};
use layerprint::fingerprint::ja3::Ja3;
use layerprint::fingerprint::ja4::{Ja4, Transport};
use layerprint::fingerprint::lp1_tls::TlsPart;
use layerprint::fingerprint::order::{CaseClass, HeaderOrder};
use layerprint::fingerprint::tcp::{Signature, TcpPart};
use layerprint::wire::http1::Head;
use layerprint::wire::http2;
use layerprint::wire::syn::Syn;
use layerprint::wire::tls::{BrokenExtension, ClientHello};
use serde_json::{Map, Value};
use std::net::SocketAddr;
use std::sync::OnceLock;

/// A connection of a client, and its fingerprints; none where the capture does not show what they are made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address and port.
    pub src: SocketAddr,
    /// The server's.
    pub dst: SocketAddr,
    /// JA3, the hash.
    pub ja3: Option<String>,
    /// JA3, the text.
    pub ja3_raw: Option<String>,
    /// JA3 with the extensions sorted, the hash.
    pub ja3n: Option<String>,
    /// JA4.
    pub ja4: Option<String>,
    /// JA4, the text.
    pub ja4_r: Option<String>,
    /// JA4 in wire order.
    pub ja4_o: Option<String>,
    /// JA4 in wire order, the text.
    pub ja4_ro: Option<String>,
    /// The HTTP/2 form.
    pub http2: Option<String>,
    /// Its MD5.
    pub http2_md5: Option<String>,
    /// The SYN signature.
    pub tcp: Option<String>,
    /// The family of TCP stacks that the SYN names; `unknown` or `ambiguous` when none, or two.
    pub os: Option<String>,
    /// The combined fingerprint; none when it would be zeros alone.
    pub lp1: Option<String>,
    /// The canonical texts of its three parts, joined by `_`; `-` for a part without evidence.
    pub lp1_r: Option<String>,
}

impl Client {
    /// The client at `src`, of which nothing is known yet.
    const fn at(src: SocketAddr, dst: SocketAddr) -> Self {
        Self {
            src,
            dst,
            ja3: None,
            ja3_raw: None,
            ja3n: None,
            ja4: None,
            ja4_r: None,
            ja4_o: None,
            ja4_ro: None,
            http2: None,
            http2_md5: None,
            tcp: None,
            os: None,
            lp1: None,
            lp1_r: None,
        }
    }

    /// The fields by name, in the order in which they are shown.
    pub fn fields(&self) -> [(&'static str, Option<&str>); 13] {
        [
            ("ja3", self.ja3.as_deref()),
            ("ja3_raw", self.ja3_raw.as_deref()),
            ("ja3n", self.ja3n.as_deref()),
            ("ja4", self.ja4.as_deref()),
            ("ja4_r", self.ja4_r.as_deref()),
            ("ja4_o", self.ja4_o.as_deref()),
            ("ja4_ro", self.ja4_ro.as_deref()),
            ("http2", self.http2.as_deref()),
            ("http2_md5", self.http2_md5.as_deref()),
            ("tcp", self.tcp.as_deref()),
            ("os", self.os.as_deref()),
            ("lp1", self.lp1.as_deref()),
            ("lp1_r", self.lp1_r.as_deref()),
        ]
    }

    /// One JSON object with exactly the keys of the contract, null where nothing was seen.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("src".to_owned(), self.src.to_string().into());
        object.insert("dst".to_owned(), self.dst.to_string().into());
        for (name, value) in self.fields() {
            object.insert(name.to_owned(), value.into());
        }
        object.into()
    }

    /// How much memory it holds, about.
    pub(super) fn held(&self) -> usize {
        let texts = self
            .fields()
            .iter()
            .filter_map(|(_, text)| text.map(str::len))
            .sum::<usize>();
        texts + size_of::<Self>()
    }
}

/// One line: the addresses, then `name=value` for what was seen.
impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}", self.src, self.dst)?;
        for (name, value) in self.fields() {
            if let Some(value) = value {
                write!(f, " {name}={value}")?;
            }
        }
        Ok(())
    }
}

/// Puts a client together from what was seen of it, and notes what is wrong with it.
#[derive(Debug)]
pub(super) struct Portrait {
    client: Client,
    lp1: Lp1,
    texts: [Option<String>; 3],
    gaps: Vec<Gap>,
}

impl Portrait {
    pub(super) const fn of(src: SocketAddr, dst: SocketAddr) -> Self {
        Self {
            client: Client::at(src, dst),
            lp1: Lp1::UNSEEN,
            texts: [None, None, None],
            gaps: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, gap: Gap) {
        self.gaps.push(gap);
    }

    /// Adds the SYN: the packet from its IP header to the end of its TCP header.
    pub(super) fn add_syn(&mut self, headers: &[u8]) {
        let Ok(syn) = Syn::parse(headers) else {
            return self.note(Gap::BrokenSyn);
        };
        self.client.tcp = Some(Signature(&syn).to_string());
        self.client.os = stacks().map(|stacks| Named::from(stacks.identify(&syn)).as_str().to_owned());
        self.lp1.tcp = combined::tcp_part_of_syn(&syn);
        let [tcp, ..] = &mut self.texts;
        *tcp = Some(TcpPart(&syn).to_string());
    }

    /// Adds what the client said first.
    pub(super) fn add_opening(&mut self, opening: &Opening) {
        match opening {
            Opening::Tls(hello) => self.add_hello(hello, Transport::Tcp),
            Opening::Http1(head) => self.add_http1(head),
            Opening::Http2(opening, names) => self.add_http2(opening, names),
        }
    }

    /// Adds a ClientHello. Each fingerprint is there only if all that it looks at reads to its end.
    pub(super) fn add_hello(&mut self, hello: &ClientHello, transport: Transport) {
        let mut broken = Vec::new();
        if let Some(ja3) = whole(Ja3::new(hello), &mut broken) {
            self.client.ja3 = Some(ja3.md5().to_string());
            self.client.ja3_raw = Some(ja3.to_string());
        }
        if let Some(ja3n) = whole(Ja3::normalized(hello), &mut broken) {
            self.client.ja3n = Some(ja3n.md5().to_string());
        }
        if let Some(ja4) = whole(Ja4::new(hello, transport), &mut broken) {
            self.client.ja4 = Some(ja4.ja4().to_string());
            self.client.ja4_r = Some(ja4.ja4_r().to_string());
            self.client.ja4_o = Some(ja4.ja4_o().to_string());
            self.client.ja4_ro = Some(ja4.ja4_ro().to_string());
        }
        if let Some(part) = whole(TlsPart::new(hello), &mut broken) {
            self.lp1.tls = part.digest();
            let [_, tls, _] = &mut self.texts;
            *tls = Some(part.to_string());
        }
        broken.sort_unstable();
        broken.dedup();
        for code in broken {
            self.note(Gap::Broken(format!("ClientHello: extension {code}")));
        }
    }

    fn add_http1(&mut self, head: &Head) {
        let Some(order) = HeaderOrder::of(head.names.iter()) else {
            return self.note(Gap::Broken("HTTP/1 head: too many names".to_owned()));
        };
        self.add_http_part(&HttpPart::Http1 {
            version: head.version,
            case: CaseClass::of(head.names.iter().filter(|name| !is_annotation(name))),
            order: order.digest(),
        });
    }

    fn add_http2(&mut self, opening: &http2::Opening, names: &[String]) {
        let Some(pseudo) = PseudoOrder::of(names.iter().map(String::as_str)) else {
            return self.note(Gap::Broken("HTTP/2 headers: no pseudo-headers, or too many".to_owned()));
        };
        let form = Fingerprint { opening, pseudo };
        self.client.http2 = Some(form.to_string());
        self.client.http2_md5 = Some(form.md5().to_string());
        match HeaderOrder::of(names.iter().map(String::as_str)) {
            Some(order) => self.add_http_part(&HttpPart::Http2 {
                form: &form,
                order: order.digest(),
            }),
            None => self.note(Gap::Broken("HTTP/2 headers: too many names".to_owned())),
        }
    }

    fn add_http_part(&mut self, part: &HttpPart<'_>) {
        self.lp1.http = part.digest();
        let [.., http] = &mut self.texts;
        *http = Some(part.to_string());
    }

    /// The client, and what is wrong with it.
    pub(super) fn finish(mut self) -> (Client, Vec<Gap>) {
        if self.lp1 != Lp1::UNSEEN {
            let texts = self.texts.each_ref().map(|text| text.as_deref().unwrap_or("-"));
            self.client.lp1 = Some(self.lp1.to_string());
            self.client.lp1_r = Some(texts.join("_"));
        }
        (self.client, self.gaps)
    }
}

/// The table that comes with the filter, read once.
fn stacks() -> Option<&'static Stacks> {
    static STACKS: OnceLock<Option<Stacks>> = OnceLock::new();
    STACKS.get_or_init(|| Stacks::built_in().ok()).as_ref()
}

/// The value, or the number of the extension that does not read to its end.
fn whole<T>(value: Result<T, BrokenExtension>, broken: &mut Vec<u16>) -> Option<T> {
    match value {
        Ok(value) => Some(value),
        Err(BrokenExtension(extension)) => {
            broken.push(extension.0);
            None
        }
    }
}
