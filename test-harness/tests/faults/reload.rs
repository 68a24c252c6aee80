//! Another configuration, again and again, while clients ask.

use std::thread;
use std::time::Duration;

use layerprint_harness::availability::require_or_skip;
use layerprint_harness::clients::{Client, CurlHttp};
use layerprint_harness::stack::{Stack, StackOptions, WatchedListeners};

use crate::load::Load;
use crate::look::{stat, traps, wait};

/// Configurations, one after another, and in between new VMs.
const TIMES: u64 = 6;

#[test]
fn another_configuration_under_load_costs_no_request() {
    let test = "another_configuration_under_load_costs_no_request";
    let curl = Client::Curl(CurlHttp::Http2);
    if !require_or_skip(test, [Stack::availability(), curl.availability()]) {
        return;
    }
    let mut listeners = WatchedListeners::new("reload").unwrap();
    let options = StackOptions::new(test)
        .filter(serde_json::json!({}))
        .edit(listeners.edit())
        // Connections of the old one are told to end with their next answer, and are cut when this is over.
        .arguments(["--drain-strategy", "immediate", "--drain-time-s", "4"]);
    let stack = Stack::start(options).unwrap();
    let load = Load::begin(&stack);
    for time in 1..=TIMES {
        let updated = || stat(&stack, |name| name == "listener_manager.lds.update_success");
        let before = updated();
        if time % 3 == 0 {
            listeners.renew_vms().unwrap();
        } else {
            let text = format!(r#"{{"challenge":false,"mode":"enforce","limits":{{"retry_after_s":{time}}}}}"#);
            listeners.set_filter(&text).unwrap();
        }
        wait(&stack, "the update was not taken", || updated() > before);
        let answered = load.answered();
        wait(&stack, "nobody is answered", || load.answered() > answered + 200);
    }
    // The last ones of the old are closed.
    thread::sleep(Duration::from_millis(4_500));
    let (answered, failures) = load.end();
    println!("{TIMES} configurations, {answered} requests answered");
    assert_eq!(failures, [""; 0], "of {answered}");
    assert_eq!(stat(&stack, |name| name == "http.ingress.downstream_rq_5xx"), 0);
    assert_eq!(traps(&stack), 0);
    assert_eq!(stat(&stack, |name| name.ends_with("update_rejected")), 0);
}
