//! How gRPC is told no. Plain gRPC has trailers, and the proxy writes them; gRPC-Web has them as the last frame of the body
//! (grpc/grpc, `doc/PROTOCOL-WEB.md`), because a script in a browser does not see HTTP's own.

use super::{Header, Refusal};

/// The statuses of gRPC that are answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrpcStatus {
    /// 7
    PermissionDenied,
    /// 8
    ResourceExhausted,
}

impl GrpcStatus {
    /// The number that goes over the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::PermissionDenied => 7,
            Self::ResourceExhausted => 8,
        }
    }
}

/// Which gRPC a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// gRPC over HTTP/2.
    Plain,
    /// gRPC-Web.
    Web(Web),
}

/// How gRPC-Web puts its frames into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Web {
    /// As they are.
    Binary,
    /// In base64.
    Text,
}

impl Kind {
    /// What this `content-type` says; none when it is not gRPC's.
    pub(super) fn of(content_type: &[u8]) -> Option<Self> {
        // The longest name first: each is the beginning of the next.
        let names: [(&[u8], Self); 3] = [
            (b"application/grpc-web-text", Self::Web(Web::Text)),
            (b"application/grpc-web", Self::Web(Web::Binary)),
            (b"application/grpc", Self::Plain),
        ];
        names.into_iter().find_map(|(name, kind)| {
            let (start, rest) = content_type.split_at_checked(name.len())?;
            let ends = matches!(rest.first(), None | Some(b'+' | b';' | b' '));
            (start.eq_ignore_ascii_case(name) && ends).then_some(kind)
        })
    }
}

impl Web {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        }
    }

    pub(super) fn encode(self, frame: &[u8]) -> Vec<u8> {
        match self {
            Self::Binary => frame.to_vec(),
            Self::Text => base64(frame),
        }
    }
}

/// The metadata that tells a client with a retry policy when to come again (gRPC proposal A6).
pub(super) fn pushback(refusal: Refusal) -> Option<Header> {
    match refusal {
        Refusal::Limit { retry_after } => {
            let milliseconds = u64::from(retry_after) * 1_000;
            Some(("grpc-retry-pushback-ms", milliseconds.to_string().into()))
        }
        Refusal::Block | Refusal::Challenge => None,
    }
}

/// The frame of trailers: a flag, its length, and the fields as HTTP/1 writes them.
pub(super) fn trailers(refusal: Refusal) -> Vec<u8> {
    const TRAILERS: u8 = 0x80;
    let (code, title) = (refusal.grpc_status().code(), refusal.title());
    let mut fields = format!("grpc-status:{code}\r\ngrpc-message:{title}\r\n");
    if let Some((name, value)) = pushback(refusal) {
        fields.push_str(&format!("{name}:{value}\r\n"));
    }
    // Our own texts are a hundred bytes or so.
    let length = u32::try_from(fields.len()).unwrap_or_default();
    let mut frame = vec![TRAILERS];
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(fields.as_bytes());
    frame
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [first, second, third] = [0, 1, 2].map(|n| chunk.get(n).copied().unwrap_or_default());
        let word = u32::from_be_bytes([0, first, second, third]);
        for (n, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = usize::try_from((word >> shift) & 0x3f).ok();
            let digit = digit.and_then(|digit| ALPHABET.get(digit)).copied().unwrap_or(b'=');
            text.push(if n <= chunk.len() { digit } else { b'=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_content_types_of_grpc_are_told_apart_and_nothing_else_is_one() {
        for (content_type, kind) in [
            ("application/grpc", Some(Kind::Plain)),
            ("application/grpc+proto", Some(Kind::Plain)),
            ("Application/GRPC; charset=utf-8", Some(Kind::Plain)),
            ("application/grpc-web", Some(Kind::Web(Web::Binary))),
            ("application/grpc-web+proto", Some(Kind::Web(Web::Binary))),
            ("application/grpc-web-text", Some(Kind::Web(Web::Text))),
            ("application/grpc-web-text+proto", Some(Kind::Web(Web::Text))),
            ("application/grpcx", None),
            ("application/json", None),
            ("application/grp", None),
            ("", None),
        ] {
            assert_eq!(Kind::of(content_type.as_bytes()), kind, "{content_type}");
        }
    }

    /// RFC 4648, 10.
    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text.as_bytes());
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), b"//79");
    }

    #[test]
    fn the_trailers_of_grpc_web_are_a_frame_of_their_own() {
        let frame = trailers(Refusal::Limit { retry_after: 7 });
        let fields = "grpc-status:8\r\ngrpc-message:Too many requests\r\ngrpc-retry-pushback-ms:7000\r\n";
        assert_eq!(frame[..5], [0x80, 0, 0, 0, u8::try_from(fields.len()).unwrap()]);
        assert_eq!(&frame[5..], fields.as_bytes());
    }
}
