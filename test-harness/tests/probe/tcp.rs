//! The SYN and the round-trip time.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use layerprint_harness::availability::{Availability, require_or_skip};
use layerprint_harness::repo;
use layerprint_harness::stack::{Ports, StackOptions};

use crate::capture::Capture;
use crate::lab::{
    GET, Lab, Sender, configure, listen_on_both, loopback, on_each_envoy, on_the_current_envoy, recorded_hello,
};

#[test]
fn the_syn_is_the_one_on_the_wire() {
    let test = "the_syn_is_the_one_on_the_wire";
    on_each_envoy(test, |envoy| {
        let mut capture = match Capture::start(Command::new("python3"), "lo") {
            Ok(capture) => capture,
            Err(missing) => return assert!(!require_or_skip(test, [missing])),
        };
        let families = families(test);
        let both = families.contains(&true);
        let lab = Lab::with(test, envoy, move |listener| {
            if both {
                listen_on_both(listener);
            }
        });
        let hello = recorded_hello();
        let ports = lab.stack.ports();
        for (port, opening, answer) in [(ports.http, GET, b'H'), (ports.tls, &hello, 22)] {
            for &v6 in families {
                let mut client = Sender::connect(loopback(v6, port)).send(opening);
                assert_eq!(client.first_answer()[0], answer);
                let address = client.address();
                drop(client);

                let evidence = lab.evidence_of(address);
                let on_the_wire = capture.syn_between(address.port(), port);
                assert_eq!(on_the_wire[0] >> 4, if v6 { 6 } else { 4 });
                assert_eq!(evidence.syn, Some(on_the_wire));
                assert_eq!(evidence.origin, None);
            }
        }
    });
}

#[test]
fn the_round_trip_time_is_that_of_the_handshake() {
    let test = "the_round_trip_time_is_that_of_the_handshake";
    on_each_envoy(test, |envoy| {
        let lab = Lab::start(test, envoy);
        let client = Sender::connect(lab.cleartext()).send(GET);
        let address = client.address();
        drop(client);
        let rtt = lab.evidence_of(address).rtt_us.unwrap();
        // Loopback: some µs; a second on a machine that is very busy.
        let rtt_us: u32 = rtt.parse().unwrap();
        assert!((1..1_000_000).contains(&rtt_us), "{rtt_us}");
        assert_eq!(rtt, rtt_us.to_string());
    });
}

#[test]
fn only_what_is_asked_for_is_handed_over() {
    let test = "only_what_is_asked_for_is_handed_over";
    on_the_current_envoy(test, |envoy| {
        for (words, syn, rtt) in [("syn", true, false), ("rtt", false, true)] {
            let lab = Lab::with(test, envoy, move |listener| configure(listener, words));
            let mut client = Sender::connect(lab.tls()).send(&recorded_hello());
            assert_eq!(client.first_answer()[0], 22);
            let address = client.address();
            drop(client);
            let evidence = lab.evidence_of(address);
            assert_eq!(
                (evidence.syn.is_some(), evidence.rtt_us.is_some()),
                (syn, rtt),
                "{words}"
            );
            assert_eq!(evidence.client_hello, None, "{words}");
        }
    });
}

#[test]
fn without_a_saved_syn_nothing_is_made_up_and_the_log_says_what_is_missing() {
    let test = "without_a_saved_syn_nothing_is_made_up_and_the_log_says_what_is_missing";
    on_each_envoy(test, |envoy| {
        let lab = Lab::with(test, envoy, |listener| {
            listener.as_object_mut().unwrap().remove("socket_options");
        });
        for _ in 0..3 {
            let mut client = Sender::connect(lab.cleartext()).send(GET);
            assert!(client.is_served());
            let address = client.address();
            drop(client);
            let evidence = lab.evidence_of(address);
            assert_eq!((evidence.syn, evidence.rtt_us, evidence.origin), (None, None, None));
        }
        let log = lab.stack.envoy_log();
        assert_eq!(log.matches("TCP_SAVE_SYN").count(), 1, "{log}");
    });
}

#[test]
fn a_user_without_privileges_can_run_it() {
    let test = "a_user_without_privileges_can_run_it";
    on_the_current_envoy(test, |envoy| {
        let Some(command) = as_nobody(test, envoy) else {
            return;
        };
        let directory = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).unwrap();
        // The launcher keeps a port for us by binding it as the user that we are; another user could not bind it beside us.
        let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let ports = Ports { tls, ..Ports::FREE };
        let options = StackOptions::new(test)
            .directory(&directory)
            .command(command)
            .ports(ports);
        let lab = Lab::launch(test, options, |_| {});
        let status = fs::read_to_string(format!("/proc/{}/status", lab.stack.envoy_pid())).unwrap();
        assert!(status.contains("CapEff:\t0000000000000000"), "{status}");

        let mut client = Sender::connect(lab.cleartext()).send(GET);
        assert!(client.is_served());
        let address = client.address();
        drop(client);
        let evidence = lab.evidence_of(address);
        assert!(evidence.syn.is_some() && evidence.rtt_us.is_some(), "{evidence:?}");
        drop(lab);
        fs::remove_dir_all(directory).unwrap();
    });
}

/// Whether IPv6 is used: no, and then yes, where there is any.
fn families(test: &str) -> &'static [bool] {
    let found = match TcpListener::bind("[::1]:0") {
        Ok(_) => Availability::Here,
        Err(error) => Availability::missing(format!("no IPv6 loopback: {error}")),
    };
    match require_or_skip(&format!("{test}, over IPv6"), [found]) {
        true => &[false, true],
        false => &[false],
    }
}

/// Envoy without capabilities, under another user if we are root.
fn as_nobody(test: &str, envoy: &Path) -> Option<Vec<PathBuf>> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Some(vec![envoy.to_path_buf()]);
    }
    let setpriv = [
        "setpriv",
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--no-new-privs",
    ];
    let can_read = |path: &Path| {
        let status = Command::new(setpriv[0])
            .args(&setpriv[1..])
            .args(["test", "-r"])
            .arg(path)
            .status();
        match status {
            Ok(status) if status.success() => Availability::Here,
            Ok(_) => Availability::missing(format!("another user than root cannot read {}", path.display())),
            Err(error) => Availability::missing(format!("setpriv cannot be started: {error}")),
        }
    };
    let needed = [envoy, &repo::probe(), &repo::module()].map(can_read);
    let command = setpriv.iter().map(PathBuf::from).chain([envoy.to_path_buf()]);
    require_or_skip(test, needed).then(|| command.collect())
}
