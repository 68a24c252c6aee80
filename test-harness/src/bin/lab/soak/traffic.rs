//! The clients of the soak: many that come once, each from an address of its own; some that stay; hostile ones; slow ones; and real ones
//! over TLS.

use std::error::Error;
use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use layerprint_harness::availability::Availability;
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::repo;
use layerprint_harness::stack::{Ports, Stack};
use layerprint_harness::traffic::frames::{self, Ending};
use layerprint_harness::traffic::hostile::Kind;
use layerprint_harness::traffic::{Chance, Connection, Kept, source};

/// What Envoy answers itself.
pub(super) const QUICK: &str = "/quick";
/// Clients that come once, at a time.
const ONCE: u32 = 8;
/// How many slow ones are there at a time, and for how long.
const SLOW: u64 = 200;
const SLOW_FOR: Duration = Duration::from_secs(5);
/// The requests of one that stays.
const STAYS: u32 = 2_000;
/// TLS connections of h2load in one go.
const TLS: u32 = 200;
/// How many troubles are told.
const TOLD: usize = 100;

/// What was sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    /// Addresses that connections came from.
    pub(super) addresses: u64,
    pub(super) requests: u64,
    pub(super) hostile: u64,
    pub(super) slow: u64,
    /// Connections over TLS.
    pub(super) tls: u64,
    /// Forged headers that the upstream received.
    pub(super) forged: u64,
}

#[derive(Debug, Default)]
struct Counts {
    stop: AtomicBool,
    addresses: AtomicU64,
    requests: AtomicU64,
    hostile: AtomicU64,
    slow: AtomicU64,
    tls: AtomicU64,
    forged: AtomicU64,
}

impl Counts {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

fn add(counter: &AtomicU64, more: u64) -> u64 {
    counter.fetch_add(more, Ordering::Relaxed)
}

/// What a client does, again and again.
type Work = Box<dyn FnMut(&Counts) -> io::Result<()> + Send>;

/// Clients at work.
pub(super) struct Traffic {
    counts: Arc<Counts>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Traffic {
    pub(super) fn begin(stack: &Stack) -> Result<Self, Box<dyn Error>> {
        let hello = fs::read(repo::root().join("tests/fixtures/tls/chromium-1.bin"))?;
        let (counts, ports) = (Arc::<Counts>::default(), stack.ports());
        let mut clients = Vec::new();
        let mut client = |mut work: Work| {
            let counts = Arc::clone(&counts);
            clients.push(thread::spawn(move || {
                let mut troubles = Vec::new();
                while counts.goes_on() {
                    if let Err(error) = work(&counts)
                        && troubles.len() < TOLD
                    {
                        troubles.push(error.to_string());
                    }
                }
                troubles
            }));
        };
        for _ in 0..ONCE {
            client(Box::new(move |counts| once(counts, ports)));
        }
        client(Box::new(move |counts| hostile(counts, ports, &hello)));
        client(Box::new(move |counts| staying(counts, ports)));
        client(Box::new(move |counts| slow(counts, ports)));
        let urls = [
            stack.tls_url("/real"),
            stack.passthrough_url("/real"),
            stack.tls_url(QUICK),
        ];
        let mut real = real_clients();
        real.retain(|client| client.availability() == Availability::Here);
        let mut chance = Chance::new(1);
        client(Box::new(move |counts| {
            by_real_clients(counts, &real, &urls, &mut chance)
        }));
        Ok(Self { counts, clients })
    }

    pub(super) fn sent(&self) -> Sent {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = &self.counts;
        Sent {
            addresses: of(&counts.addresses),
            requests: of(&counts.requests),
            hostile: of(&counts.hostile),
            slow: of(&counts.slow),
            tls: of(&counts.tls),
            forged: of(&counts.forged),
        }
    }

    /// Ends it: what was sent, and what went wrong.
    pub(super) fn end(mut self) -> (Sent, Vec<String>) {
        self.counts.stop.store(true, Ordering::Relaxed);
        let clients = std::mem::take(&mut self.clients);
        let troubles = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap_or_else(|_| vec!["a client panicked".to_owned()]));
        let troubles = troubles.collect();
        (self.sent(), troubles)
    }
}

/// A client that comes once, for one request or two.
fn once(counts: &Counts, ports: Ports) -> io::Result<()> {
    let number = add(&counts.addresses, 1);
    let mut connection = Connection::open(source(number), ports.http)?;
    let more = u64::from(number.is_multiple_of(4));
    for nth in (0..=more).rev() {
        let path = match number % 50 {
            0 => "/login/x",
            1 => "/challenged",
            2 => "/up",
            _ => QUICK,
        };
        let end = if nth == 0 { "Connection: close\r\n" } else { "" };
        let reply = connection.get(
            path,
            &format!("User-Agent: Mozilla/5.0 ({number})\r\nAccept: */*\r\n{end}"),
        )?;
        add(&counts.requests, 1);
        match (path, reply.status) {
            (_, 200) | ("/login/x", 429) | ("/challenged", 403 | 429) => {}
            (path, status) => return Err(io::Error::other(format!("{path}: {status}"))),
        }
        if reply.header("connection") == Some("close") {
            break;
        }
    }
    Ok(())
}

fn hostile(counts: &Counts, ports: Ports, hello: &[u8]) -> io::Result<()> {
    let number = add(&counts.hostile, 1);
    let kind = Kind::of(number);
    add(&counts.requests, 1);
    let outcome = kind.send(number, &ports, hello);
    let outcome = outcome.map_err(|error| io::Error::other(format!("{kind:?} {number}: {error}")))?;
    add(&counts.forged, u64::from(outcome.forged));
    if kind.passes() && !outcome.annotated {
        return Err(io::Error::other(format!("{kind:?} {number}: {outcome:?}")));
    }
    Ok(())
}

/// One over HTTP/2 that stays for a while.
fn staying(counts: &Counts, ports: Ports) -> io::Result<()> {
    const AT_A_TIME: u32 = 5;
    let fields = [("user-agent", "curl/8.5.0"), ("accept", "*/*")];
    let mut kept = Kept::open(source(0), ports.http, QUICK, &fields)?;
    for _ in 0..STAYS / AT_A_TIME {
        let ended = kept.ask(AT_A_TIME, |_, _| {})?;
        add(&counts.requests, AT_A_TIME.into());
        if ended.ending != Ending::Answered {
            return Err(io::Error::other(format!("HTTP/2: {ended:?}")));
        }
        // It is here to stay, not to take all there is.
        thread::sleep(Duration::from_millis(20));
        if !counts.goes_on() {
            break;
        }
    }
    Ok(())
}

/// A crowd that takes its time.
fn slow(counts: &Counts, ports: Ports) -> io::Result<()> {
    let mut crowd = Vec::new();
    for _ in 0..SLOW {
        let number = add(&counts.slow, 1);
        let (port, bytes): (u16, &[u8]) = match number % 5 {
            0 => (ports.http, b"GET /slow HTTP/1.1\r\nHost: l"),
            1 => (ports.http, frames::PREFACE.get(..20).unwrap_or_default()),
            2 => (ports.tls, &[22, 3, 1, 2, 0, 1]),
            3 => (
                ports.http,
                b"POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx",
            ),
            _ => (ports.passthrough, b""),
        };
        let mut connection = Connection::open(source(number), port)?;
        connection.send(bytes)?;
        crowd.push(connection);
    }
    thread::sleep(SLOW_FOR);
    for (number, connection) in crowd.into_iter().enumerate() {
        if number % 2 == 0 {
            connection.reset()?;
        }
    }
    Ok(())
}

fn real_clients() -> Vec<Client> {
    let impersonated =
        ["chrome131", "firefox133", "safari184", "edge101"].map(|name| Client::Impersonate(name.to_owned()));
    let own = [
        Client::Curl(CurlHttp::Http1),
        Client::Curl(CurlHttp::Http2),
        Client::Httpx { http2: true },
        Client::Wget,
    ];
    own.into_iter().chain(impersonated).collect()
}

/// h2load with many connections, and one of the others.
fn by_real_clients(counts: &Counts, clients: &[Client], urls: &[String; 3], chance: &mut Chance) -> io::Result<()> {
    let [tls, passthrough, quick] = urls;
    if let Some(client) = chance.of(clients) {
        let url = if chance.below(2) == 0 { tls } else { passthrough };
        add(&counts.tls, 1);
        let reply = client
            .get(url, &[])
            .map_err(|error| io::Error::other(error.to_string()))?;
        if reply.status != 200 {
            return Err(io::Error::other(format!("{client:?}: {}", reply.status)));
        }
    }
    // A handshake costs as much as ten of the others' connections: those are to come too.
    thread::sleep(Duration::from_secs(1));
    let many = TLS.to_string();
    let h2load = Command::new("h2load")
        .args(["-n", &many, "-c", &many, quick.as_str()])
        .stdin(Stdio::null())
        .output();
    match h2load {
        Ok(output) => {
            add(&counts.tls, TLS.into());
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            match text.contains(&format!("status codes: {many} 2xx")) {
                true => Ok(()),
                false => Err(io::Error::other(format!("h2load: {text}"))),
            }
        }
        // It is not here: the others are.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
