//! The access log as tests read it: one JSON value for each request, the evidence inside it decoded.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::StackError;

/// How often a waiting reader looks again; Envoy flushes more often than that.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The access log of one stack.
#[derive(Debug)]
pub struct AccessLog {
    path: PathBuf,
}

impl AccessLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The lines so far. `layerprint`, a string of JSON in the file, is an object here.
    pub fn lines(&self) -> Result<Vec<Value>, StackError> {
        // Envoy makes the file with its first line.
        let text = fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        // What follows the last newline is still being written.
        let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
        whole
            .lines()
            .map(|line| decode(line).map_err(|error| StackError::access_log(line, error)))
            .collect()
    }

    /// Waits until there are `n` lines, and gives them all.
    pub fn wait_for(&self, n: usize, within: Duration) -> Result<Vec<Value>, StackError> {
        let start = Instant::now();
        loop {
            let lines = self.lines()?;
            if lines.len() >= n {
                return Ok(lines);
            }
            if start.elapsed() > within {
                return Err(StackError::FewLines {
                    wanted: n,
                    found: lines.len(),
                    within,
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn decode(line: &str) -> Result<Value, serde_json::Error> {
    let mut line: Value = serde_json::from_str(line)?;
    let evidence = line
        .get("layerprint")
        .and_then(Value::as_str)
        .map(serde_json::from_str::<Value>)
        .transpose()?;
    if let (Some(slot), Some(evidence)) = (line.get_mut("layerprint"), evidence) {
        *slot = evidence;
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_is_decoded_and_absent_evidence_stays_null() {
        let line = decode(r#"{"path":"/\"","layerprint":"{\"ja4\":\"t13\"}"}"#).unwrap();
        assert_eq!(line["layerprint"]["ja4"], "t13");
        assert_eq!(line["path"], "/\"");
        assert!(decode(r#"{"layerprint":null}"#).unwrap()["layerprint"].is_null());
    }

    #[test]
    fn a_line_that_is_not_json_is_an_error() {
        assert!(decode(r#"{"path":"/""}"#).is_err());
    }
}
