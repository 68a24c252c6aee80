//! A second implementation of all that a SYN gives, as slow and as different as can be: offsets into the whole packet, text for
//! everything, no types shared with the first. What both say of any bytes must be the same.

/// What a SYN gives, as text.
pub(crate) struct Naive {
    pub(crate) signature: String,
    pub(crate) part: String,
    /// Where the TCP header ends.
    pub(crate) headers: usize,
    pub(crate) payload: usize,
    pub(crate) addresses: String,
}

/// The answer for `packet`; none when it is no SYN, or not to its end.
pub(crate) fn read(packet: &[u8]) -> Option<Naive> {
    let byte = |at: usize| packet.get(at).map(|byte| usize::from(*byte));
    let word = |at: usize| Some(byte(at)? * 256 + byte(at + 1)?);
    let zero = |from: usize, to: usize| Some(packet.get(from..to)?.iter().all(|byte| *byte == 0));

    let version = byte(0)? / 16;
    let (tcp, least, end, ttl, ecn) = match version {
        4 => {
            let tcp = byte(0)? % 16 * 4;
            if tcp < 20 || word(6)? & 0x2000 != 0 || word(6)? & 0x1fff != 0 || byte(9)? != 6 {
                return None;
            }
            (tcp, 20, word(2)?, byte(8)?, byte(1)? % 4)
        }
        6 => {
            let tcp = behind_extension_headers(packet)?;
            (tcp, 40, 40 + word(4)?, byte(7)?, byte(1)? / 16 % 4)
        }
        _ => return None,
    };

    let headers = tcp + byte(tcp + 12)? / 16 * 4;
    let flags = byte(tcp + 13)?;
    if headers < tcp + 20 || headers > packet.len() || flags & 0b1_0111 != 0b10 {
        return None;
    }
    if end < headers || (packet.len() != headers && packet.len() != end) {
        return None;
    }

    let mut layout = Vec::new();
    let (mut mss, mut scale) = (0, 0);
    let (mut ts1, mut ts2, mut trailing, mut exws, mut bad) = (false, false, false, false, false);
    let mut at = tcp + 20;
    while at < headers {
        let kind = byte(at)?;
        if kind == 0 {
            layout.push(format!("eol+{}", headers - at - 1));
            trailing = !zero(at + 1, headers)?;
            break;
        }
        if kind == 1 {
            layout.push("nop".to_owned());
            at += 1;
            continue;
        }
        if at + 1 == headers || byte(at + 1)? < 2 || at + byte(at + 1)? > headers {
            return None;
        }
        let length = byte(at + 1)?;
        let fits = match kind {
            2 => length == 4,
            3 => length == 3,
            4 => length == 2,
            5 => [10, 18, 26, 34].contains(&length),
            8 => length == 10,
            30 => length > 2,
            34 => [2, 6, 8, 10, 12, 14, 16, 18].contains(&length),
            _ => true,
        };
        bad |= !fits;
        layout.push(match kind {
            2 => "mss".to_owned(),
            3 => "ws".to_owned(),
            4 => "sok".to_owned(),
            5 => "sack".to_owned(),
            8 => "ts".to_owned(),
            _ => format!("?{kind}"),
        });
        match kind {
            2 if fits => mss = word(at + 2)?,
            3 if fits => {
                scale = byte(at + 2)?;
                exws |= scale > 14;
            }
            8 if fits => {
                ts1 |= zero(at + 2, at + 6)?;
                ts2 |= !zero(at + 6, at + 10)?;
            }
            _ => {}
        }
        at += length;
    }

    let v4 = version == 4;
    let df = v4 && byte(6)? & 0x40 != 0;
    let no_id = v4 && word(4)? == 0;
    let quirks: Vec<&str> = [
        ("df", df),
        ("id+", df && !no_id),
        ("id-", v4 && !df && no_id),
        ("ecn", ecn != 0 || flags & 0xc0 != 0 || byte(tcp + 12)? & 1 != 0),
        ("0+", v4 && (byte(6)? & 0x80 != 0 || byte(tcp + 12)? & 0b1110 != 0)),
        ("flow", !v4 && (byte(1)? % 16 != 0 || word(2)? != 0)),
        ("seq-", zero(tcp + 4, tcp + 8)?),
        ("ack+", !zero(tcp + 8, tcp + 12)?),
        ("uptr+", flags & 0x20 == 0 && word(tcp + 18)? != 0),
        ("urgf+", flags & 0x20 != 0),
        ("pushf+", flags & 0x08 != 0),
        ("ts1-", ts1),
        ("ts2+", ts2),
        ("opt+", trailing),
        ("exws", exws),
        ("bad", bad),
    ]
    .into_iter()
    .filter_map(|(name, holds)| holds.then_some(name))
    .collect();

    let window = word(tcp + 14)?;
    let made = |unit: usize| mss >= 100 && window != 0 && window % unit == 0;
    let mtu = mss + least + 20;
    let wsize = if made(mss) {
        format!("mss*{}", window / mss)
    } else if mtu <= 65_535 && made(mtu) {
        format!("mtu*{}", window / mtu)
    } else {
        window.to_string()
    };
    let ethernet = 1_480 - least;
    let unit = if made(mss) { mss } else { ethernet };
    let by_segments = window != 0 && window % unit == 0 && (made(mss) || (mss >= 100 && mss < ethernet));
    let rule = match wsize.strip_prefix("mtu") {
        _ if window == 65_535 => "65535".to_owned(),
        _ if by_segments && window + unit > 65_535 => "fill".to_owned(),
        _ if by_segments => format!("mss*{}", window / unit),
        Some(_) => wsize.clone(),
        None => window.to_string(),
    };

    let start = [32, 64, 128, 255].into_iter().find(|start| ttl <= *start)?;
    let olen = tcp - least;
    let layout = layout.join(",");
    let of_stack: Vec<&str> = quirks
        .iter()
        .copied()
        .filter(|quirk| !["df", "id+", "id-", "ecn", "0+", "flow"].contains(quirk))
        .collect();
    Some(Naive {
        signature: format!(
            "{version}:{ttl}+{}:{olen}:{mss}:{wsize},{scale}:{layout}:{}:{}",
            start - ttl,
            quirks.join(","),
            if end == headers { "0" } else { "+" }
        ),
        part: format!(
            "syn:*:{start}:{olen}:*:{rule},{scale}:{layout}:{}:*",
            of_stack.join(",")
        ),
        headers,
        payload: end - headers,
        addresses: addresses(packet, v4, word(tcp)?, word(tcp + 2)?)?,
    })
}

/// Where TCP begins in an IPv6 packet.
fn behind_extension_headers(packet: &[u8]) -> Option<usize> {
    let mut kind = *packet.get(6)?;
    let mut at = 40;
    let mut count = 0;
    while kind != 6 {
        count += 1;
        let size = usize::from(*packet.get(at + 1)?);
        let length = match kind {
            0 if count > 1 => return None,
            0 | 43 | 60 => 8 + size * 8,
            44 if packet.get(at + 2)? != &0 || packet.get(at + 3)? & 0b1111_1001 != 0 => return None,
            44 => 8,
            51 => 8 + size * 4,
            _ => return None,
        };
        kind = *packet.get(at)?;
        at += length;
        if count > 8 {
            return None;
        }
    }
    Some(at)
}

fn addresses(packet: &[u8], v4: bool, from: usize, to: usize) -> Option<String> {
    if v4 {
        let dotted = |at: usize| {
            let four = packet.get(at..at + 4)?;
            Some(four.iter().map(u8::to_string).collect::<Vec<_>>().join("."))
        };
        return Some(format!("{}:{from} {}:{to}", dotted(12)?, dotted(16)?));
    }
    let address = |at: usize| Some(std::net::Ipv6Addr::from(*packet.get(at..)?.first_chunk::<16>()?));
    Some(format!("[{}]:{from} [{}]:{to}", address(8)?, address(24)?))
}
