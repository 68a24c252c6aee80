//! The self-signed certificate of the TLS listener, made here so that nobody needs openssl.

use std::fs;
use std::io;
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use sha2::{Digest, Sha256};

/// Makes `cert.pem` and `key.pem` (ECDSA on P-256, for localhost) in `directory`, unless both are there.
pub fn ensure(directory: &Path) -> io::Result<()> {
    let (certificate, key) = (directory.join("cert.pem"), directory.join("key.pem"));
    if certificate.exists() && key.exists() {
        return Ok(());
    }
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut parameters = CertificateParams::new(names).map_err(io::Error::other)?;
    parameters.distinguished_name.push(DnType::CommonName, "localhost");
    let signed = parameters.self_signed(&pair).map_err(io::Error::other)?;

    fs::create_dir_all(directory)?;
    fs::write(key, pair.serialize_pem())?;
    fs::write(certificate, signed.pem())
}

/// The SHA-256 of the public key in `directory`, in base64: by it Chromium takes a certificate that nobody signed, over QUIC too
/// (`--ignore-certificate-errors-spki-list`).
pub fn key_hash(directory: &Path) -> io::Result<String> {
    let text = fs::read_to_string(directory.join("key.pem"))?;
    let pair = KeyPair::from_pem(&text).map_err(io::Error::other)?;
    Ok(BASE64_STANDARD.encode(Sha256::digest(pair.subject_public_key_info())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_once() {
        let directory = std::env::temp_dir().join(format!("layerprint-certificate-{}", std::process::id()));
        ensure(&directory).unwrap();
        let first = fs::read_to_string(directory.join("cert.pem")).unwrap();
        ensure(&directory).unwrap();
        assert_eq!(fs::read_to_string(directory.join("cert.pem")).unwrap(), first);
        assert!(
            fs::read_to_string(directory.join("key.pem"))
                .unwrap()
                .contains("PRIVATE KEY")
        );
        assert_eq!(key_hash(&directory).unwrap().len(), 44);
        fs::remove_dir_all(directory).unwrap();
    }
}
