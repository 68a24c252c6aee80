//! The open registries of TLS: a code point is its number, known or not. Refuses nothing; an unknown value survives and
//! only has no name.

use core::fmt;

use crate::wire::is_grease;

macro_rules! registry {
    ($(#[$doc:meta])* $registry:ident { $($constant:ident = $code:literal $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $registry(pub u16);

        impl $registry {
            $(
                #[doc = concat!("`", $name, "`")]
                pub const $constant: Self = Self($code);
            )*

            /// Whether it is one of the reserved values of RFC 8701, sent to keep the registry open.
            pub const fn is_grease(self) -> bool {
                is_grease(self.0)
            }

            /// The registered name, for the code points that this crate knows.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($code => Some($name),)*
                    _ => None,
                }
            }
        }

        impl From<u16> for $registry {
            fn from(code: u16) -> Self {
                Self(code)
            }
        }

        impl From<$registry> for u16 {
            fn from(code: $registry) -> Self {
                code.0
            }
        }

        impl fmt::Debug for $registry {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{:#06x}", self.0),
                }
            }
        }
    };
}

registry! {
    /// A protocol version: RFC 8446 §4.1.2 `legacy_version` and §4.2.1 `supported_versions`.
    ProtocolVersion {
        SSL_2 = 0x0002 "SSL 2",
        SSL_3 = 0x0300 "SSL 3",
        TLS_1_0 = 0x0301 "TLS 1.0",
        TLS_1_1 = 0x0302 "TLS 1.1",
        TLS_1_2 = 0x0303 "TLS 1.2",
        TLS_1_3 = 0x0304 "TLS 1.3",
        DTLS_1_0 = 0xfeff "DTLS 1.0",
        DTLS_1_2 = 0xfefd "DTLS 1.2",
        DTLS_1_3 = 0xfefc "DTLS 1.3",
    }
}

registry! {
    /// A cipher suite (IANA "TLS Cipher Suites"); the two signalling values are named because they are no ciphers.
    CipherSuite {
        EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff "TLS_EMPTY_RENEGOTIATION_INFO_SCSV",
        FALLBACK_SCSV = 0x5600 "TLS_FALLBACK_SCSV",
    }
}

registry! {
    /// An extension type (IANA "TLS ExtensionType Values", and those that browsers use before registration).
    ExtensionType {
        SERVER_NAME = 0x0000 "server_name",
        STATUS_REQUEST = 0x0005 "status_request",
        SUPPORTED_GROUPS = 0x000a "supported_groups",
        EC_POINT_FORMATS = 0x000b "ec_point_formats",
        SIGNATURE_ALGORITHMS = 0x000d "signature_algorithms",
        ALPN = 0x0010 "application_layer_protocol_negotiation",
        SIGNED_CERTIFICATE_TIMESTAMP = 0x0012 "signed_certificate_timestamp",
        PADDING = 0x0015 "padding",
        ENCRYPT_THEN_MAC = 0x0016 "encrypt_then_mac",
        EXTENDED_MASTER_SECRET = 0x0017 "extended_master_secret",
        COMPRESS_CERTIFICATE = 0x001b "compress_certificate",
        RECORD_SIZE_LIMIT = 0x001c "record_size_limit",
        DELEGATED_CREDENTIAL = 0x0022 "delegated_credential",
        SESSION_TICKET = 0x0023 "session_ticket",
        PRE_SHARED_KEY = 0x0029 "pre_shared_key",
        EARLY_DATA = 0x002a "early_data",
        SUPPORTED_VERSIONS = 0x002b "supported_versions",
        COOKIE = 0x002c "cookie",
        PSK_KEY_EXCHANGE_MODES = 0x002d "psk_key_exchange_modes",
        SIGNATURE_ALGORITHMS_CERT = 0x0032 "signature_algorithms_cert",
        KEY_SHARE = 0x0033 "key_share",
        QUIC_TRANSPORT_PARAMETERS = 0x0039 "quic_transport_parameters",
        APPLICATION_SETTINGS_OLD = 0x4469 "application_settings_old",
        APPLICATION_SETTINGS = 0x44cd "application_settings",
        ENCRYPTED_CLIENT_HELLO = 0xfe0d "encrypted_client_hello",
        RENEGOTIATION_INFO = 0xff01 "renegotiation_info",
    }
}

registry! {
    /// A group for key agreement (IANA "TLS Supported Groups").
    NamedGroup {
        SECP256R1 = 0x0017 "secp256r1",
        SECP384R1 = 0x0018 "secp384r1",
        SECP521R1 = 0x0019 "secp521r1",
        X25519 = 0x001d "x25519",
        X448 = 0x001e "x448",
        FFDHE2048 = 0x0100 "ffdhe2048",
        FFDHE3072 = 0x0101 "ffdhe3072",
        X25519_MLKEM768 = 0x11ec "X25519MLKEM768",
        X25519_KYBER768_DRAFT00 = 0x6399 "X25519Kyber768Draft00",
    }
}

registry! {
    /// A signature scheme (IANA "TLS SignatureScheme"); below TLS 1.3 a hash and a signature byte.
    SignatureScheme {
        ECDSA_SECP256R1_SHA256 = 0x0403 "ecdsa_secp256r1_sha256",
        RSA_PSS_RSAE_SHA256 = 0x0804 "rsa_pss_rsae_sha256",
        RSA_PKCS1_SHA256 = 0x0401 "rsa_pkcs1_sha256",
        ED25519 = 0x0807 "ed25519",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_code_point_survives_and_has_no_name() {
        assert_eq!(ExtensionType::from(0x7777).name(), None);
        assert_eq!(u16::from(ExtensionType::from(0x7777)), 0x7777);
        assert_eq!(
            format!("{:?} {:?}", ExtensionType(0x7777), ExtensionType::ALPN),
            "0x7777 application_layer_protocol_negotiation"
        );
        assert!(CipherSuite(0x3a3a).is_grease() && !CipherSuite::FALLBACK_SCSV.is_grease());
    }
}
