//! Questions and answers in JSON over a WebSocket; what is said between without being asked is kept.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::clients::ClientError;

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long is listened before it is looked at the clock.
const LISTEN: Duration = Duration::from_secs(1);

/// The far end of a browser.
#[derive(Debug)]
pub(super) struct Socket {
    socket: WebSocket<TcpStream>,
    last: u64,
    events: Vec<Value>,
}

impl Socket {
    /// Connects to `ws://ADDRESS:PORT/PATH`.
    pub(super) fn connect(url: &str) -> Result<Self, ClientError> {
        let address = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(address).map_err(ClientError::Start)?;
        stream.set_nodelay(true).map_err(ClientError::Start)?;
        let (socket, _) = tungstenite::client(url, stream).map_err(failed)?;
        socket
            .get_ref()
            .set_read_timeout(Some(LISTEN))
            .map_err(ClientError::Start)?;
        Ok(Self {
            socket,
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
        let text = question.to_string();
        self.socket.send(Message::text(text.clone())).map_err(failed)?;
        let asked = Instant::now();
        while asked.elapsed() < ANSWER_WITHIN {
            let Some(message) = self.listen()? else { continue };
            match message.get("id") {
                None => self.events.push(message),
                Some(id) if *id == json!(self.last) => {
                    return match message.get("error") {
                        None => Ok(message),
                        Some(_) => Err(ClientError::Failed(message.to_string())),
                    };
                }
                Some(_) => {}
            }
        }
        Err(ClientError::Failed(format!("no answer to {text}")))
    }

    /// What was said without being asked, once.
    pub(super) fn events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    fn listen(&mut self) -> Result<Option<Value>, ClientError> {
        use std::io::ErrorKind::{TimedOut, WouldBlock};
        match self.socket.read() {
            Ok(Message::Text(text)) => {
                let parsed = serde_json::from_str(&text);
                parsed.map(Some).map_err(|_| ClientError::Output(text.to_string()))
            }
            Ok(_) => Ok(None),
            Err(tungstenite::Error::Io(error)) if matches!(error.kind(), TimedOut | WouldBlock) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

fn failed(error: impl std::fmt::Display) -> ClientError {
    ClientError::Failed(error.to_string())
}
