//! Questions and answers in JSON over a WebSocket; what is said between without being asked is kept.

use std::time::Duration;

use serde_json::{Value, json};

use super::websocket::WebSocket;
use crate::clients::ClientError;

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// The far end of a browser.
#[derive(Debug)]
pub(super) struct Socket {
    socket: WebSocket,
    last: u64,
    events: Vec<Value>,
}

impl Socket {
    /// Connects to `ws://ADDRESS:PORT/PATH`.
    pub(super) fn connect(url: &str) -> Result<Self, ClientError> {
        Ok(Self {
            socket: WebSocket::connect(url, ANSWER_WITHIN).map_err(ClientError::Start)?,
            last: 0,
            events: Vec::new(),
        })
    }

    /// Asks, and gives the whole answer back.
    pub(super) fn ask(&mut self, mut question: Value) -> Result<Value, ClientError> {
        self.last += 1;
        if let Some(question) = question.as_object_mut() {
            question.insert("id".to_owned(), json!(self.last));
        }
        let question = question.to_string();
        let failed = |error| ClientError::Failed(format!("{error} in answer to {question}"));
        self.socket.send(&question).map_err(failed)?;
        loop {
            let text = self.socket.receive().map_err(failed)?;
            let Ok(message) = serde_json::from_str::<Value>(&text) else {
                return Err(ClientError::Output(text));
            };
            match message.get("id") {
                None => self.events.push(message),
                Some(id) if *id == json!(self.last) && message.get("error").is_none() => return Ok(message),
                Some(id) if *id == json!(self.last) => return Err(ClientError::Failed(text)),
                // The answer to a question that was given up.
                Some(_) => {}
            }
        }
    }

    /// What was said without being asked and `is_complaint`, once.
    pub(super) fn complaints(&mut self, is_complaint: impl Fn(&Value) -> bool) -> Vec<String> {
        let events = std::mem::take(&mut self.events);
        let complaints = events.iter().filter(|event| is_complaint(event));
        complaints.map(Value::to_string).collect()
    }
}

/// The text at this place of a message (RFC 6901), if there is one.
pub(super) fn told<'v>(message: &'v Value, pointer: &str) -> Option<&'v str> {
    message.pointer(pointer).and_then(Value::as_str)
}

/// The text at this place of an answer.
pub(super) fn text(answer: &Value, pointer: &str) -> Result<String, ClientError> {
    let found = told(answer, pointer).map(str::to_owned);
    found.ok_or_else(|| ClientError::Output(answer.to_string()))
}
