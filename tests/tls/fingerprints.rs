//! Each rule of FORMATS.md for JA3, JA4, ja4s1 and the TLS part of `lp1`, one test a rule.

use layerprint::fingerprint::ja3::Ja3;
use layerprint::fingerprint::ja4::{Ja4, Transport};
use layerprint::fingerprint::lp1_tls::TlsPart;
use layerprint::wire::tls::{BrokenExtension, ClientHello, ExtensionType};

use crate::naive::Hello;

fn list(codes: &[u16]) -> Vec<u8> {
    let length = u16::try_from(codes.len() * 2).unwrap();
    [length]
        .iter()
        .chain(codes)
        .flat_map(|code| code.to_be_bytes())
        .collect()
}

/// The worked example of JA4.md; its ALPN and versions are those of the browser that it names.
fn example() -> Hello {
    let extensions = [
        0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000a,
        0x0015,
    ];
    let mut extensions: Vec<(u16, Vec<u8>)> = extensions.iter().map(|code| (*code, content(*code))).collect();
    extensions.insert(13, (0x000b, vec![1, 0]));
    Hello {
        version: 0x0303,
        random: [0; 32],
        session_id: vec![],
        ciphers: vec![
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d,
            0x002f, 0x0035,
        ],
        compression: vec![0],
        extensions: Some(extensions),
    }
}

fn content(code: u16) -> Vec<u8> {
    match code {
        0x0010 => b"\0\x0c\x02h2\x08http/1.1".to_vec(),
        0x000d => list(&[0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601]),
        0x002b => vec![4, 3, 4, 3, 3],
        0x000a => list(&[29, 23, 24]),
        _ => vec![],
    }
}

fn bare(version: u16) -> Hello {
    Hello {
        version,
        random: [0; 32],
        session_id: vec![],
        ciphers: vec![],
        compression: vec![0],
        extensions: None,
    }
}

fn read(hello: &Hello) -> ClientHello {
    ClientHello::from_body(hello.encode()).unwrap()
}

fn ja4(hello: &Hello) -> String {
    Ja4::new(&read(hello), Transport::Tcp).unwrap().ja4().to_string()
}

fn ja4_a(hello: &Hello) -> String {
    Ja4::new(&read(hello), Transport::Tcp).unwrap().ja4().a().to_owned()
}

fn ja4_r(hello: &Hello) -> String {
    Ja4::new(&read(hello), Transport::Tcp).unwrap().ja4_r().to_string()
}

#[test]
fn the_worked_example_of_ja4() {
    let hello = read(&example());
    let ja4 = Ja4::new(&hello, Transport::Tcp).unwrap();
    assert_eq!(ja4.ja4().as_str(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    assert_eq!(ja4.ja4_o().as_str(), "t13d1516h2_acb858a92679_18f69afefd3d");
    assert_eq!(
        (ja4.ja4().a(), ja4.ja4().b(), ja4.ja4().c()),
        ("t13d1516h2", "8daaf6152771", "e5627efa2ab1")
    );
    assert_eq!(
        ja4.ja4_r().to_string(),
        "t13d1516h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_\
         0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601"
    );
    assert_eq!(
        ja4.ja4_ro().to_string(),
        "t13d1516h2_1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035_\
         001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015_0403,0804,0401,0503,0805,0501,0806,0601"
    );
}

/// ja4s1 of the worked example: 0023 and 0015 neither counted nor hashed.
#[test]
fn the_worked_example_of_ja4s1() {
    let hello = read(&example());
    let ja4 = Ja4::new(&hello, Transport::Tcp).unwrap();
    assert_eq!(
        ja4.ja4s1_r().to_string(),
        "t13d1514h2_002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9_\
         0005,000a,000b,000d,0012,0017,001b,002b,002d,0033,4469,ff01_0403,0804,0401,0503,0805,0501,0806,0601"
    );
    assert_eq!(ja4.ja4s1().b(), "8daaf6152771");
}

#[test]
fn the_tls_part_of_lp1_is_what_the_library_is_set_up_to_offer() {
    assert_eq!(
        TlsPart::new(&read(&example())).unwrap().to_string(),
        "hello:0304/002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,cca9/\
         0005,000a,000b,000d,0012,0017,001b,002b,002d,0033,ff01/0401,0403,0501,0503,0601,0804,0805,0806"
    );
    assert_eq!(TlsPart::new(&read(&bare(0x0301))).unwrap().to_string(), "hello:0301///");
}

#[test]
fn ja3_is_decimal_in_wire_order() {
    let hello = read(&example());
    assert_eq!(
        Ja3::new(&hello).unwrap().to_string(),
        "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,\
         27-0-51-16-17513-23-45-13-5-35-18-43-65281-11-10-21,29-23-24,0"
    );
    assert_eq!(
        Ja3::normalized(&hello).unwrap().to_string(),
        "771,4865-4866-4867-49195-49199-49196-49200-52393-52392-49171-49172-156-157-47-53,\
         0-5-10-11-13-16-18-21-23-27-35-43-45-51-17513-65281,29-23-24,0"
    );
}

/// The examples in the README of salesforce/ja3.
#[test]
fn the_published_examples_of_ja3() {
    let mut hello = bare(769);
    hello.ciphers = vec![4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99];
    assert_eq!(
        Ja3::new(&read(&hello)).unwrap().to_string(),
        "769,4-5-10-9-100-98-3-6-19-18-99,,,"
    );
    assert_eq!(
        Ja3::new(&read(&hello)).unwrap().md5().as_str(),
        "de350869b8c85de67a350c8d186f11e6"
    );

    hello.ciphers = vec![47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
    hello.extensions = Some(vec![(0, vec![]), (10, list(&[23, 24, 25])), (11, vec![1, 0])]);
    assert_eq!(
        Ja3::new(&read(&hello)).unwrap().to_string(),
        "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0"
    );
    assert_eq!(
        Ja3::new(&read(&hello)).unwrap().md5().as_str(),
        "ada70206e40642a3e4461f35503241d5"
    );
}

#[test]
fn the_first_character_is_the_transport() {
    let hello = read(&example());
    let first = [Transport::Tcp, Transport::Quic, Transport::Dtls]
        .map(|transport| Ja4::new(&hello, transport).unwrap().ja4().a()[..1].to_owned());
    assert_eq!(first, ["t", "q", "d"]);
}

#[test]
fn every_version_has_its_two_characters() {
    let table = [
        (0x0304, "13"),
        (0x0303, "12"),
        (0x0302, "11"),
        (0x0301, "10"),
        (0x0300, "s3"),
        (0x0002, "s2"),
        (0xfeff, "d1"),
        (0xfefd, "d2"),
        (0xfefc, "d3"),
        (0x7f1c, "00"),
        (0x0305, "00"),
    ];
    for (version, characters) in table {
        assert_eq!(&ja4_a(&bare(version))[1..3], characters);
        let mut supported = bare(0x0303);
        let [high, low] = u16::to_be_bytes(version);
        supported.extensions = Some(vec![(43, vec![4, 0x5a, 0x5a, high, low])]);
        assert_eq!(
            &ja4_a(&supported)[1..3],
            characters,
            "in supported_versions, beside GREASE"
        );
    }
}

#[test]
fn supported_versions_with_grease_alone_fall_back_to_the_legacy_version() {
    let mut hello = bare(0x0302);
    hello.extensions = Some(vec![(43, vec![2, 0x5a, 0x5a])]);
    assert_eq!(&ja4_a(&hello)[1..3], "11");
    hello.extensions = Some(vec![(43, vec![0])]);
    assert_eq!(&ja4_a(&hello)[1..3], "11");
}

#[test]
fn sni_counts_by_presence_whatever_it_says() {
    let mut hello = bare(0x0303);
    assert_eq!(ja4_a(&hello), "t12i000000");
    hello.extensions = Some(vec![(0, b"broken".to_vec())]);
    assert_eq!(ja4_a(&hello), "t12d000100");
}

#[test]
fn counts_have_two_digits_and_stop_at_99() {
    for (count, digits) in [
        (0, "00"),
        (1, "01"),
        (9, "09"),
        (98, "98"),
        (99, "99"),
        (100, "99"),
        (300, "99"),
    ] {
        let mut hello = bare(0x0303);
        hello.ciphers = (0..count).collect();
        hello.extensions = Some((0..count).map(|n| (0x4000 + n, vec![])).collect());
        assert_eq!(&ja4_a(&hello)[4..8], format!("{digits}{digits}"));
    }
}

#[test]
fn counts_leave_out_grease_and_keep_signalling_values() {
    let mut hello = bare(0x0303);
    hello.ciphers = vec![0x0a0a, 0x00ff, 0x5600, 0x1301, 0xfafa];
    hello.extensions = Some(vec![(0x1a1a, vec![]), (0, vec![]), (16, vec![0, 0]), (0x2a2a, vec![0])]);
    assert_eq!(ja4_a(&hello), "t12d030200");
}

#[test]
fn alpn_shows_the_first_value_offered() {
    let table: [(&[u8], &str); 14] = [
        (b"\0\0", "00"),
        (b"\0\x01\0", "00"),
        (b"\0\x04\0\x02h2", "00"),
        (b"\0\x03\x02h2", "h2"),
        (b"\0\x09\x08http/1.1", "h1"),
        (b"\0\x0c\x08http/1.1\x02h2", "h1"),
        (b"\0\x02\x01h", "hh"),
        (b"\0\x02\x01\xab", "ab"),
        (b"\0\x03\x02\xab\xcd", "ad"),
        (b"\0\x03\x02\x30\xab", "3b"),
        (b"\0\x03\x02\x61\x20", "60"),
        (b"\0\x05\x04\x30\x31\xab\xcd", "3d"),
        (b"\0\x05\x04\x30\xab\xcd\x31", "01"),
        (b"\0\x03\x02\x5a\x5a", "ZZ"),
    ];
    for (body, characters) in table {
        let mut hello = bare(0x0303);
        hello.extensions = Some(vec![(16, body.to_vec())]);
        let body_is_whole = usize::from(body[1]) + 2 == body.len();
        match body_is_whole {
            true => assert_eq!(&ja4_a(&hello)[8..], characters, "{body:02x?}"),
            false => assert!(Ja4::new(&read(&hello), Transport::Tcp).is_err(), "{body:02x?}"),
        }
    }
}

#[test]
fn empty_lists_are_zeros_and_not_hashed() {
    let mut hello = bare(0x0300);
    assert_eq!(ja4(&hello), "ts3i000000_000000000000_000000000000");
    assert_eq!(ja4_r(&hello), "ts3i000000__");
    hello.ciphers = vec![0x0a0a];
    hello.extensions = Some(vec![(0x0a0a, vec![]), (0, vec![]), (16, vec![0, 0])]);
    assert_eq!(
        ja4(&hello),
        "ts3d000200_000000000000_000000000000",
        "nothing is left to hash"
    );
    let read = read(&hello);
    let ja4 = Ja4::new(&read, Transport::Tcp).unwrap();
    assert_eq!(ja4.ja4_ro().to_string(), "ts3d000200__0000,0010");
    assert_ne!(ja4.ja4_o().c(), "000000000000");
}

#[test]
fn signature_algorithms_keep_their_order_and_lose_their_grease() {
    let mut hello = bare(0x0303);
    hello.extensions = Some(vec![
        (13, list(&[0x5a5a, 0x0804, 0x0403, 0xfafa])),
        (50, list(&[0x0601])),
    ]);
    assert_eq!(ja4_r(&hello), "t12i000200__000d,0032_0804,0403");
    hello.extensions = Some(vec![(13, list(&[0x5a5a]))]);
    assert_eq!(ja4_r(&hello), "t12i000100__000d", "no underscore when there are none");
}

#[test]
fn the_same_cipher_twice_stays_twice() {
    let mut hello = bare(0x0303);
    hello.ciphers = vec![0x1302, 0x1301, 0x1302];
    assert_eq!(ja4_r(&hello), "t12i030000_1301,1302,1302_");
}

#[test]
fn a_broken_extension_gives_no_fingerprint_that_needs_it() {
    let broken = |code: u16| {
        let mut hello = example();
        hello
            .extensions
            .as_mut()
            .unwrap()
            .iter_mut()
            .find(|extension| extension.0 == code)
            .unwrap()
            .1 = vec![9, 9, 9];
        let hello = read(&hello);
        [
            Ja3::new(&hello).err(),
            Ja3::normalized(&hello).err(),
            Ja4::new(&hello, Transport::Tcp).err(),
            TlsPart::new(&hello).err(),
        ]
    };
    let groups = Some(BrokenExtension(ExtensionType::SUPPORTED_GROUPS));
    assert_eq!(broken(0x000a), [groups, groups, None, None]);
    let formats = Some(BrokenExtension(ExtensionType::EC_POINT_FORMATS));
    assert_eq!(broken(0x000b), [formats, formats, None, None]);
    let versions = Some(BrokenExtension(ExtensionType::SUPPORTED_VERSIONS));
    assert_eq!(broken(0x002b), [None, None, versions, versions]);
    let signatures = Some(BrokenExtension(ExtensionType::SIGNATURE_ALGORITHMS));
    assert_eq!(broken(0x000d), [None, None, signatures, signatures]);
    assert_eq!(
        broken(0x0010),
        [None, None, Some(BrokenExtension(ExtensionType::ALPN)), None]
    );
    assert_eq!(broken(0x0033), [None; 4], "key_share is part of no fingerprint");
    assert_eq!(broken(0x0000), [None; 4], "of SNI only the presence counts");
}
