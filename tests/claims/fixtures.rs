//! The two data files, read.

const USER_AGENTS: &str = include_str!("../data/user_agents.tsv");
const RECORDED: &str = include_str!("../data/recorded_claims.tsv");

/// One row of `user_agents.tsv`.
pub(crate) struct Row {
    pub(crate) family: &'static str,
    pub(crate) major: Option<u32>,
    pub(crate) platform: &'static str,
    pub(crate) device: &'static str,
    pub(crate) engine: Option<&'static str>,
    pub(crate) source: &'static str,
    pub(crate) user_agent: &'static str,
}

pub(crate) fn rows() -> Vec<Row> {
    let lines = USER_AGENTS.lines().filter(|line| !line.starts_with('#'));
    lines.map(row).collect()
}

fn row(line: &'static str) -> Row {
    let fields: Vec<_> = line.split('\t').collect();
    let [family, major, platform, device, engine, source, user_agent] = fields.try_into().unwrap();
    let stated = |field| (field != "-").then_some(field);
    Row {
        family,
        major: stated(major).map(|major| major.parse().unwrap()),
        platform,
        device,
        engine: stated(engine),
        source,
        user_agent,
    }
}

/// A request's headers.
pub(crate) type Headers = Vec<(&'static str, &'static [u8])>;

/// The headers of each recorded client, in the order that they came.
pub(crate) fn recorded() -> Vec<(&'static str, Headers)> {
    let mut clients: Vec<(_, Headers)> = Vec::new();
    for line in RECORDED.lines() {
        let fields: Vec<_> = line.split('\t').collect();
        let [client, name, value] = fields.try_into().unwrap();
        if clients.last().is_none_or(|(last, _)| *last != client) {
            clients.push((client, Vec::new()));
        }
        clients.last_mut().unwrap().1.push((name, value.as_bytes()));
    }
    clients
}
