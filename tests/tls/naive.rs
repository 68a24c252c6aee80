//! A second implementation of everything from the records to the fingerprints, as plain as possible, to compare the
//! real one with: whole inputs, strings, copies, no shared code. Written from FORMATS.md and the RFCs, not from `src/`.

use md5::Md5;
use sha2::{Digest, Sha256};

/// A ClientHello as far as fingerprints look at it. The proptest generator makes these directly.
#[derive(Clone, Debug)]
pub(crate) struct Hello {
    pub(crate) version: u16,
    pub(crate) random: [u8; 32],
    pub(crate) session_id: Vec<u8>,
    pub(crate) ciphers: Vec<u16>,
    pub(crate) compression: Vec<u8>,
    pub(crate) extensions: Option<Vec<(u16, Vec<u8>)>>,
}

/// The body of the message in which `wire` starts, when all of it is there and framed as RFC 8446 §5.1 says.
pub(crate) fn message_body(wire: &[u8]) -> Option<Vec<u8>> {
    let (mut message, mut announced, mut at) = (Vec::new(), 0, 0);
    loop {
        if message.len() >= 4 {
            let total = 4 + (usize::from(message[1]) << 16) + (usize::from(message[2]) << 8) + usize::from(message[3]);
            if message[0] != 1 || total > 4 + 65_536 || announced > total {
                return None;
            }
            if message.len() == total {
                return Some(message[4..].to_vec());
            }
        }
        if announced > message.len() {
            return None;
        }
        let header = wire.get(at..at + 5)?;
        let length = usize::from(header[3]) * 256 + usize::from(header[4]);
        if header[0] != 0x16 || header[1] != 3 || length == 0 || length > 16_384 {
            return None;
        }
        announced += length;
        message.extend_from_slice(&wire[at + 5..wire.len().min(at + 5 + length)]);
        at += 5 + length;
    }
}

/// Takes `n` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let head = bytes.get(..n)?;
    *bytes = &bytes[n..];
    Some(head)
}

fn number(bytes: &mut &[u8], width: usize) -> Option<usize> {
    Some(
        take(bytes, width)?
            .iter()
            .fold(0, |n, byte| n * 256 + usize::from(*byte)),
    )
}

fn vector<'a>(bytes: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let n = number(bytes, width)?;
    take(bytes, n)
}

fn pairs(bytes: &[u8]) -> Option<Vec<u16>> {
    bytes.len().is_multiple_of(2).then(|| {
        bytes
            .chunks(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect()
    })
}

impl Hello {
    pub(crate) fn parse(body: &[u8]) -> Option<Self> {
        let mut rest = body;
        let version = pairs(take(&mut rest, 2)?)?[0];
        let random = take(&mut rest, 32)?.try_into().ok()?;
        let session_id = vector(&mut rest, 1)?.to_vec();
        let ciphers = pairs(vector(&mut rest, 2)?)?;
        let compression = vector(&mut rest, 1)?.to_vec();
        let mut extensions = None;
        if !rest.is_empty() {
            let mut list = vector(&mut rest, 2)?;
            let mut found: Vec<(u16, Vec<u8>)> = Vec::new();
            let mut codes = std::collections::HashSet::new();
            while !list.is_empty() {
                let code = pairs(take(&mut list, 2)?)?[0];
                found.push((code, vector(&mut list, 2)?.to_vec()));
                if !codes.insert(code) {
                    return None;
                }
            }
            extensions = Some(found);
        }
        let whole = rest.is_empty() && session_id.len() <= 32;
        whole.then_some(Self {
            version,
            random,
            session_id,
            ciphers,
            compression,
            extensions,
        })
    }

    /// The message body, field by field.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut body = self.version.to_be_bytes().to_vec();
        body.extend(self.random);
        body.push(u8::try_from(self.session_id.len()).unwrap());
        body.extend(&self.session_id);
        body.extend(u16::try_from(self.ciphers.len() * 2).unwrap().to_be_bytes());
        body.extend(self.ciphers.iter().flat_map(|code| code.to_be_bytes()));
        body.push(u8::try_from(self.compression.len()).unwrap());
        body.extend(&self.compression);
        if let Some(extensions) = &self.extensions {
            let list: Vec<u8> = extensions
                .iter()
                .flat_map(|(code, body)| {
                    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
                    [code.to_be_bytes().to_vec(), length.to_vec(), body.clone()].concat()
                })
                .collect();
            body.extend(u16::try_from(list.len()).unwrap().to_be_bytes());
            body.extend(list);
        }
        body
    }

    fn extension(&self, code: u16) -> Option<&[u8]> {
        self.extensions
            .iter()
            .flatten()
            .find(|extension| extension.0 == code)
            .map(|extension| extension.1.as_slice())
    }

    /// A list of code points in an extension, behind a length of `width` bytes; `Err` when broken, empty when absent.
    fn codes(&self, code: u16, width: usize) -> Result<Vec<u16>, ()> {
        let Some(mut body) = self.extension(code) else {
            return Ok(Vec::new());
        };
        let list = vector(&mut body, width).ok_or(())?;
        if body.is_empty() {
            pairs(list).ok_or(())
        } else {
            Err(())
        }
    }

    fn point_formats(&self) -> Result<Vec<u8>, ()> {
        let Some(mut body) = self.extension(11) else {
            return Ok(Vec::new());
        };
        let list = vector(&mut body, 1).ok_or(())?;
        if body.is_empty() { Ok(list.to_vec()) } else { Err(()) }
    }

    /// The protocol offered first; empty when none.
    fn first_alpn(&self) -> Result<Vec<u8>, ()> {
        let Some(mut body) = self.extension(16) else {
            return Ok(Vec::new());
        };
        let mut list = vector(&mut body, 2).ok_or(())?;
        let mut names = Vec::new();
        while !list.is_empty() {
            names.push(vector(&mut list, 1).ok_or(())?.to_vec());
        }
        if body.is_empty() {
            Ok(names.into_iter().next().unwrap_or_default())
        } else {
            Err(())
        }
    }

    fn extension_codes(&self) -> Vec<u16> {
        self.extensions.iter().flatten().map(|extension| extension.0).collect()
    }

    fn highest_version(&self) -> Result<u16, ()> {
        Ok(no_grease(&self.codes(43, 1)?).into_iter().max().unwrap_or(self.version))
    }
}

fn no_grease(codes: &[u16]) -> Vec<u16> {
    const GREASE: [u16; 16] = [
        0x0a0a, 0x1a1a, 0x2a2a, 0x3a3a, 0x4a4a, 0x5a5a, 0x6a6a, 0x7a7a, 0x8a8a, 0x9a9a, 0xaaaa, 0xbaba, 0xcaca, 0xdada,
        0xeaea, 0xfafa,
    ];
    codes.iter().copied().filter(|code| !GREASE.contains(code)).collect()
}

fn hex(codes: &[u16]) -> Vec<String> {
    no_grease(codes).iter().map(|code| format!("{code:04x}")).collect()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

fn without(texts: Vec<String>, left_out: &[&str]) -> Vec<String> {
    texts
        .into_iter()
        .filter(|text| !left_out.contains(&text.as_str()))
        .collect()
}

fn sha12(text: &str) -> String {
    Sha256::digest(text)[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Every fingerprint of one hello, by name; `None` where a needed extension is broken.
pub(crate) fn fingerprints(hello: &Hello) -> Vec<(&'static str, Option<String>)> {
    let ja3 = ja3_text(hello, false).ok();
    let ja3n = ja3_text(hello, true).ok();
    let ja4 = ja4_forms(hello);
    let pick = |n: usize| ja4.as_ref().ok().map(|forms| forms[n].clone());
    let lp1 = lp1_tls(hello).ok();
    let md5 = |text: &String| {
        Md5::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    vec![
        ("ja3", ja3.as_ref().map(md5)),
        ("ja3_raw", ja3),
        ("ja3n", ja3n.as_ref().map(md5)),
        ("ja3n_raw", ja3n),
        ("ja4", pick(0)),
        ("ja4_r", pick(1)),
        ("ja4_o", pick(2)),
        ("ja4_ro", pick(3)),
        ("ja4s1", pick(4)),
        ("ja4s1_r", pick(5)),
        ("lp1_tls", lp1.as_ref().map(|text| sha12(text))),
        ("lp1_tls_r", lp1),
    ]
}

fn ja3_text(hello: &Hello, sort: bool) -> Result<String, ()> {
    let join = |codes: Vec<u16>| codes.iter().map(u16::to_string).collect::<Vec<_>>().join("-");
    let mut extensions = no_grease(&hello.extension_codes());
    if sort {
        extensions.sort_unstable();
    }
    Ok([
        hello.version.to_string(),
        join(no_grease(&hello.ciphers)),
        join(extensions),
        join(no_grease(&hello.codes(10, 2)?)),
        join(hello.point_formats()?.into_iter().map(u16::from).collect()),
    ]
    .join(","))
}

/// JA4, JA4_r, JA4_o, JA4_ro, ja4s1, ja4s1_r.
fn ja4_forms(hello: &Hello) -> Result<[String; 6], ()> {
    let version = match hello.highest_version()? {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    };
    let name = hello.first_alpn()?;
    let alpn = match (name.first(), name.last()) {
        (Some(first), Some(last)) if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => {
            format!("{}{}", char::from(*first), char::from(*last))
        }
        (Some(first), Some(last)) => format!("{}{}", &format!("{first:02x}")[..1], &format!("{last:02x}")[1..]),
        _ => "00".to_owned(),
    };
    let ciphers = hex(&hello.ciphers);
    let extensions = hex(&hello.extension_codes());
    let stable = without(extensions.clone(), &["0029", "0023", "0015", "002a"]);
    let signatures = hex(&hello.codes(13, 2)?).join(",");
    let a = |counted: &[String]| {
        let sni = if hello.extension(0).is_some() { "d" } else { "i" };
        format!(
            "t{version}{sni}{:02}{:02}{alpn}",
            ciphers.len().min(99),
            counted.len().min(99)
        )
    };
    let c_text = |shown: &[String]| match signatures.as_str() {
        "" => shown.join(","),
        signatures => format!("{}_{signatures}", shown.join(",")),
    };
    let raw = |a: String, ciphers: &[String], shown: &[String]| format!("{a}_{}_{}", ciphers.join(","), c_text(shown));
    let hash = |a: String, ciphers: &[String], shown: &[String]| {
        let b = if ciphers.is_empty() {
            "000000000000".to_owned()
        } else {
            sha12(&ciphers.join(","))
        };
        let c = if shown.is_empty() {
            "000000000000".to_owned()
        } else {
            sha12(&c_text(shown))
        };
        format!("{a}_{b}_{c}")
    };
    let sorted_ciphers = sorted(ciphers.clone());
    let sorted_extensions = sorted(without(extensions.clone(), &["0000", "0010"]));
    let sorted_stable = sorted(without(stable.clone(), &["0000", "0010"]));
    Ok([
        hash(a(&extensions), &sorted_ciphers, &sorted_extensions),
        raw(a(&extensions), &sorted_ciphers, &sorted_extensions),
        hash(a(&extensions), &ciphers, &extensions),
        raw(a(&extensions), &ciphers, &extensions),
        hash(a(&stable), &sorted_ciphers, &sorted_stable),
        raw(a(&stable), &sorted_ciphers, &sorted_stable),
    ])
}

fn lp1_tls(hello: &Hello) -> Result<String, ()> {
    let left_out = ["0000", "0010", "4469", "44cd", "0029", "0023", "0015", "002a"];
    Ok(format!(
        "hello:{:04x}/{}/{}/{}",
        hello.highest_version()?,
        sorted(hex(&hello.ciphers)).join(","),
        sorted(without(hex(&hello.extension_codes()), &left_out)).join(","),
        sorted(hex(&hello.codes(13, 2)?)).join(",")
    ))
}
