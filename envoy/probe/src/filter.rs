//! One connection: what of it is handed over, and when it goes on. Everything here is safe code against a trait, so that
//! it is tested without Envoy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::Config;
use crate::hello::{Answer, Scanner};
use crate::tcp;

/// The client's SYN: raw bytes, from the first of its IP header.
pub(crate) const SYN: &str = "layerprint.tcp.syn";
/// The round-trip time when the connection was accepted: µs as decimal text.
pub(crate) const RTT_US: &str = "layerprint.tcp.rtt_us";
/// Set when the TCP connection is not the client's own, to [`PROXY_PROTOCOL`].
pub(crate) const ORIGIN: &str = "layerprint.tcp.origin";
/// A PROXY protocol header has named another client than the one who connected.
pub(crate) const PROXY_PROTOCOL: &str = "proxy-protocol";
/// The TLS records that hold the ClientHello: raw bytes, from the connection's first.
pub(crate) const CLIENT_HELLO: &str = "layerprint.tls.client_hello";

const NO_SYN: &str = "layerprint-probe: a connection came without a saved SYN, so its SYN and round-trip time are unknown. \
    If all do: give the listener socket_options with level 6, name 27 (TCP_SAVE_SYN), int_value 1, state STATE_PREBIND. \
    If few do: the kernel answered with SYN cookies. Said once for each listener filter";

/// What the probe asks of Envoy about a connection.
pub(crate) trait Connection {
    /// The bytes of a socket option, as many as fit `buffer`; `None` if the system does not give it.
    fn socket_option<'b>(&self, level: i64, name: i64, buffer: &'b mut [u8]) -> Option<&'b [u8]>;
    /// Whether the client, as far as known by now, is another than the peer of the TCP connection.
    fn is_relayed(&self) -> bool;
    /// What has come of the connection's data, from its first byte, as far as it was peeked at.
    fn received(&self) -> &[u8];
    /// Puts a value into the connection's filter state.
    fn set(&self, key: &str, value: &[u8]);
    /// Says something in Envoy's log.
    fn warn(&self, message: &str);
}

/// What happens to the connection next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes to the next listener filter.
    Continue,
    /// It stays until more data comes.
    Wait,
}

/// One entry in a listener's list of filters.
#[derive(Debug)]
pub(crate) struct Listener {
    config: Config,
    told_of_no_syn: AtomicBool,
}

impl Listener {
    pub(crate) const fn new(config: Config) -> Self {
        Self {
            config,
            told_of_no_syn: AtomicBool::new(false),
        }
    }
}

/// The filter of one connection.
#[derive(Debug)]
pub(crate) struct Filter {
    listener: Arc<Listener>,
    hello: Scanner,
}

impl Filter {
    pub(crate) const fn new(listener: Arc<Listener>) -> Self {
        Self {
            listener,
            hello: Scanner::new(),
        }
    }

    /// The connection has been accepted, and the listener filters before this one are done with it.
    pub(crate) fn on_accept(&self, connection: &impl Connection) -> Next {
        let config = self.listener.config;
        if config.syn || config.rtt {
            self.hand_over_tcp(connection);
        }
        if config.client_hello {
            Next::Wait
        } else {
            Next::Continue
        }
    }

    /// More data has come.
    pub(crate) fn on_data(&mut self, connection: &impl Connection) -> Next {
        let bytes = connection.received();
        match self.hello.read(bytes) {
            Answer::NeedMore => return Next::Wait,
            Answer::Whole(length) => {
                if let Some(hello) = bytes.get(..length) {
                    connection.set(CLIENT_HELLO, hello);
                }
            }
            Answer::NotThis | Answer::TooLarge => {}
        }
        Next::Continue
    }

    /// How much of the connection Envoy is to peek at, in bytes.
    pub(crate) const fn max_read_bytes(&self) -> usize {
        self.hello.limit()
    }

    fn hand_over_tcp(&self, connection: &impl Connection) {
        if connection.is_relayed() {
            connection.set(ORIGIN, PROXY_PROTOCOL.as_bytes());
            return;
        }
        let mut buffer = [0; tcp::MAX_SYN];
        let syn = connection
            .socket_option(tcp::LEVEL, tcp::SAVED_SYN, &mut buffer)
            .filter(|syn| !syn.is_empty());
        let Some(syn) = syn else {
            if !self.listener.told_of_no_syn.swap(true, Ordering::Relaxed) {
                connection.warn(NO_SYN);
            }
            return;
        };
        if self.listener.config.syn {
            connection.set(SYN, syn);
        }
        if self.listener.config.rtt {
            let mut buffer = [0; tcp::INFO_UP_TO_RTT];
            let info = connection.socket_option(tcp::LEVEL, tcp::INFO, &mut buffer);
            if let Some(rtt) = info.and_then(tcp::rtt_us) {
                connection.set(RTT_US, rtt.to_string().as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Default)]
    struct Fake {
        syn: Option<Vec<u8>>,
        rtt: u32,
        relayed: bool,
        received: Vec<u8>,
        state: RefCell<BTreeMap<String, Vec<u8>>>,
        warnings: RefCell<Vec<String>>,
    }

    impl Fake {
        fn with_syn() -> Self {
            Self {
                syn: Some(b"\x45\x00the SYN".to_vec()),
                rtt: 1234,
                ..Self::default()
            }
        }

        fn state(&self) -> Vec<(String, Vec<u8>)> {
            self.state.borrow().clone().into_iter().collect()
        }
    }

    impl Connection for Fake {
        fn socket_option<'b>(&self, level: i64, name: i64, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
            let mut info = vec![0; 68];
            info.extend(self.rtt.to_ne_bytes());
            let value = match (level, name) {
                (6, 28) => self.syn.as_ref()?,
                (6, 11) => &info,
                _ => panic!("{level}, {name}"),
            };
            let value = &value[..value.len().min(buffer.len())];
            buffer[..value.len()].copy_from_slice(value);
            Some(&buffer[..value.len()])
        }

        fn is_relayed(&self) -> bool {
            self.relayed
        }

        fn received(&self) -> &[u8] {
            &self.received
        }

        fn set(&self, key: &str, value: &[u8]) {
            let before = self.state.borrow_mut().insert(key.to_owned(), value.to_vec());
            assert_eq!(before, None, "Envoy's filter state takes a key once");
        }

        fn warn(&self, message: &str) {
            self.warnings.borrow_mut().push(message.to_owned());
        }
    }

    fn filter(config: &str) -> Filter {
        Filter::new(Arc::new(Listener::new(config.parse().unwrap())))
    }

    fn value(key: &str, value: &[u8]) -> (String, Vec<u8>) {
        (key.to_owned(), value.to_vec())
    }

    #[test]
    fn the_syn_and_the_round_trip_time_are_handed_over_as_asked() {
        let syn = value("layerprint.tcp.syn", b"\x45\x00the SYN");
        let rtt = value("layerprint.tcp.rtt_us", b"1234");
        for (config, expected) in [
            ("syn", vec![syn.clone()]),
            ("rtt", vec![rtt.clone()]),
            ("syn rtt", vec![rtt, syn]),
        ] {
            let connection = Fake::with_syn();
            assert_eq!(filter(config).on_accept(&connection), Next::Continue);
            assert_eq!(connection.state(), expected, "{config}");
        }
    }

    #[test]
    fn without_a_syn_no_round_trip_time_is_believed_and_the_log_says_so_once() {
        for syn in [None, Some(Vec::new())] {
            let connection = Fake {
                syn,
                rtt: 1234,
                ..Fake::default()
            };
            let listener = Arc::new(Listener::new("syn rtt".parse().unwrap()));
            for _ in 0..3 {
                assert_eq!(
                    Filter::new(Arc::clone(&listener)).on_accept(&connection),
                    Next::Continue
                );
            }
            assert_eq!(connection.state(), []);
            let warnings = connection.warnings.borrow();
            assert_eq!(warnings.len(), 1);
            assert!(warnings[0].contains("TCP_SAVE_SYN"), "{warnings:?}");
        }
    }

    #[test]
    fn a_round_trip_time_that_was_not_measured_is_not_handed_over() {
        let connection = Fake {
            rtt: 0,
            ..Fake::with_syn()
        };
        filter("rtt").on_accept(&connection);
        assert_eq!(connection.state(), []);
    }

    #[test]
    fn a_balancers_syn_is_not_taken_for_the_clients() {
        let connection = Fake {
            relayed: true,
            ..Fake::with_syn()
        };
        assert_eq!(filter("syn rtt").on_accept(&connection), Next::Continue);
        assert_eq!(connection.state(), [value("layerprint.tcp.origin", b"proxy-protocol")]);
    }

    #[test]
    fn a_hello_is_waited_for_and_handed_over_whole_and_nothing_behind_it() {
        let hello = b"\x16\x03\x01\x00\x08\x01\x00\x00\x04body";
        let mut connection = Fake::default();
        let mut filter = filter("client_hello");
        assert_eq!(filter.on_accept(&connection), Next::Wait);
        for sent in 0..hello.len() {
            connection.received = hello[..sent].to_vec();
            assert_eq!(filter.on_data(&connection), Next::Wait);
            assert!(filter.max_read_bytes() > sent);
        }
        connection.received = [&hello[..], b"more"].concat();
        assert_eq!(filter.on_data(&connection), Next::Continue);
        assert_eq!(connection.state(), [value("layerprint.tls.client_hello", hello)]);
    }

    #[test]
    fn a_client_that_speaks_no_tls_goes_on_at_once() {
        let connection = Fake {
            received: b"G".to_vec(),
            ..Fake::default()
        };
        let mut filter = filter("client_hello");
        assert_eq!(filter.on_accept(&connection), Next::Wait);
        assert_eq!(filter.on_data(&connection), Next::Continue);
        assert_eq!(connection.state(), []);
    }
}
