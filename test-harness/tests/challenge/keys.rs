//! Where the keys come from, and that nobody gets to see them: neither in Envoy's log, nor in the access log, the metrics, filter state, nor in
//! what clients and the upstream get. What Envoy itself shows of its configuration is another matter.

use crate::agent::{self, Agent};
use crate::{KEY, OTHER_KEY, can_run, configuration, stat};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use layerprint_harness::availability::require_or_skip;
use layerprint_harness::stack::config::with_variables;
use layerprint_harness::stack::{self, CHALLENGE, CHALLENGE_KEY, Stack, StackError, StackOptions};
use serde_json::{Value, json};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// The site of the other tests, with its key from the variable.
fn with_key_from_variable() -> Value {
    configuration(&json!({ "keys": [{ "env": CHALLENGE_KEY }] }))
}

/// Every VM is handed the variable that Envoy has.
fn by_name(config: &mut Value) {
    with_variables(config, &json!({ "host_env_keys": [CHALLENGE_KEY] }));
}

fn options(test: &str) -> StackOptions {
    StackOptions::new(test).filter(with_key_from_variable()).edit(by_name)
}

/// Every way to write `key` that somebody could make out.
fn forms(key: &str) -> Vec<String> {
    let bytes = BASE64_STANDARD.decode(key).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<_> = bytes.iter().take(6).map(ToString::to_string).collect();
    vec![
        key[..20].to_owned(),
        key[20..40].to_owned(),
        hex[..20].to_owned(),
        numbers.join(", "),
    ]
}

fn shows(text: &str, key: &str) -> bool {
    forms(key).iter().any(|form| text.contains(form.as_str()))
}

/// Asserts that neither what Envoy has logged and counted, nor what clients and the upstream got, shows the key.
fn nobody_sees(stack: &Stack, key: &str) {
    let agent = Agent::new(stack);
    let page = agent.get("/guarded");
    let wrong = agent.answer("x");
    let program = agent.as_program().get("/guarded");
    let through = agent.with_clearance(&agent.pass("/guarded")).get("/guarded");
    assert!(through.is_upstreams(), "{through:?}");
    for told in [&page, &wrong, &program, &through] {
        assert!(!shows(&format!("{told:?}"), key), "{told:?}");
    }
    let lines = stack.access_log().wait_for(6, SOON).unwrap();
    assert!(
        lines.iter().any(|line| line["layerprint"]["verdict"] == "challenge"),
        "{lines:?}"
    );
    assert!(!shows(&Value::from(lines).to_string(), key));
    assert!(!shows(&stack.envoy_log(), key), "{}", stack.envoy_log_tail());
    for path in ["/stats", "/stats/prometheus", "/clusters", "/listeners", "/server_info"] {
        assert!(!shows(&stack.admin().get(path).unwrap(), key), "{path}");
    }
}

#[test]
fn a_key_from_envoys_environment_signs_and_is_shown_nowhere() {
    let test = "a_key_from_envoys_environment_signs_and_is_shown_nowhere";
    if !can_run(test, []) {
        return;
    }
    let stack = Stack::start(options(test).variable(CHALLENGE_KEY, KEY)).unwrap();
    nobody_sees(&stack, KEY);
    assert!(!shows(&stack.admin().get("/config_dump").unwrap(), KEY));
    assert!(!shows(&stack.admin().get("/init_dump").unwrap(), KEY));

    // It is that key: what it has signed is believed by whoever has it, and by nobody else.
    let cleared = Agent::new(&stack).pass("/guarded");
    let same =
        Stack::start(StackOptions::new(test).filter(configuration(&json!({ "keys": [OTHER_KEY, KEY] })))).unwrap();
    assert!(
        Agent::new(&same)
            .with_clearance(&cleared)
            .get("/guarded")
            .is_upstreams()
    );
    let other = Stack::start(options(test).variable(CHALLENGE_KEY, OTHER_KEY)).unwrap();
    assert_eq!(Agent::new(&other).with_clearance(&cleared).get("/guarded").status, 403);
    assert_eq!(stat(&other, "clearances.state.unknown-key"), 1);
}

/// Envoy's dump of its configuration shows what stands in it.
#[test]
fn a_key_in_the_configuration_is_shown_by_envoys_dump_of_it_and_nowhere_else() {
    let test = "a_key_in_the_configuration_is_shown_by_envoys_dump_of_it_and_nowhere_else";
    if !can_run(test, []) {
        return;
    }
    let written = Stack::start(StackOptions::new(test).filter(configuration(&json!({})))).unwrap();
    nobody_sees(&written, KEY);
    assert!(shows(&written.admin().get("/config_dump").unwrap(), KEY));

    let values = |config: &mut Value| with_variables(config, &json!({ "key_values": { CHALLENGE_KEY: KEY } }));
    let options = StackOptions::new(test).filter(with_key_from_variable()).edit(values);
    let given = Stack::start(options).unwrap();
    nobody_sees(&given, KEY);
    assert!(shows(&given.admin().get("/config_dump").unwrap(), KEY));
}

/// Starts what is not to start; what Envoy said.
fn refused(options: StackOptions) -> String {
    match Stack::start(options) {
        Err(StackError::EnvoyRefused { log, .. }) => log,
        Err(error) => panic!("{error}"),
        Ok(stack) => panic!("it serves: {}", stack.envoy_log_tail()),
    }
}

#[test]
fn without_its_variable_or_with_a_weak_key_in_it_the_configuration_is_refused() {
    let test = "without_its_variable_or_with_a_weak_key_in_it_the_configuration_is_refused";
    if !can_run(test, []) {
        return;
    }
    let missing = "challenge.keys[0]: the variable LAYERPRINT_CHALLENGE_KEY is not set; accepted: a variable of the VM: \
        environment_variables in its vm_config, the same in both filters";
    // Envoy does not have it, or does not hand it on.
    let kept = StackOptions::new(test)
        .filter(with_key_from_variable())
        .variable(CHALLENGE_KEY, KEY);
    for options in [options(test), kept] {
        let log = refused(options);
        assert!(log.contains(missing), "{log}");
        assert!(!shows(&log, KEY), "{log}");
    }
    let weak = &BASE64_STANDARD.encode(&BASE64_STANDARD.decode(KEY).unwrap()[..31]);
    for (key, told) in [
        (weak.as_str(), "has 31 bytes, which is too short"),
        ("", "has 0 bytes"),
        ("rB3VQmzqQW5o8zq0t1P2!", "is no base64"),
    ] {
        let log = refused(options(test).variable(CHALLENGE_KEY, key));
        let told = format!("challenge.keys[0]: the key in the variable LAYERPRINT_CHALLENGE_KEY {told}");
        assert!(log.contains(&told), "{log}");
        assert!(!shows(&log, KEY), "{log}");
    }
    let none = refused(StackOptions::new(test).filter(json!({ "ladders": { "login": { "mode": "enforce" } } })));
    let told = "challenge.keys: is missing, and ladders.login.conflict.high challenges on the route login; accepted: one or two keys";
    assert!(none.contains(told), "{none}");
}

#[test]
fn the_shipped_configuration_is_valid_with_a_key_and_refused_without() {
    let test = "the_shipped_configuration_is_valid_with_a_key_and_refused_without";
    if !require_or_skip(test, [Stack::shipped_availability()]) {
        return;
    }
    stack::validate(CHALLENGE, &[(CHALLENGE_KEY, KEY)]).unwrap();
    let refused = stack::validate(CHALLENGE, &[]).unwrap_err().to_string();
    assert!(
        refused.contains("the variable LAYERPRINT_CHALLENGE_KEY is not set"),
        "{refused}"
    );
}

#[test]
fn the_shipped_configuration_challenges_who_logs_in_too_often() {
    let test = "the_shipped_configuration_challenges_who_logs_in_too_often";
    if !require_or_skip(test, [Stack::availability(), agent::availability()]) {
        return;
    }
    let options = StackOptions::new(test)
        .with_listeners_of(CHALLENGE)
        .variable(CHALLENGE_KEY, KEY);
    let stack = Stack::start(options).unwrap();
    let agent = Agent::new(&stack).at(stack.admin().listener("challenge").unwrap().port());
    let statuses: Vec<_> = (0..25).map(|_| agent.get("/login").status).collect();
    assert_eq!(statuses, [[200; 20].as_slice(), &[403; 5]].concat());
    assert!(agent.get("/").is_upstreams(), "all else passes");
    let cleared = agent.with_clearance(&agent.pass("/login"));
    assert!(cleared.get("/login").is_upstreams());
    assert!(!shows(&stack.admin().get("/config_dump").unwrap(), KEY));
}
