//! `haproxy.cfg` as shipped, in a real HAProxy before the real Envoy.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use layerprint_harness::availability::skip;
use layerprint_harness::repo;
use layerprint_harness::stack::Stack;

use crate::front::Connection;
use crate::lab::{
    H1, H2, HEADER, PROXY_PROTOCOL, SOON, WINDOWS, assert_missing, behind_a_front, hex, line, loopback,
    on_the_current_envoy, options, start,
};

/// The first with `tcp-ss` and `fc_saved_syn`.
const OLDEST: (u32, u32) = (3, 4);

/// How the SYNs of this machine begin, over loopback.
const OF_LOOPBACK: &str = "4:64+0:0:65495:";

#[test]
fn in_tcp_mode_it_hands_over_the_syn_and_the_rtt_of_each_client() {
    let test = "in_tcp_mode_it_hands_over_the_syn_and_the_rtt_of_each_client";
    on_the_current_envoy(test, |envoy| {
        let Some(program) = program(test) else { return };
        let stack = start(options(test, envoy).with_fragment_in("tls", PROXY_PROTOCOL));
        let haproxy = HaProxy::start(&program, &stack, |config| config);
        for n in 1..4 {
            let url = format!("https://localhost:{}/", haproxy.tls.port());
            let reply = H2.get(&url, &[]).unwrap();
            assert!(reply.received("x-layerprint-tcp").unwrap().starts_with(OF_LOOPBACK));
            let line = line(&stack, n);
            assert!(line["tcp"].as_str().unwrap().starts_with(OF_LOOPBACK), "{line}");
            let rtt = line["rtt_us"].as_u64().unwrap();
            assert!((1..1_000_000).contains(&rtt), "{line}");
            assert_eq!(line["protocol"], "HTTP/2");
        }
    });
}

#[test]
fn where_the_kernel_keeps_no_syn_nothing_is_handed_over_nor_forged() {
    let test = "where_the_kernel_keeps_no_syn_nothing_is_handed_over_nor_forged";
    on_the_current_envoy(test, |envoy| {
        let Some(program) = program(test) else { return };
        let stack = start(
            options(test, envoy)
                .with_fragment_in("tls", PROXY_PROTOCOL)
                .with_fragment_in("cleartext", HEADER),
        );
        // Not asked for, it is empty, as under SYN cookies; not read, it is not there at all.
        for (n, line_part) in [" tcp-ss 1", "tcp-request connection set-var(sess.syn) fc_saved_syn"]
            .into_iter()
            .enumerate()
        {
            let haproxy = HaProxy::start(&program, &stack, |config| config.replace(line_part, ""));
            let urls = [
                format!("https://localhost:{}/", haproxy.tls.port()),
                format!("http://{}/", haproxy.http),
            ];
            for (m, url) in urls.iter().enumerate() {
                let forged = hex(WINDOWS.0);
                let reply = H1
                    .get(url, &[("x-client-syn", &forged), ("x-client-rtt-us", "1")])
                    .unwrap();
                assert_eq!(reply.received("x-layerprint-tcp"), None);
                let line = line(&stack, 2 * n + m + 1);
                assert_missing(&line, "tcp", "relayed");
                assert_missing(&line, "rtt_us", "relayed");
            }
        }
    });
}

#[test]
fn in_http_mode_it_replaces_the_headers_that_a_client_forges() {
    let test = "in_http_mode_it_replaces_the_headers_that_a_client_forges";
    on_the_current_envoy(test, |envoy| {
        let Some(program) = program(test) else { return };
        let stack = start(
            options(test, envoy)
                .filter(behind_a_front())
                .with_fragment_in("cleartext", HEADER),
        );
        let haproxy = HaProxy::start(&program, &stack, |config| config);
        let mut client = Connection::to(haproxy.http);
        // The client's connection is kept, though Envoy closes HAProxy's after each request.
        for n in 1..4 {
            let forged = format!("x-client-syn: {}\r\nx-client-rtt-us: 1\r\n", hex(WINDOWS.0));
            let answer = client.ask(&forged).unwrap();
            assert!(answer.values("x-client-syn").is_empty());
            let line = line(&stack, n);
            assert!(line["tcp"].as_str().unwrap().starts_with(OF_LOOPBACK), "{line}");
            assert!(line["rtt_us"].is_u64(), "{line}");
        }
    });
}

#[test]
fn the_shipped_configuration_is_valid_as_it_stands() {
    let test = "the_shipped_configuration_is_valid_as_it_stands";
    let Some(program) = program(test) else { return };
    let output = Command::new(program)
        .args(["-c", "-f"])
        .arg(shipped())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Not a warning either.
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

fn shipped() -> PathBuf {
    repo::root().join("envoy/layer4/haproxy.cfg")
}

/// The HAProxy that `HAPROXY_BIN` names, which has to be recent enough, else that of this machine, if it is. Debian 12 and 13
/// have none that is, so that its absence is no failure even where everything is required.
fn program(test: &str) -> Option<PathBuf> {
    if let Some(program) = std::env::var_os("HAPROXY_BIN").filter(|path| !path.is_empty()) {
        let program = PathBuf::from(program);
        let found = version(&program);
        assert!(found >= Some(OLDEST), "HAPROXY_BIN is {found:?}, and 3.4 is needed");
        return Some(program);
    }
    let program = PathBuf::from("haproxy");
    match version(&program) {
        Some(version) if version >= OLDEST => return Some(program),
        Some((major, minor)) => skip(
            test,
            &format!("HAProxy {major}.{minor} has no tcp-ss, 3.4 has: set HAPROXY_BIN"),
        ),
        None => skip(test, "no HAProxy 3.4 or later: install one, or set HAPROXY_BIN"),
    }
    None
}

fn version(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("-v").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.strip_prefix("HAProxy version ")?.split(['.', '-']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// A running HAProxy with both frontends. Dropping it stops it.
struct HaProxy {
    process: Child,
    config: PathBuf,
    tls: SocketAddr,
    http: SocketAddr,
}

impl HaProxy {
    /// With the shipped configuration on free ports, before this stack.
    fn start(program: &Path, stack: &Stack, change: impl FnOnce(String) -> String) -> Self {
        let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let [tls, http] = [free(), free()].map(|listener| listener.local_addr().unwrap());
        let mut text = fs::read_to_string(shipped()).unwrap();
        for (written, used) in [
            (9443, tls),
            (9080, http),
            (8443, loopback(stack.ports().tls)),
            (8080, loopback(stack.ports().http)),
        ] {
            let written = loopback(written).to_string();
            assert_eq!(text.matches(&written).count(), 1, "{written}");
            text = text.replace(&written, &used.to_string());
        }
        let config = std::env::temp_dir().join(format!("haproxy-{}-{}.cfg", std::process::id(), tls.port()));
        fs::write(&config, change(text)).unwrap();
        // -db: in the foreground, one process. What it says at length is that it was started as root, if it was.
        let process = Command::new(program)
            .args(["-q", "-db", "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut haproxy = Self {
            process,
            config,
            tls,
            http,
        };
        haproxy.wait_until_it_listens();
        haproxy
    }

    fn wait_until_it_listens(&mut self) {
        let start = Instant::now();
        // In HTTP mode a connection that says nothing reaches nobody behind HAProxy.
        while TcpStream::connect(self.http).is_err() {
            assert_eq!(
                self.process.try_wait().unwrap(),
                None,
                "HAProxy ended: {:?}",
                self.config
            );
            assert!(start.elapsed() < SOON, "HAProxy does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for HaProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_file(&self.config);
    }
}
