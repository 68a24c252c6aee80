//! Programs of the command line that are no curl.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::{ClientError, FORM, Reply, Request, body, inside, run};
use crate::availability::Availability;
use crate::repo;

/// Whether this program can be started with this option.
pub(super) fn availability(program: &str, option: &str) -> Availability {
    match run(Command::new(program).arg(option)) {
        Ok(_) => Availability::Here,
        Err(ClientError::Start(_)) => Availability::missing(format!("{program} is not installed")),
        Err(error) => Availability::missing(format!("{program} {error}")),
    }
}

pub(super) fn wget(request: &Request<'_>) -> Result<Reply, ClientError> {
    let mut wget = Command::new("wget");
    wget.args([
        "--no-config",
        "-q",
        "-O",
        "-",
        "--save-headers",
        "--no-check-certificate",
    ]);
    wget.args(["--tries=1", "--timeout=10", "--no-hsts", "--content-on-error"]);
    for (name, value) in request.headers {
        // Given as a header, a User-Agent would be sent besides wget's own.
        wget.arg(if name.eq_ignore_ascii_case("user-agent") {
            format!("--user-agent={value}")
        } else {
            format!("--header={name}: {value}")
        });
    }
    if let Some(form) = request.form {
        wget.arg(format!("--post-data={form}"));
    }
    wget.arg("--").arg(request.url);
    let output = run(&mut inside(request.namespace, wget))?;
    parse_wget(&output).ok_or(ClientError::Output(output))
}

/// The head of the answer, an empty line, the body.
fn parse_wget(output: &str) -> Option<Reply> {
    let (head, text) = output.split_once("\r\n\r\n")?;
    let mut words = head.split_whitespace();
    let protocol = words.next()?.to_owned();
    Some(Reply {
        protocol,
        status: words.next()?.parse().ok()?,
        body: body(text),
    })
}

pub(super) fn h2load(request: &Request<'_>) -> Result<Reply, ClientError> {
    let mut h2load = Command::new("h2load");
    h2load.args(["-n", "1", "-c", "1", "-m", "1", "-T", "10"]);
    for (name, value) in request.headers {
        h2load.args(["-H", &format!("{name}: {value}")]);
    }
    // It takes a body from a file alone.
    let file = request.form.map(FormFile::with).transpose()?;
    if let Some(file) = &file {
        h2load.args(["-H", &format!("content-type: {FORM}"), "-d"]).arg(&file.0);
    }
    h2load.arg(request.url);
    parse_h2load(&run(&mut inside(request.namespace, h2load))?)
}

/// It counts answers by class and tells no more of them.
fn parse_h2load(output: &str) -> Result<Reply, ClientError> {
    let counts = output.lines().find_map(|line| line.strip_prefix("status codes: "));
    let of_class = |class: &str| counts.is_some_and(|counts| counts.contains(&format!("1 {class}")));
    let status = [("2xx", 200), ("3xx", 300), ("4xx", 400), ("5xx", 500)];
    let status = status.into_iter().find(|(class, _)| of_class(class));
    let (_, status) = status.ok_or_else(|| ClientError::Output(output.to_owned()))?;
    Ok(Reply {
        status,
        protocol: "HTTP/2".to_owned(),
        body: Value::Null,
    })
}

/// A form in a file. Gone when dropped.
struct FormFile(std::path::PathBuf);

impl FormFile {
    fn with(form: &str) -> Result<Self, ClientError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = repo::run_directory().join("clients");
        let path = folder.join(format!("form-{}-{n}", std::process::id()));
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(&path, form))
            .map_err(ClientError::Start)?;
        Ok(Self(path))
    }
}

impl Drop for FormFile {
    fn drop(&mut self) {
        // What cannot be removed is a small file in an ignored directory.
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wget_shows_the_head_of_the_answer_before_its_body() {
        let output = "HTTP/1.1 404 Not Found\r\nserver: envoy\r\n\r\n{\"path\":\"/\"}";
        let expected = Reply {
            status: 404,
            protocol: "HTTP/1.1".to_owned(),
            body: serde_json::json!({ "path": "/" }),
        };
        assert_eq!(parse_wget(output).unwrap(), expected);
        assert_eq!(parse_wget("wget: nothing"), None);
    }

    #[test]
    fn h2load_counts_the_classes_of_answers() {
        let text = "finished\nstatus codes: 0 2xx, 0 3xx, 1 4xx, 0 5xx\n";
        assert_eq!(parse_h2load(text).unwrap().status, 400);
        assert!(parse_h2load("status codes: 0 2xx, 0 3xx, 0 4xx, 0 5xx").is_err());
    }
}
