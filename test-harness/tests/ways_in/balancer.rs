//! A balancer: it passes bytes on as they are, after a PROXY header of its own if it has one, from an address of its own, and as
//! late as it is far away.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use tokio::net::TcpSocket;

/// TLV types, as in the shipped file.
pub const SYN: u8 = 0xE2;
pub const RTT: u8 = 0xE3;

/// How one behaves.
#[derive(Clone)]
pub struct Balancer {
    to: SocketAddr,
    from: IpAddr,
    header: Vec<u8>,
    delay: Duration,
}

impl Balancer {
    pub fn to(to: SocketAddr) -> Self {
        Self {
            to,
            from: Ipv4Addr::LOCALHOST.into(),
            header: Vec::new(),
            delay: Duration::ZERO,
        }
    }

    /// Says that each connection is from `client`, and more in TLVs.
    pub fn for_client(mut self, client: &str, tlvs: &[(u8, &[u8])]) -> Self {
        self.header = header(client.parse().unwrap(), tlvs);
        self
    }

    /// Connects from this address of the machine.
    pub fn from(mut self, from: IpAddr) -> Self {
        self.from = from;
        self
    }

    /// Takes this long for each way.
    pub fn far_away(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Starts it. It ends with the test program.
    pub fn start(self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for client in listener.incoming() {
                let balancer = self.clone();
                thread::spawn(move || balancer.relay(client.unwrap()));
            }
        });
        address
    }

    fn relay(&self, client: TcpStream) {
        let mut server = connect(self.from, self.to);
        server.write_all(&self.header).unwrap();
        let (clients_copy, servers_copy) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let delay = self.delay;
        thread::spawn(move || pass_on(servers_copy, clients_copy, delay));
        pass_on(client, server, delay);
    }
}

/// Either end may go first, and what is then left to say is lost.
fn pass_on(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let mut buffer = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        thread::sleep(delay);
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A connection from this address.
pub fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// A PROXY protocol v2 header for a TCP connection from `client` to port 443.
fn header(client: SocketAddr, tlvs: &[(u8, &[u8])]) -> Vec<u8> {
    let (family, addresses) = match client {
        SocketAddr::V4(client) => (0x11, [client.ip().octets(), [192, 0, 2, 1]].concat()),
        SocketAddr::V6(client) => (0x21, [client.ip().octets(), [0xfd; 16]].concat()),
    };
    let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
    let tlvs = tlvs
        .iter()
        .flat_map(|(kind, value)| [&[*kind], &length(value.len())[..], *value].concat());
    let rest: Vec<u8> = addresses
        .into_iter()
        .chain(client.port().to_be_bytes())
        .chain(443_u16.to_be_bytes())
        .chain(tlvs)
        .collect();
    [b"\r\n\r\n\0\r\nQUIT\n", &[0x21, family][..], &length(rest.len()), &rest].concat()
}
