//! One client that is two systems: a browser of Windows from TLS up, the machine under it Linux. One line shows both.

use layerprint_harness::clients::Client;
use layerprint_harness::repo;
use serde_json::{Value, json};

use crate::net::{NAMES, Network, check};
use crate::site::{Site, TLS, can_run, network_availability, parts, wait_for};

/// JA4 of Chrome since 124 on every system, but for part c, which GREASE and its versions change.
const CHROME_JA4: &str = "t13d1516h2_8daaf6152771_";
const CHROME_H2: &str = "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p";

#[test]
fn chrome_on_windows_from_this_linux_is_chrome_above_and_linux_below_in_one_line() {
    let test = "chrome_on_windows_from_this_linux_is_chrome_above_and_linux_below_in_one_line";
    let impersonator = Client::impersonate("chrome131").availability();
    if !can_run(test, [network_availability(), impersonator]) {
        return;
    }
    let mut site = Site::open(test, Network::direct());
    for (n, name) in NAMES.into_iter().enumerate() {
        let mut python = site.network.client.command(repo::venv().join("bin/python"));
        python.arg(repo::root().join("test-harness/clients/curl_cffi_client.py"));
        // Chrome on macOS is what curl_cffi claims to be unless it is told.
        let agent = format!("user-agent: {}", layerprint_harness::clients::CHROME_ON_WINDOWS);
        let platform = "sec-ch-ua-platform: \"Windows\"";
        python.args(["chrome131", &format!("https://{name}:{TLS}/"), "", &agent, platform]);
        let reply: Value = serde_json::from_str(&check(&mut python)).unwrap();
        assert_eq!((&reply["status"], &reply["protocol"]), (&json!(200), &json!("HTTP/2")));

        let log = site.lab.stack.access_log();
        let line = wait_for(&site.lab, || log.lines().unwrap().get(n).cloned());
        let client = line["client"].as_str().unwrap().parse().unwrap();
        let line = &line["layerprint"];

        assert_eq!((&line["protocol"], &line["sni"]), (&json!("HTTP/2"), &json!(name)));
        assert_eq!(line["tls_source"], "filter-state", "from the hello itself: {line:#}");
        assert!(line["ja4"].as_str().unwrap().starts_with(CHROME_JA4), "{line:#}");
        assert_eq!(line["h2"], CHROME_H2);
        let claimed = &line["user_agent"];
        assert_eq!(
            (&claimed["product"], &claimed["platform"], &line["hint_platform"]),
            (&json!("chrome"), &json!("windows"), &json!("windows"))
        );

        let tcp = parts(&line["tcp"]);
        assert_eq!((tcp[1], tcp[5]), ("64+0", "mss,sok,ts,nop,ws"), "Linux: {tcp:?}");
        assert_eq!(line["hops"], 0);
        let id: Vec<_> = line["id"].as_str().unwrap().split('_').collect();
        assert!(!id.contains(&"000000000000"), "all three parts: {id:?}");
        site.assert_the_syn_is_that_on_the_wire(client, TLS);
    }
}
