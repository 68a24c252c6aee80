//! Bytes of HTTP/2 as a client of our own making sends them, and header lists as Envoy makes them of HTTP/1.

use super::scenario::Fields;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

pub fn settings(entries: &[(u16, u32)]) -> Vec<u8> {
    let payload: Vec<u8> = entries
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat())
        .collect();
    frame(4, 0, 0, &payload)
}

/// Preface, SETTINGS, WINDOW_UPDATE.
pub fn opening(entries: &[(u16, u32)], window_update: u32) -> Vec<u8> {
    [
        PREFACE.to_vec(),
        settings(entries),
        frame(8, 0, 0, &window_update.to_be_bytes()),
    ]
    .concat()
}

/// HEADERS, and CONTINUATION where one frame is too small, of a request without a body.
pub fn http2_request(stream: u32, fields: &Fields) -> Vec<u8> {
    const END_STREAM: u8 = 1;
    const END_HEADERS: u8 = 4;
    let block = block(fields);
    let mut parts: Vec<_> = block.chunks(16_384).collect();
    let last = parts.pop().unwrap();
    let mut frames = Vec::new();
    for (n, part) in parts.iter().enumerate() {
        let (kind, flags) = if n == 0 { (1, END_STREAM) } else { (9, 0) };
        frames.extend(frame(kind, flags, stream, part));
    }
    let (kind, flags) = if parts.is_empty() {
        (1, END_STREAM | END_HEADERS)
    } else {
        (9, END_HEADERS)
    };
    frames.extend(frame(kind, flags, stream, last));
    frames
}

/// A header block (RFC 7541, 6.2.2): every field literal, without indexing, without Huffman coding.
pub fn block(fields: &Fields) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name.as_bytes(), value] {
            length(&mut block, text.len());
            block.extend(text);
        }
    }
    block
}

/// An integer with a prefix of seven bits (RFC 7541, 5.1).
fn length(block: &mut Vec<u8>, value: usize) {
    if value < 127 {
        block.push(u8::try_from(value).unwrap());
        return;
    }
    block.push(127);
    let mut rest = value - 127;
    while rest >= 128 {
        block.push(u8::try_from(rest % 128).unwrap() | 128);
        rest /= 128;
    }
    block.push(u8::try_from(rest).unwrap());
}

/// The header map that Envoy makes of an HTTP/1 head: pseudo-headers first, names in lower case, hop-by-hop headers gone.
pub fn map_of_http1(head: &[u8]) -> (String, Fields) {
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let line: Vec<_> = lines.next().unwrap().split(|byte| *byte == b' ').collect();
    let mut own: Fields = Vec::new();
    let mut authority = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').unwrap();
        let name = text(&line[..colon]).to_ascii_lowercase();
        let value = line[colon + 1..].trim_ascii().to_vec();
        match name.as_str() {
            "host" => authority = value,
            "connection" | "keep-alive" | "proxy-connection" => {}
            _ => own.push((name, value)),
        }
    }
    let pseudo = [
        (":authority", authority),
        (":path", line[1].to_vec()),
        (":method", line[0].to_vec()),
        (":scheme", b"http".to_vec()),
    ];
    let mut map: Fields = pseudo
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    map.extend(own);
    (text(line[2]), map)
}

/// What Envoy adds behind the client's own headers.
pub fn added_by_envoy() -> Fields {
    let added = [
        ("x-forwarded-proto", "http"),
        ("x-request-id", "f5a1d2c4-0000-4000-8000-000000000000"),
    ];
    added
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect()
}
