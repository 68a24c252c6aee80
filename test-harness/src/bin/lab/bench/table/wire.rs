//! A connection to Envoy under TLS 1.3 that never waits: one thread serves many of them, and decides by the clock what it does next.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, version};

use super::super::http2::AUTHORITY;

/// The TLS of all connections that offer this protocol.
pub(super) fn tls(protocol: &[u8]) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(OurOwn(Arc::clone(&provider)));
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    // Each handshake is a whole one.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The certificate is one that the lab made for itself: nothing is learnt from looking at it.
#[derive(Debug)]
struct OurOwn(Arc<CryptoProvider>);

impl ServerCertVerifier for OurOwn {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not offered".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// One connection.
pub(super) struct Wire {
    tcp: TcpStream,
    tls: ClientConnection,
}

impl Wire {
    /// Connects, which takes no time on one machine, and begins the handshake.
    pub(super) fn connect(to: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let tcp = TcpStream::connect(to)?;
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(true)?;
        let name = ServerName::try_from(AUTHORITY).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        let mut wire = Self { tcp, tls };
        wire.flush()?;
        Ok(wire)
    }

    /// Sends this as soon as the handshake lets it, in one piece with all else that waits.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.tls.writer().write_all(bytes)?;
        self.flush()
    }

    /// Appends what has come.
    pub(super) fn receive(&mut self, into: &mut Vec<u8>) -> io::Result<()> {
        loop {
            match self.tls.read_tls(&mut self.tcp) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.flush(),
                Err(error) => return Err(error),
            }
            let state = self.tls.process_new_packets().map_err(io::Error::other)?;
            let start = into.len();
            into.resize(start + state.plaintext_bytes_to_read(), 0);
            if let Some(room) = into.get_mut(start..).filter(|room| !room.is_empty()) {
                self.tls.reader().read_exact(room)?;
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut self.tcp) {
                Ok(_) => {}
                // Envoy reads all the time: what does not fit goes with the next.
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
