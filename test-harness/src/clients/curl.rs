//! The curl of this machine.

use std::fmt;
use std::process::Command;
use std::sync::OnceLock;

use super::{ClientError, Reply, Request, body, inside, run};
use crate::availability::Availability;

/// What curl prints after the body, on a line of its own.
const EPILOGUE: &str = "\n%{http_code} %{http_version}";

/// Which HTTP curl speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurlHttp {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2, negotiated under TLS.
    Http2,
    /// HTTP/2 on a cleartext connection, without asking (`--http2-prior-knowledge`).
    H2c,
}

impl CurlHttp {
    fn option(self) -> &'static str {
        match self {
            Self::Http1 => "--http1.1",
            Self::Http2 => "--http2",
            Self::H2c => "--http2-prior-knowledge",
        }
    }
}

impl fmt::Display for CurlHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
            Self::H2c => "h2c",
        })
    }
}

pub(super) fn availability(http: CurlHttp) -> Availability {
    static VERSION: OnceLock<Option<String>> = OnceLock::new();
    let version = VERSION.get_or_init(|| run(Command::new("curl").arg("--version")).ok());
    match version {
        None => Availability::missing("curl is not installed"),
        Some(version) if http != CurlHttp::Http1 && !version.contains("HTTP2") => {
            Availability::missing("this curl is built without HTTP/2")
        }
        Some(_) => Availability::Here,
    }
}

pub(super) fn send(http: CurlHttp, agent: Option<&str>, request: &Request<'_>) -> Result<Reply, ClientError> {
    let mut curl = Command::new("curl");
    // -q, first: no ~/.curlrc. -g: no globbing, paths may hold brackets.
    curl.args([
        "-q",
        "-g",
        "-sS",
        "-k",
        "--max-time",
        "10",
        "--path-as-is",
        http.option(),
        "-w",
        EPILOGUE,
    ]);
    if let Some(agent) = agent {
        curl.args(["-A", agent]);
    }
    for (name, value) in request.headers {
        // The form with a semicolon is curl's way to send an empty value.
        let line = if value.is_empty() {
            format!("{name};")
        } else {
            format!("{name}: {value}")
        };
        curl.args(["-H", &line]);
    }
    if let Some(form) = request.form {
        // Its media type is that of a form without asking.
        curl.args(["--data-raw", form]);
    }
    curl.arg("--").arg(request.url);
    parse(&run(&mut inside(request.namespace, curl))?)
}

fn parse(output: &str) -> Result<Reply, ClientError> {
    let reply = || {
        let (text, epilogue) = output.rsplit_once('\n')?;
        let (status, version) = epilogue.split_once(' ')?;
        Some(Reply {
            status: status.parse().ok()?,
            protocol: format!("HTTP/{version}"),
            body: body(text),
        })
    };
    reply().ok_or_else(|| ClientError::Output(output.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_status_and_version() {
        let reply = parse("{\"path\":\"/\"}\n\n200 1.1").unwrap();
        assert_eq!((reply.status, reply.protocol.as_str()), (200, "HTTP/1.1"));
        assert_eq!(reply.body["path"], "/");
        assert!(parse("curl: nothing").is_err());
    }
}
