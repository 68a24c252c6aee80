//! Browsers that are told what to do, step by step: Chromium by the DevTools protocol, Firefox by WebDriver BiDi. Both speak it
//! themselves, in JSON over a WebSocket of this machine, so that nothing stands between.
//!
//! What a page shows is asked of it in JavaScript, also where pages themselves may run none.

mod bidi;
mod devtools;
mod socket;
mod websocket;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use self::bidi::Bidi;
use self::devtools::DevTools;
use super::browser::{FIREFOX_SETTINGS, Profile};
use super::{Browser, ClientError};

/// How long a browser may take to start, or a page to come to what is waited for, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether something has come about.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// How a browser is set up before it starts.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// Whether pages may set cookies.
    pub cookies: bool,
    /// Whether pages may run scripts.
    pub scripts: bool,
    /// Whether the person likes it dark.
    pub dark: bool,
    /// Whether the person dislikes motion.
    pub still: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            cookies: true,
            scripts: true,
            dark: false,
            still: false,
        }
    }
}

/// A running browser. Dropping it ends it and removes its profile.
#[derive(Debug)]
pub struct Driven {
    link: Link,
    setup: Setup,
    process: Child,
    _profile: Profile,
}

/// One of its tabs, by the name that the browser has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab(String);

#[derive(Debug)]
enum Link {
    DevTools(DevTools),
    Bidi(Bidi),
}

impl Driven {
    /// Starts `browser`. It takes every certificate.
    pub fn start(browser: Browser, setup: Setup) -> Result<Self, ClientError> {
        let profile = Profile::make().map_err(ClientError::Start)?;
        let mut command = Command::new(browser.program());
        match browser {
            Browser::Chromium => chromium(&mut command, setup, profile.path()),
            Browser::Firefox => firefox(&mut command, setup, profile.path()),
        }
        .map_err(ClientError::Start)?;
        let mut process = command
            .env("NO_PROXY", "*")
            .env("no_proxy", "*")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(ClientError::Start)?;
        let link = match browser {
            Browser::Chromium => address(&profile.path().join("DevToolsActivePort"), devtools::address)
                .and_then(|url| DevTools::connect(&url, setup))
                .map(Link::DevTools),
            Browser::Firefox => address(&profile.path().join("WebDriverBiDiServer.json"), bidi::address)
                .and_then(|url| Bidi::connect(&url))
                .map(Link::Bidi),
        };
        match link {
            Ok(link) => Ok(Self {
                link,
                setup,
                process,
                _profile: profile,
            }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(error)
            }
        }
    }

    /// Opens a tab with nothing in it.
    pub fn tab(&mut self) -> Result<Tab, ClientError> {
        match &mut self.link {
            Link::DevTools(link) => link.tab(),
            Link::Bidi(link) => link.tab(),
        }
        .map(Tab)
    }

    /// Has the tab go to `url`, and does not wait for it.
    pub fn go(&mut self, tab: &Tab, url: &str) -> Result<(), ClientError> {
        match &mut self.link {
            Link::DevTools(link) => link.go(&tab.0, url),
            Link::Bidi(link) => link.go(&tab.0, url),
        }
    }

    /// Runs this script in each document that the tab has from here on, before the document's own.
    pub fn prepare(&mut self, tab: &Tab, script: &str) -> Result<(), ClientError> {
        match &mut self.link {
            Link::DevTools(link) => link.prepare(&tab.0, script),
            Link::Bidi(link) => link.prepare(&tab.0, script),
        }
    }

    /// What the JavaScript expression comes to in the tab's document; a promise is waited for.
    pub fn ask(&mut self, tab: &Tab, expression: &str) -> Result<Value, ClientError> {
        // As text, both protocols hand over any value in the same way. Where pages may run no scripts, promises come to nothing.
        let expression = match self.setup.scripts {
            true => format!("(async () => JSON.stringify(await ({expression})) ?? 'null')()"),
            false => format!("JSON.stringify({expression}) ?? 'null'"),
        };
        let text = match &mut self.link {
            Link::DevTools(link) => link.ask(&tab.0, &expression),
            Link::Bidi(link) => link.ask(&tab.0, &expression),
        }?;
        serde_json::from_str(&text).map_err(|_| ClientError::Output(text))
    }

    /// Waits until the expression is true in the tab, in whatever document it has by then.
    pub fn wait_until(&mut self, tab: &Tab, expression: &str) -> Result<(), ClientError> {
        let began = Instant::now();
        loop {
            // Between two documents there is none to ask.
            let found = self.ask(tab, expression);
            if matches!(found, Ok(Value::Bool(true))) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                let shown = self.ask(tab, "location.href + ': ' + document.documentElement.outerText");
                let what = format!("{expression} did not come about, but {found:?} in {shown:?}");
                return Err(ClientError::Failed(what));
            }
            thread::sleep(BETWEEN_LOOKS);
        }
    }

    /// What a person can read in the tab.
    pub fn text(&mut self, tab: &Tab) -> Result<String, ClientError> {
        let text = self.ask(tab, "document.body.innerText")?;
        Ok(text.as_str().unwrap_or_default().to_owned())
    }

    /// How large the tab's pages are shown, in CSS pixels.
    pub fn resize(&mut self, tab: &Tab, width: u16, height: u16) -> Result<(), ClientError> {
        match &mut self.link {
            Link::DevTools(link) => link.resize(&tab.0, width, height),
            Link::Bidi(link) => link.resize(&tab.0, width, height),
        }
    }

    /// What the tab looks like, as PNG.
    pub fn picture(&mut self, tab: &Tab) -> Result<Vec<u8>, ClientError> {
        let text = match &mut self.link {
            Link::DevTools(link) => link.picture(&tab.0),
            Link::Bidi(link) => link.picture(&tab.0),
        }?;
        BASE64_STANDARD.decode(&text).map_err(|_| ClientError::Output(text))
    }

    /// Makes the tab's main thread, which is all that this slows, so many times as slow. Chromium alone can.
    pub fn slow_down(&mut self, tab: &Tab, times: u8) -> Result<(), ClientError> {
        match &mut self.link {
            Link::DevTools(link) => link.slow_down(&tab.0, times),
            Link::Bidi(_) => Err(ClientError::Failed("cannot be slowed down".to_owned())),
        }
    }

    /// What scripts and the rules for them have been said to have done wrong since the last time.
    pub fn complaints(&mut self) -> Vec<String> {
        match &mut self.link {
            Link::DevTools(link) => link.complaints(),
            Link::Bidi(link) => link.complaints(),
        }
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // Its other processes end with the one that was started. Errors mean that it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Where a browser listens, as it writes into this file of its profile when it does.
fn address(file: &Path, read: impl Fn(&str) -> Option<String>) -> Result<String, ClientError> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(url) = fs::read_to_string(file).ok().and_then(|text| read(&text)) {
            return Ok(url);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    Err(ClientError::Failed(format!("did not write {}", file.display())))
}

fn chromium(command: &mut Command, setup: Setup, profile: &Path) -> io::Result<()> {
    super::browser::chromium_switches(command, profile);
    command.args(["--remote-debugging-port=0", "about:blank"]);
    let allowed = |allowed| if allowed { 1 } else { 2 };
    let preferences = serde_json::json!({"profile": {"default_content_setting_values": {
        "cookies": allowed(setup.cookies), "javascript": allowed(setup.scripts)
    }}});
    let folder: PathBuf = profile.join("Default");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("Preferences"), preferences.to_string())
}

fn firefox(command: &mut Command, setup: Setup, profile: &Path) -> io::Result<()> {
    let own = [
        ("network.proxy.type", "0"),
        ("network.cookie.cookieBehavior", if setup.cookies { "5" } else { "2" }),
        ("javascript.enabled", if setup.scripts { "true" } else { "false" }),
        (
            "layout.css.prefers-color-scheme.content-override",
            if setup.dark { "0" } else { "1" },
        ),
        // It would show what upstreams echo in a page of its own.
        ("devtools.jsonview.enabled", "false"),
        ("ui.prefersReducedMotion", if setup.still { "1" } else { "0" }),
    ];
    let lines = FIREFOX_SETTINGS.iter().chain(&own);
    let settings: String = lines
        .map(|(name, value)| format!("user_pref(\"{name}\", {value});\n"))
        .collect();
    fs::write(profile.join("user.js"), settings)?;
    command.env("HOME", profile);
    command.args(["--headless", "--no-remote", "--remote-debugging-port", "0", "--profile"]);
    command.arg(profile);
    Ok(())
}
