//! Whole browsers, without a window. They cannot be told to send one request and no other: they are started on a page, do what the
//! page says, and are ended when enough was seen in the access log.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::{ClientError, inside, program, run};
use crate::availability::Availability;
use crate::repo;

/// A browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Chromium. Without a window it calls itself HeadlessChrome.
    Chromium,
    /// Firefox.
    Firefox,
}

/// What a browser is started on.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Where it is.
    pub url: &'a str,
    /// Another User-Agent than the browser's own.
    pub agent: Option<&'a str>,
    /// What the server shows, which nobody signed.
    pub certificate: &'a Path,
    /// The network namespace to run in, by its name; `None` is this process's own.
    pub namespace: Option<&'a str>,
    /// HTTP/3 from the first request on, to a server whose public key has this hash
    /// ([`key_hash`](crate::stack::certificate::key_hash)). Chromium alone can be told to; `None` leaves it to the browser.
    pub http3: Option<&'a str>,
}

/// A name that both browsers take for this machine and for nothing special: to localhost they send in cleartext what they otherwise
/// send under TLS alone.
pub const PLAIN_HOST: &str = "shop.test";

/// How often a profile is tried to be removed, and how long to wait between.
const REMOVALS: u32 = 20;
const BETWEEN_REMOVALS: Duration = Duration::from_millis(100);

/// What Firefox is told beyond its defaults: to ask for nothing on its own.
pub(super) const FIREFOX_SETTINGS: [(&str, &str); 9] = [
    ("app.normandy.enabled", "false"),
    ("app.update.enabled", "false"),
    ("browser.aboutwelcome.enabled", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    ("extensions.update.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("toolkit.telemetry.enabled", "false"),
];

impl Browser {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// Whether it can be had here.
    pub fn availability(self) -> Availability {
        program::availability(self.program(), "--version")
    }

    /// The User-Agent of this version when it has a window, on Linux.
    pub fn usual_agent(self) -> Result<String, ClientError> {
        let version = run(Command::new(self.program()).arg("--version"))?;
        // "Chromium 156.0.6045.2 built on …", "Mozilla Firefox 153.2.0esr"
        let major = version
            .split_whitespace()
            .find_map(|word| word.split_once('.').filter(|(major, _)| major.parse::<u16>().is_ok()));
        let (major, _) = major.ok_or_else(|| ClientError::Output(version.clone()))?;
        Ok(match self {
            Self::Chromium => format!(
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
            ),
            Self::Firefox => {
                format!("Mozilla/5.0 (X11; Linux x86_64; rv:{major}.0) Gecko/20100101 Firefox/{major}.0")
            }
        })
    }

    /// Starts it on a page.
    pub fn open(self, page: &Page<'_>) -> Result<Window, ClientError> {
        let profile = Profile::make().map_err(ClientError::Start)?;
        let mut command = Command::new(self.program());
        match self {
            Self::Chromium => chromium(&mut command, page, &profile),
            Self::Firefox => firefox(&mut command, page, &profile)?,
        }
        command.arg(page.url).env("NO_PROXY", "*").env("no_proxy", "*");
        let process = inside(page.namespace, command)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(ClientError::Start)?;
        Ok(Window {
            process,
            _profile: profile,
        })
    }

    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox-esr",
        }
    }
}

impl fmt::Display for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
        })
    }
}

/// What Chromium is told wherever it is started.
pub(super) fn chromium_switches(command: &mut Command, profile: &Path) {
    command.args([
        "--headless=new",
        // Its sandbox refuses to run as root.
        "--no-sandbox",
        "--ignore-certificate-errors",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--no-proxy-server",
    ]);
    command.arg(format!("--user-data-dir={}", profile.display()));
}

fn chromium(command: &mut Command, page: &Page<'_>, profile: &Profile) {
    chromium_switches(command, &profile.0);
    command.arg(format!("--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1"));
    if let Some(hash) = page.http3 {
        command.arg("--enable-quic");
        command.arg(format!("--ignore-certificate-errors-spki-list={hash}"));
        command.arg(format!("--origin-to-force-quic-on={}", server(page.url)));
    }
    if let Some(agent) = page.agent {
        command.arg(format!("--user-agent={agent}"));
    }
}

fn firefox(command: &mut Command, page: &Page<'_>, profile: &Profile) -> Result<(), ClientError> {
    let mut settings: String = FIREFOX_SETTINGS
        .iter()
        .map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"))
        .collect();
    settings += "user_pref(\"network.proxy.type\", 0);\n";
    settings += &format!("user_pref(\"network.dns.localDomains\", \"{PLAIN_HOST}\");\n");
    if let Some(agent) = page.agent {
        settings += &format!("user_pref(\"general.useragent.override\", \"{agent}\");\n");
    }
    let write = |name: &str, text: &str| fs::write(profile.0.join(name), text).map_err(ClientError::Start);
    write("user.js", &settings)?;
    write("cert_override.txt", &exception(page.url, page.certificate)?)?;
    // A folder of its own for the cache and the lock of a running Firefox too.
    command.env("HOME", &profile.0);
    command.args(["--headless", "--no-remote", "--profile"]).arg(&profile.0);
    Ok(())
}

/// The line by which a user's "accept the risk" is kept: the server, the hash's name (SHA-256, as an OID), and the certificate's hash.
fn exception(url: &str, certificate: &Path) -> Result<String, ClientError> {
    let no = |what: String| ClientError::Failed(what);
    if !url.starts_with("https://") {
        return Ok(String::new());
    }
    let text = fs::read(certificate).map_err(ClientError::Start)?;
    let parsed = pem::parse(text).map_err(|error| no(format!("{}: {error}", certificate.display())))?;
    let hash: Vec<String> = Sha256::digest(parsed.contents())
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    Ok(format!(
        "{}:\tOID.2.16.840.1.101.3.4.2.1\t{}\t\n",
        server(url),
        hash.join(":")
    ))
}

/// Name and port in a URL.
fn server(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

/// A running browser. Dropping it ends it and removes its profile.
#[derive(Debug)]
pub struct Window {
    process: Child,
    _profile: Profile,
}

impl Window {
    /// Whether it still runs.
    pub fn is_open(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Its other processes end with the one that was started. Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A fresh profile: no cache, no cookies, nothing learned.
#[derive(Debug)]
pub(super) struct Profile(PathBuf);

impl Profile {
    pub(super) fn make() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = repo::run_directory().join(format!("clients/browser-{}-{n}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // Processes of the browser that end after it may still write. What cannot be removed is some files in an ignored directory.
        for _ in 0..REMOVALS {
            match fs::remove_dir_all(&self.0) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(BETWEEN_REMOVALS),
                _ => break,
            }
        }
    }
}
