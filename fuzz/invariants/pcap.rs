//! What holds for any bytes, read as a capture: every packet is read or counted as skipped, every client is counted, and each
//! line is one line.

use layerprint_harness::capture::{self, Checksums};
use serde_json::Map;

pub(crate) fn holds(bytes: &[u8]) {
    for checksums in [Checksums::Check, Checksums::Ignore] {
        let mut shown = 0;
        let report = capture::read(bytes, checksums, |client| {
            shown += 1;
            let line = client.to_string();
            assert!(!line.chars().any(char::is_control), "{line:?} is not one line");
            assert_eq!(client.to_json().as_object().map(Map::len), Some(15));
            assert!(client.fields().iter().all(|(_, value)| *value != Some("")), "{line}");
        });
        if let Ok(report) = report {
            assert_eq!(report.summary.connections, shown);
            assert!(report.summary.skipped_count() <= report.summary.packets);
        }
    }
}
