//! WebDriver BiDi (<https://w3c.github.io/webdriver-bidi/>), which Firefox speaks without a driver.

use serde_json::{Value, json};

use super::socket::{Socket, text, told};
use crate::clients::ClientError;

#[derive(Debug)]
pub(super) struct Bidi {
    socket: Socket,
}

/// `{"ws_host": "127.0.0.1", "ws_port": 35151}`
pub(super) fn address(file: &str) -> Option<String> {
    let parsed: Value = serde_json::from_str(file).ok()?;
    Some(format!(
        "ws://{}:{}/session",
        parsed.get("ws_host")?.as_str()?,
        parsed.get("ws_port")?.as_u64()?
    ))
}

impl Bidi {
    pub(super) fn connect(url: &str) -> Result<Self, ClientError> {
        let mut link = Self {
            socket: Socket::connect(url)?,
        };
        link.tell(
            "session.new",
            json!({"capabilities": {"alwaysMatch": {"acceptInsecureCerts": true}}}),
        )?;
        link.tell("session.subscribe", json!({"events": ["log.entryAdded"]}))?;
        Ok(link)
    }

    pub(super) fn tab(&mut self) -> Result<String, ClientError> {
        let made = self.tell("browsingContext.create", json!({"type": "tab"}))?;
        text(&made, "/result/context")
    }

    pub(super) fn go(&mut self, tab: &str, url: &str) -> Result<(), ClientError> {
        let to = json!({"context": tab, "url": url, "wait": "none"});
        self.tell("browsingContext.navigate", to).map(drop)
    }

    pub(super) fn prepare(&mut self, tab: &str, script: &str) -> Result<(), ClientError> {
        let script = json!({"functionDeclaration": format!("() => {{ {script} }}"), "contexts": [tab]});
        self.tell("script.addPreloadScript", script).map(drop)
    }

    pub(super) fn ask(&mut self, tab: &str, expression: &str) -> Result<String, ClientError> {
        // In a sandbox: it sees the document, is not seen by it, and is not bound by its policy.
        let question = json!({"expression": expression, "target": {"context": tab, "sandbox": "layerprint"}, "awaitPromise": true});
        let answer = self.tell("script.evaluate", question)?;
        text(&answer, "/result/result/value")
    }

    pub(super) fn resize(&mut self, tab: &str, width: u16, height: u16) -> Result<(), ClientError> {
        let size = json!({"context": tab, "viewport": {"width": width, "height": height}});
        self.tell("browsingContext.setViewport", size).map(drop)
    }

    pub(super) fn picture(&mut self, tab: &str) -> Result<String, ClientError> {
        let answer = self.tell("browsingContext.captureScreenshot", json!({"context": tab}))?;
        text(&answer, "/result/data")
    }

    pub(super) fn complaints(&mut self) -> Vec<String> {
        self.socket.complaints(is_complaint)
    }

    fn tell(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        self.socket.ask(json!({"method": method, "params": params}))
    }
}

/// That the policy of a page keeps Firefox from its icon is as it should be.
fn is_complaint(event: &Value) -> bool {
    let told = |pointer| told(event, pointer).unwrap_or_default();
    told("/params/level") == "error" && !told("/params/text").contains("/favicon.ico")
}
