//! Small networks of namespaces: hosts that belong to one test, joined by Ethernet, by a router, or by a slow link. They share
//! nothing with the machine's own network, so each has the same addresses and ports, and they go away with the test.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Once, OnceLock};
use std::time::Duration;

use layerprint_harness::availability::Availability;
use layerprint_harness::repo;

/// How the names of our namespaces begin; the process id follows.
const PREFIX: &str = "layerprint-";

/// What a client's system calls the server: a name for each IP version.
pub const NAMES: [&str; 2] = ["v4.test", "v6.test"];

/// Whether this machine lets us make namespaces.
pub fn availability() -> Availability {
    // Once: tests run side by side, and would try under one name.
    static FOUND: OnceLock<Availability> = OnceLock::new();
    FOUND.get_or_init(try_one).clone()
}

fn try_one() -> Availability {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Availability::missing("network namespaces need root");
    }
    if !Path::new("/proc/sys/net/ipv6").exists() {
        return Availability::missing("this kernel has no IPv6");
    }
    for program in ["sysctl", "python3", "nft"] {
        if Command::new(program).arg("--version").output().is_err() {
            return Availability::missing(format!("no `{program}`"));
        }
    }
    if !Path::new("/dev/net/tun").exists() {
        return Availability::missing("no /dev/net/tun");
    }
    let name = format!("{PREFIX}{}-try", std::process::id());
    match Command::new("ip").args(["netns", "add", &name]).output() {
        Err(_) => Availability::missing("no `ip` (iproute2)"),
        Ok(output) if output.status.success() => {
            drop(Host { name });
            Availability::Here
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Availability::missing(format!("network namespaces cannot be made: {}", said.trim()))
        }
    }
}

/// One host: a network namespace of its own. Gone when dropped.
pub struct Host {
    name: String,
}

impl Host {
    fn new(role: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        static SWEEP: Once = Once::new();
        SWEEP.call_once(sweep);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{n}-{role}", std::process::id());
        check(Command::new("ip").args(["netns", "add", &name]));
        let host = Self { name };
        host.ip("link set lo up");
        host
    }

    /// The file that names the namespace.
    pub fn path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// A command that runs on this host.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program.as_ref());
        // A proxy of the environment must not come between.
        command.env("NO_PROXY", "*").env("no_proxy", "*");
        command.stdin(Stdio::null());
        command
    }

    /// `ip` with these arguments, on this host.
    pub fn ip(&self, arguments: &str) {
        let mut command = Command::new("ip");
        check(command.args(["-n", &self.name]).args(arguments.split(' ')));
    }

    /// Sets settings of the kernel that this host has for itself: `name=value`.
    pub fn set(&self, settings: &[&str]) {
        check(self.command("sysctl").args(["-q", "-w"]).args(settings));
    }

    /// The hardware address of an interface.
    pub fn hardware_address(&self, interface: &str) -> String {
        let path = format!("/sys/class/net/{interface}/address");
        check(self.command("cat").arg(path)).trim().to_owned()
    }

    /// Tells this host's programs the addresses of the server.
    fn learn(&self, addresses: [&str; 2]) {
        let folder = self.settings();
        fs::create_dir_all(&folder).unwrap();
        let [v4, v6] = [0, 1].map(|n| format!("{} {}\n", addresses[n], NAMES[n]));
        fs::write(folder.join("hosts"), v4 + &v6).unwrap();
    }

    /// What `ip netns exec` puts over /etc.
    fn settings(&self) -> PathBuf {
        Path::new("/etc/netns").join(&self.name)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
        let _ = fs::remove_dir_all(self.settings());
    }
}

/// A client and a server, and what is between them. The server's addresses are [`Network::SERVER`].
pub struct Network {
    // Dropped in this order: the link's program holds its devices.
    link: Option<Program>,
    pub client: Host,
    router: Option<Host>,
    pub server: Host,
    /// The server's interface towards the client.
    pub interface: &'static str,
}

impl Network {
    pub const SERVER: [&str; 2] = ["10.77.2.2", "fd77:2::2"];

    /// Both on one Ethernet, where the client is 10.77.2.1 and fd77:2::1, on interface `c0`.
    pub fn direct() -> Self {
        let network = Self::apart(None);
        join((&network.client, "c0"), (&network.server, "s0"), 2);
        network
    }

    /// A router between.
    pub fn routed() -> Self {
        let network = Self::apart(Some(Host::new("router")));
        let router = network.router.as_ref().unwrap();
        join((&network.client, "c0"), (router, "r0"), 1);
        join((router, "r1"), (&network.server, "s0"), 2);
        router.set(&["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
        for (host, route) in [
            (&network.client, "10.77.2.0/24 via 10.77.1.2"),
            (&network.client, "fd77:2::/64 via fd77:1::2"),
            (&network.server, "10.77.1.0/24 via 10.77.2.1"),
            (&network.server, "fd77:1::/64 via fd77:2::1"),
        ] {
            host.ip(&format!("route add {route}"));
        }
        network
    }

    /// A link on which every packet takes `delay`, in either direction.
    pub fn delayed(delay: Duration) -> Self {
        let mut network = Self::apart(None);
        let (client, server) = (&network.client, &network.server);
        // The program makes both ends where it runs; one of them is then moved.
        let mut command = client.command("python3");
        let script = repo::root().join("test-harness/tests/layer4/delayed_link.py");
        command.arg(script).args(["c0", "s0", &delay.as_millis().to_string()]);
        network.link = Some(Program::start(command));
        client.ip(&format!("link set s0 netns {}", server.name));
        bring_up((client, "c0"), 2, 1);
        bring_up((server, "s0"), 2, 2);
        network
    }

    fn apart(router: Option<Host>) -> Self {
        let client = Host::new("client");
        client.learn(Self::SERVER);
        Self {
            link: None,
            client,
            router,
            server: Host::new("server"),
            interface: "s0",
        }
    }
}

fn join(a: (&Host, &str), b: (&Host, &str), number: u8) {
    a.0.ip(&format!(
        "link add {} type veth peer name {} netns {}",
        a.1, b.1, b.0.name
    ));
    bring_up(a, number, 1);
    bring_up(b, number, 2);
}

fn bring_up((host, interface): (&Host, &str), number: u8, last: u8) {
    host.ip(&format!("addr add 10.77.{number}.{last}/24 dev {interface}"));
    host.ip(&format!("addr add fd77:{number}::{last}/64 dev {interface} nodad"));
    host.ip(&format!("link set {interface} up"));
}

/// A program that runs as long as this value lives, or until its input ends. It has said `ready`.
pub struct Program(Child);

impl Program {
    pub fn start(mut command: Command) -> Self {
        // Its input ends with this process, however that ends.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let program = Self(child);
        assert_eq!(line.trim(), "ready", "{command:?}");
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a command to its end, which has to be a good one; what it printed.
pub fn check(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {said}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// Removes what test runs that were killed have left.
fn sweep() {
    for folder in ["/run/netns", "/etc/netns"] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
            let Some(process) = process.and_then(|id| id.parse::<u32>().ok()) else {
                continue;
            };
            if !Path::new("/proc").join(process.to_string()).exists() {
                drop(Host { name });
            }
        }
    }
}
