//! `connection.mode`, `.rules` and `.ladder`: what becomes of a connection before any HTTP.
//!
//! ```json
//! {"connection": {"mode": "enforce", "ladder": {"severe": "close"},
//!                 "rules": [{"name": "tools", "match": {"ja4": "t13i*"}, "unless": {"network": "office"}, "action": "close"}]}}
//! ```

use super::section::Section;
use super::{MODES, ladders, rules};
use crate::policy::Mode;
use crate::policy::connection::{ConnectionPolicy, ConnectionVerdict};

/// Reads what `connection` says of connections. `mode` is that of the whole configuration, which holds where this one has none.
pub(super) fn policy(section: &mut Section<'_>, mode: Mode) -> ConnectionPolicy {
    let verdicts = ConnectionVerdict::ALL.map(|verdict| (verdict.as_str(), verdict));
    let mut ladder = ConnectionPolicy::default().ladder;
    ConnectionPolicy {
        mode: section.choice("mode", &MODES, mode),
        rules: rules::rules(section, &rules::Known::OF_CONNECTIONS, &verdicts),
        ladder: section.section("ladder", |section| {
            ladders::cells(section, &verdicts, &mut ladder);
            ladder
        }),
    }
}
