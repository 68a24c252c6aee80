//! Each extension by the structure of its RFC: what is in it, and that a body with a byte too many or too few gives
//! nothing.

use layerprint::wire::tls::{
    BrokenExtension, ClientHello, EncryptedClientHello, ExtensionType, KeyShare, NamedGroup, PskOffer,
};

use crate::naive::Hello;

fn with(code: u16, body: &[u8]) -> ClientHello {
    let extensions = Some(vec![(0x3a3a, vec![]), (code, body.to_vec()), (0x7777, vec![1, 2, 3])]);
    let hello = Hello {
        version: 0x0303,
        random: [0; 32],
        session_id: vec![],
        ciphers: vec![],
        compression: vec![0],
        extensions,
    };
    ClientHello::from_body(hello.encode()).unwrap()
}

/// Whether the extension is there, for [`exact`].
fn found<T>(read: Result<Option<T>, BrokenExtension>) -> Result<bool, BrokenExtension> {
    read.map(|value| value.is_some())
}

/// `read` finds `body`, and [`BrokenExtension`] in it cut anywhere or with a byte behind it. Returns the hello with
/// `body`.
fn exact(code: u16, body: &[u8], read: impl Fn(&ClientHello) -> Result<bool, BrokenExtension>) -> ClientHello {
    let broken = Err(BrokenExtension(ExtensionType(code)));
    for length in 0..body.len() {
        assert_eq!(read(&with(code, &body[..length])), broken, "cut at {length}");
    }
    assert_eq!(read(&with(code, &[body, &[0]].concat())), broken);
    assert_eq!(read(&with(0x1234, body)), Ok(false));
    assert_eq!(read(&with(code, body)), Ok(true));
    with(code, body)
}

#[test]
fn unknown_and_grease_extensions_survive_in_wire_order() {
    let hello = with(0x7778, b"x");
    let codes: Vec<u16> = hello.extensions().map(|extension| extension.code.0).collect();
    assert_eq!(codes, [0x3a3a, 0x7778, 0x7777]);
    assert_eq!(hello.extension(ExtensionType(0x7777)), Some([1, 2, 3].as_slice()));
}

#[test]
fn server_name() {
    let hello = exact(0, b"\0\x05\0\0\x02ab", |it| found(it.server_name()));
    assert_eq!(hello.server_name(), Ok(Some(Some(b"ab".as_slice()))));
    assert_eq!(
        with(0, b"\0\x04\x01\0\x01x").server_name(),
        Ok(Some(None)),
        "a name of another type"
    );
    assert_eq!(with(0, b"\0\0").server_name(), Ok(Some(None)));
    assert!(
        with(0, b"\0\x08\0\0\x01a\0\0\x01b").server_name().is_err(),
        "RFC 6066: one name of each type"
    );
}

#[test]
fn lists_of_code_points() {
    let two = [0, 4, 0x11, 0xec, 0x5a, 0x5a];
    let groups = exact(10, &two, |it| found(it.supported_groups()));
    let groups = groups.supported_groups().unwrap().unwrap();
    assert_eq!(
        groups.iter().collect::<Vec<_>>(),
        [NamedGroup::X25519_MLKEM768, NamedGroup(0x5a5a)]
    );
    assert_eq!(groups.len(), 2);

    exact(13, &two, |it| found(it.signature_algorithms()));
    exact(50, &two, |it| found(it.signature_algorithms_cert()));
    exact(34, &two, |it| found(it.delegated_credential()));
    exact(43, &[2, 3, 4], |it| found(it.supported_versions()));
    exact(27, &[2, 0, 2], |it| found(it.compress_certificate()));
    assert!(
        with(10, &[0, 3, 0, 29, 0]).supported_groups().is_err(),
        "half a code point"
    );
    assert!(with(10, &[0, 0]).supported_groups().unwrap().unwrap().is_empty());
}

#[test]
fn lists_of_bytes() {
    assert_eq!(
        exact(11, &[2, 0, 1], |it| found(it.ec_point_formats())).ec_point_formats(),
        Ok(Some([0, 1].as_slice()))
    );
    assert_eq!(
        exact(45, &[1, 1], |it| found(it.psk_key_exchange_modes())).psk_key_exchange_modes(),
        Ok(Some([1].as_slice()))
    );
}

#[test]
fn protocol_names() {
    let body = b"\0\x0c\x02h2\x08http/1.1";
    let hello = exact(16, body, |it| found(it.alpn()));
    assert_eq!(
        hello.alpn().unwrap().unwrap().collect::<Vec<_>>(),
        [b"h2".as_slice(), b"http/1.1"]
    );
    exact(0x44cd, body, |it| found(it.application_settings()));
    exact(0x4469, body, |it| found(it.application_settings_old()));
    assert_eq!(with(16, b"\0\0").alpn().unwrap().unwrap().count(), 0);
    assert!(with(16, b"\0\x02\x02h").alpn().is_err(), "a name longer than the list");
}

#[test]
fn key_shares() {
    let hello = exact(51, &[0, 11, 0x3a, 0x3a, 0, 1, 0, 0, 29, 0, 2, 8, 9], |it| {
        found(it.key_share())
    });
    let shares: Vec<KeyShare<'_>> = hello.key_share().unwrap().unwrap().collect();
    assert_eq!(
        shares[0],
        KeyShare {
            group: NamedGroup(0x3a3a),
            key: &[0]
        }
    );
    assert_eq!(
        shares[1],
        KeyShare {
            group: NamedGroup::X25519,
            key: &[8, 9]
        }
    );
}

#[test]
fn pre_shared_key() {
    let body = [0, 14, 0, 1, 7, 0, 0, 0, 1, 0, 1, 8, 0, 0, 0, 2, 0, 4, 1, 5, 1, 6];
    let hello = exact(41, &body, |it| found(it.pre_shared_key()));
    assert_eq!(hello.pre_shared_key(), Ok(Some(PskOffer { identities: 2 })));
    assert!(
        with(41, &[0, 7, 0, 1, 7, 0, 0, 0, 1, 0, 4, 1, 5, 1, 6])
            .pre_shared_key()
            .is_err(),
        "one binder too many"
    );
}

#[test]
fn early_data_and_record_size_limit() {
    assert_eq!(with(42, &[]).early_data(), Ok(true));
    assert_eq!(
        with(42, &[0]).early_data(),
        Err(BrokenExtension(ExtensionType::EARLY_DATA))
    );
    assert_eq!(with(43, &[]).early_data(), Ok(false));
    assert_eq!(
        exact(28, &[0x40, 1], |it| found(it.record_size_limit())).record_size_limit(),
        Ok(Some(0x4001))
    );
}

#[test]
fn encrypted_client_hello() {
    let outer = [0, 0, 1, 0, 3, 9, 0, 1, 0xaa, 0, 2, 0xbb, 0xcc];
    let hello = exact(0xfe0d, &outer, |it| found(it.encrypted_client_hello()));
    let expected = EncryptedClientHello::Outer {
        kdf: 1,
        aead: 3,
        config_id: 9,
        enc: &[0xaa],
        payload: &[0xbb, 0xcc],
    };
    assert_eq!(hello.encrypted_client_hello(), Ok(Some(expected)));
    assert_eq!(
        with(0xfe0d, &[1]).encrypted_client_hello(),
        Ok(Some(EncryptedClientHello::Inner))
    );
    assert!(with(0xfe0d, &[2]).encrypted_client_hello().is_err());
}
