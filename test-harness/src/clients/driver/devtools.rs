//! Chromium's own protocol (<https://chromedevtools.github.io/devtools-protocol/>).

use serde_json::{Value, json};

use super::Setup;
use super::socket::{Socket, text, told};
use crate::clients::ClientError;

#[derive(Debug)]
pub(super) struct DevTools {
    socket: Socket,
    setup: Setup,
}

/// `DevToolsActivePort` has the port in its first line and the path in its second.
pub(super) fn address(file: &str) -> Option<String> {
    let (port, path) = file.split_once('\n')?;
    (!path.is_empty()).then(|| format!("ws://127.0.0.1:{port}{}", path.trim()))
}

impl DevTools {
    pub(super) fn connect(url: &str, setup: Setup) -> Result<Self, ClientError> {
        let socket = Socket::connect(url)?;
        Ok(Self { socket, setup })
    }

    /// A tab is known by the session with it.
    pub(super) fn tab(&mut self) -> Result<String, ClientError> {
        let made = self
            .socket
            .ask(json!({"method": "Target.createTarget", "params": {"url": "about:blank"}}))?;
        let target = text(&made, "/result/targetId")?;
        let attach = json!({"method": "Target.attachToTarget", "params": {"targetId": target, "flatten": true}});
        let tab = text(&self.socket.ask(attach)?, "/result/sessionId")?;
        self.tell(&tab, "Page.enable", json!({}))?;
        self.tell(&tab, "Log.enable", json!({}))?;
        self.tell(&tab, "Runtime.enable", json!({}))?;
        let scheme = if self.setup.dark { "dark" } else { "light" };
        let motion = if self.setup.still { "reduce" } else { "no-preference" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme},
                              {"name": "prefers-reduced-motion", "value": motion}]);
        self.tell(&tab, "Emulation.setEmulatedMedia", json!({"features": features}))?;
        Ok(tab)
    }

    pub(super) fn go(&mut self, tab: &str, url: &str) -> Result<(), ClientError> {
        self.tell(tab, "Page.navigate", json!({"url": url})).map(drop)
    }

    pub(super) fn prepare(&mut self, tab: &str, script: &str) -> Result<(), ClientError> {
        let script = json!({"source": script});
        self.tell(tab, "Page.addScriptToEvaluateOnNewDocument", script)
            .map(drop)
    }

    pub(super) fn ask(&mut self, tab: &str, expression: &str) -> Result<String, ClientError> {
        let question = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.tell(tab, "Runtime.evaluate", question)?;
        text(&answer, "/result/result/value")
    }

    pub(super) fn resize(&mut self, tab: &str, width: u16, height: u16) -> Result<(), ClientError> {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tell(tab, "Emulation.setDeviceMetricsOverride", size).map(drop)
    }

    pub(super) fn picture(&mut self, tab: &str) -> Result<String, ClientError> {
        let answer = self.tell(tab, "Page.captureScreenshot", json!({"format": "png"}))?;
        text(&answer, "/result/data")
    }

    /// Statuses of answers are noted there as well: those are no mistake of a script.
    pub(super) fn complaints(&mut self) -> Vec<String> {
        self.socket.complaints(is_complaint)
    }

    fn tell(&mut self, tab: &str, method: &str, params: Value) -> Result<Value, ClientError> {
        self.socket
            .ask(json!({"sessionId": tab, "method": method, "params": params}))
    }
}

fn is_complaint(event: &Value) -> bool {
    let told = |pointer| told(event, pointer).unwrap_or_default();
    match told("/method") {
        "Runtime.exceptionThrown" => true,
        "Log.entryAdded" => told("/params/entry/level") == "error" && told("/params/entry/source") != "network",
        _ => false,
    }
}
