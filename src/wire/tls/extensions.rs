//! What stands inside the extensions, each read by its own RFC structure and only when asked for. An extension that
//! does not read to its end gives [`BrokenExtension`], never part of its content.

use super::client_hello::ClientHello;
use super::codes::{ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme};
use super::lists::{Codes, KeyShares, ProtocolNames};
use crate::wire::{Reader, Short};

/// The body of this extension is not what its RFC says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenExtension(pub ExtensionType);

/// `ECHClientHello` (RFC 9849 §5). Whether an outer one is real or GREASE cannot be told from the wire, by design
/// (§6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncryptedClientHello<'a> {
    /// `outer`: what a client puts on the wire.
    Outer {
        /// `cipher_suite.kdf_id`.
        kdf: u16,
        /// `cipher_suite.aead_id`.
        aead: u16,
        /// `config_id`.
        config_id: u8,
        /// `enc`.
        enc: &'a [u8],
        /// `payload`.
        payload: &'a [u8],
    },
    /// `inner`: belongs inside an outer payload only.
    Inner,
}

/// How much `pre_shared_key` offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskOffer {
    /// The number of `identities`, each with its binder.
    pub identities: usize,
}

/// Each answers `Ok(None)` when the hello has no such extension.
impl ClientHello {
    /// The `host_name` of `server_name` (RFC 6066 §3), as it came: not checked to be a name. `Some(None)` when the list
    /// names no host.
    ///
    /// # Errors
    /// The body is not a `ServerNameList`, or has two host names.
    pub fn server_name(&self) -> Result<Option<Option<&[u8]>>, BrokenExtension> {
        self.read(ExtensionType::SERVER_NAME, |r| {
            let mut list = r.vec16()?;
            let mut host = None;
            while !list.is_empty() {
                let name_type = list.u8()?;
                let name = list.vec16()?.rest();
                if name_type == 0 && host.replace(name).is_some() {
                    return Err(Broken);
                }
            }
            Ok(host)
        })
    }

    /// `supported_groups` (RFC 8446 §4.2.7, RFC 8422 §5.1.1 as `elliptic_curves`).
    ///
    /// # Errors
    /// The body is not a `NamedGroupList`.
    pub fn supported_groups(&self) -> Result<Option<Codes<'_, NamedGroup>>, BrokenExtension> {
        self.read(ExtensionType::SUPPORTED_GROUPS, |r| codes(&r.vec16()?))
    }

    /// `ec_point_formats` (RFC 8422 §5.1.2), one byte each.
    ///
    /// # Errors
    /// The body is not an `ECPointFormatList`.
    pub fn ec_point_formats(&self) -> Result<Option<&[u8]>, BrokenExtension> {
        self.read(ExtensionType::EC_POINT_FORMATS, |r| Ok(r.vec8()?.rest()))
    }

    /// `signature_algorithms` (RFC 8446 §4.2.3).
    ///
    /// # Errors
    /// The body is not a `SignatureSchemeList`.
    pub fn signature_algorithms(&self) -> Result<Option<Codes<'_, SignatureScheme>>, BrokenExtension> {
        self.read(ExtensionType::SIGNATURE_ALGORITHMS, |r| codes(&r.vec16()?))
    }

    /// `signature_algorithms_cert` (RFC 8446 §4.2.3).
    ///
    /// # Errors
    /// The body is not a `SignatureSchemeList`.
    pub fn signature_algorithms_cert(&self) -> Result<Option<Codes<'_, SignatureScheme>>, BrokenExtension> {
        self.read(ExtensionType::SIGNATURE_ALGORITHMS_CERT, |r| codes(&r.vec16()?))
    }

    /// `delegated_credential` (RFC 9345 §4.1.1): the signature schemes for it.
    ///
    /// # Errors
    /// The body is not a `SignatureSchemeList`.
    pub fn delegated_credential(&self) -> Result<Option<Codes<'_, SignatureScheme>>, BrokenExtension> {
        self.read(ExtensionType::DELEGATED_CREDENTIAL, |r| codes(&r.vec16()?))
    }

    /// `supported_versions` (RFC 8446 §4.2.1).
    ///
    /// # Errors
    /// The body is not the client's list of versions.
    pub fn supported_versions(&self) -> Result<Option<Codes<'_, ProtocolVersion>>, BrokenExtension> {
        self.read(ExtensionType::SUPPORTED_VERSIONS, |r| codes(&r.vec8()?))
    }

    /// The protocols of `application_layer_protocol_negotiation` (RFC 7301 §3.1), most wanted first.
    ///
    /// # Errors
    /// The body is not a `ProtocolNameList`.
    pub fn alpn(&self) -> Result<Option<ProtocolNames<'_>>, BrokenExtension> {
        self.read(ExtensionType::ALPN, |r| Ok(ProtocolNames::read(r.vec16()?)?))
    }

    /// The protocols of ALPS at its present code point 0x44cd (draft-vvv-tls-alps §4).
    ///
    /// # Errors
    /// The body is not a list of protocol names.
    pub fn application_settings(&self) -> Result<Option<ProtocolNames<'_>>, BrokenExtension> {
        self.read(ExtensionType::APPLICATION_SETTINGS, |r| {
            Ok(ProtocolNames::read(r.vec16()?)?)
        })
    }

    /// The protocols of ALPS at the code point 0x4469 of earlier Chromes (before 133).
    ///
    /// # Errors
    /// The body is not a list of protocol names.
    pub fn application_settings_old(&self) -> Result<Option<ProtocolNames<'_>>, BrokenExtension> {
        self.read(ExtensionType::APPLICATION_SETTINGS_OLD, |r| {
            Ok(ProtocolNames::read(r.vec16()?)?)
        })
    }

    /// The keys of `key_share` (RFC 8446 §4.2.8).
    ///
    /// # Errors
    /// The body is not a `KeyShareClientHello`.
    pub fn key_share(&self) -> Result<Option<KeyShares<'_>>, BrokenExtension> {
        self.read(ExtensionType::KEY_SHARE, |r| Ok(KeyShares::read(r.vec16()?)?))
    }

    /// `psk_key_exchange_modes` (RFC 8446 §4.2.9), one byte each.
    ///
    /// # Errors
    /// The body is not a list of modes.
    pub fn psk_key_exchange_modes(&self) -> Result<Option<&[u8]>, BrokenExtension> {
        self.read(ExtensionType::PSK_KEY_EXCHANGE_MODES, |r| Ok(r.vec8()?.rest()))
    }

    /// `pre_shared_key` (RFC 8446 §4.2.11). That it comes last is not demanded.
    ///
    /// # Errors
    /// The body is not `OfferedPsks`, or has not one binder for each identity.
    pub fn pre_shared_key(&self) -> Result<Option<PskOffer>, BrokenExtension> {
        self.read(ExtensionType::PRE_SHARED_KEY, |r| {
            let identities = count(r.vec16()?, |list| {
                list.vec16()?;
                list.u32()
            })?;
            let binders = count(r.vec16()?, Reader::vec8)?;
            if identities == binders {
                Ok(PskOffer { identities })
            } else {
                Err(Broken)
            }
        })
    }

    /// Whether the client sends data along (`early_data`, RFC 8446 §4.2.10, empty).
    ///
    /// # Errors
    /// The body is not empty.
    pub fn early_data(&self) -> Result<bool, BrokenExtension> {
        self.read(ExtensionType::EARLY_DATA, |_| Ok(()))
            .map(|found| found.is_some())
    }

    /// `compress_certificate` (RFC 8879 §3): algorithm numbers.
    ///
    /// # Errors
    /// The body is not a list of algorithms.
    pub fn compress_certificate(&self) -> Result<Option<Codes<'_, u16>>, BrokenExtension> {
        self.read(ExtensionType::COMPRESS_CERTIFICATE, |r| codes(&r.vec8()?))
    }

    /// `record_size_limit` (RFC 8449 §4), in bytes.
    ///
    /// # Errors
    /// The body is not one 16-bit number.
    pub fn record_size_limit(&self) -> Result<Option<u16>, BrokenExtension> {
        self.read(ExtensionType::RECORD_SIZE_LIMIT, |r| Ok(r.u16()?))
    }

    /// `encrypted_client_hello` (RFC 9849 §5).
    ///
    /// # Errors
    /// The body is not an `ECHClientHello` of a known type.
    pub fn encrypted_client_hello(&self) -> Result<Option<EncryptedClientHello<'_>>, BrokenExtension> {
        self.read(ExtensionType::ENCRYPTED_CLIENT_HELLO, |r| match r.u8()? {
            0 => Ok(EncryptedClientHello::Outer {
                kdf: r.u16()?,
                aead: r.u16()?,
                config_id: r.u8()?,
                enc: r.vec16()?.rest(),
                payload: r.vec16()?.rest(),
            }),
            1 => Ok(EncryptedClientHello::Inner),
            _ => Err(Broken),
        })
    }

    fn read<'a, T>(
        &'a self,
        code: ExtensionType,
        parse: impl FnOnce(&mut Reader<'a>) -> Result<T, Broken>,
    ) -> Result<Option<T>, BrokenExtension> {
        let Some(body) = self.extension(code) else {
            return Ok(None);
        };
        Reader::all(body, Broken, parse)
            .map(Some)
            .map_err(|Broken| BrokenExtension(code))
    }
}

/// The body is not what it should be; [`BrokenExtension`] says whose.
struct Broken;

impl From<Short> for Broken {
    fn from(Short: Short) -> Self {
        Self
    }
}

fn codes<'a, T: From<u16>>(list: &Reader<'a>) -> Result<Codes<'a, T>, Broken> {
    Codes::read(list).ok_or(Broken)
}

fn count<'a, T>(mut list: Reader<'a>, entry: impl Fn(&mut Reader<'a>) -> Result<T, Short>) -> Result<usize, Short> {
    let mut entries = 0;
    while !list.is_empty() {
        entry(&mut list)?;
        entries += 1;
    }
    Ok(entries)
}
