//! What becomes of requests that do not simply pass, on the stand-in proxy, whose clock the tests set; and the same of those that
//! wait on the host harness, where a context can be gone.

use super::native::{Proxy, plugin};
use super::scenario::Fields;
use super::wasm::{map, module};
use layerprint::annotate::answer::GrpcStatus;
use layerprint::host::RequestId;
use layerprint::proxy::held::TICK;
use layerprint::proxy::plugin::Plugin;
use layerprint::proxy::request::{Outcome, RequestRole};
use layerprint_harness::host::{self, Action, Connection, Exchange};
use std::rc::Rc;
use std::time::Duration;

/// Rules that force each verdict by the path.
fn configuration(mode: &str, others: &str) -> String {
    let rules: Vec<_> = ["log", "review", "slow", "challenge", "limit", "block"]
        .iter()
        .map(|action| format!(r#"{{"name":"to-{action}","match":{{"path":"/{action}*"}},"action":"{action}"}}"#))
        .collect();
    format!(
        r#"{{"mode":"{mode}","challenge":false,"rules":[{}],"limits":{{"slow":{{"delay_ms":300,"held":3}},"retry_after_s":7}}{others}}}"#,
        rules.join(",")
    )
}

fn get(path: &str, others: &[(&str, &str)]) -> Fields {
    let own = [(":method", "GET"), (":path", path)];
    let all = own.iter().chain(others);
    all.map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
        .collect()
}

fn start(mode: &str) -> (Proxy, Rc<Plugin>) {
    let proxy = Proxy::cleartext("HTTP/2");
    proxy.clock.set(Duration::from_secs(1_000_000));
    let plugin = plugin(&proxy, &configuration(mode, ""));
    (proxy, plugin)
}

fn slow(proxy: &Proxy, plugin: &Rc<Plugin>, id: u32) -> (RequestRole, Outcome) {
    proxy.begin(plugin, RequestId(id), &get("/slow", &[]))
}

fn pass(proxy: &Proxy, plugin: &Plugin, by: Duration) {
    proxy.clock.set(proxy.clock.get() + by);
    plugin.on_tick(proxy);
}

#[test]
fn in_observe_mode_every_request_passes_and_is_counted_as_what_it_would_have_been() {
    let (proxy, plugin) = start("observe");
    for verdict in ["log", "review", "slow", "challenge", "limit", "block"] {
        assert_eq!(
            proxy.request(&plugin, &get(&format!("/{verdict}"), &[])),
            Outcome::Continue
        );
        assert_eq!(proxy.line()["verdict"], verdict);
        let counted = format!("layerprint.decisions.route.default.reason.rule.verdict.{verdict}.mode.observe");
        assert_eq!(proxy.counter_of(&counted), 1, "{counted}");
    }
    assert_eq!(proxy.request(&plugin, &get("/", &[])), Outcome::Continue);
    assert_eq!(proxy.answers.borrow().len() + proxy.grpc_answers.borrow().len(), 0);
    assert_eq!(proxy.counter_of("layerprint.slowed"), 0);
    assert_eq!(proxy.ticks.get(), None);
}

#[test]
fn a_request_that_is_blocked_is_answered_and_has_its_line_all_the_same() {
    let (proxy, plugin) = start("enforce");
    let outcome = proxy.request(&plugin, &get("/block", &[("accept", "text/html")]));
    assert_eq!(
        (outcome, proxy.answers.borrow().as_slice()),
        (Outcome::Answered, &[403][..])
    );
    assert!(proxy.told.borrow().1.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(proxy.line()["verdict"], "block");
    let counted = "layerprint.decisions.route.default.reason.rule.verdict.block.mode.enforce";
    assert_eq!(proxy.counter_of(counted), 1);
}

#[test]
fn a_grpc_request_over_the_limit_gets_a_grpc_status() {
    let (proxy, plugin) = start("enforce");
    let outcome = proxy.request(&plugin, &get("/limit", &[("content-type", "application/grpc")]));
    assert_eq!(outcome, Outcome::Answered);
    assert_eq!(*proxy.grpc_answers.borrow(), [GrpcStatus::ResourceExhausted]);
    assert_eq!(
        proxy.told.borrow().0,
        [("grpc-retry-pushback-ms".to_owned(), b"7000".to_vec())]
    );
}

#[test]
fn a_request_for_review_is_marked_whatever_the_configuration_leaves_out() {
    let verdict = |mode: &str, headers: &str| {
        let proxy = Proxy::cleartext("HTTP/2");
        let others = format!(r#","annotate":{{"headers":[{headers}]}}"#);
        let plugin = plugin(&proxy, &configuration(mode, &others));
        assert_eq!(proxy.request(&plugin, &get("/review", &[])), Outcome::Continue);
        let headers = proxy.headers.borrow();
        let mut of_name = headers.iter().filter(|(name, _)| name == "x-layerprint-verdict");
        let value = of_name
            .next()
            .map(|(_, value)| String::from_utf8(value.clone()).unwrap());
        assert!(of_name.next().is_none(), "once");
        value
    };
    for headers in ["", r#""id""#, r#""id","verdict""#] {
        let value = verdict("enforce", headers).unwrap();
        assert!(value.starts_with("review;mode=enforce;"), "{value}");
    }
    assert_eq!(verdict("observe", ""), None);
}

#[test]
fn a_slowed_request_goes_on_at_the_first_tick_after_its_delay() {
    let (proxy, plugin) = start("enforce");
    let (_role, outcome) = slow(&proxy, &plugin, 5);
    assert_eq!((outcome, proxy.ticks.get()), (Outcome::Held, Some(TICK)));
    pass(&proxy, &plugin, Duration::from_millis(299));
    assert_eq!(proxy.resumed.borrow().len(), 0);
    pass(&proxy, &plugin, Duration::from_millis(1));
    assert_eq!(*proxy.resumed.borrow(), [RequestId(5)]);
    assert_eq!(proxy.ticks.get(), None, "nothing waits, nothing ticks");
    assert_eq!(proxy.counter_of("layerprint.slowed"), 1);
}

#[test]
fn slowed_requests_go_on_in_the_order_of_their_deadlines_and_others_are_not_held() {
    let (proxy, plugin) = start("enforce");
    let _first = slow(&proxy, &plugin, 9);
    proxy.clock.set(proxy.clock.get() + Duration::from_millis(100));
    let _second = slow(&proxy, &plugin, 2);
    assert_eq!(proxy.request(&plugin, &get("/", &[])), Outcome::Continue);
    pass(&proxy, &plugin, Duration::from_millis(200));
    assert_eq!(*proxy.resumed.borrow(), [RequestId(9)]);
    assert_eq!(proxy.ticks.get(), Some(TICK));
    pass(&proxy, &plugin, Duration::from_millis(100));
    assert_eq!(*proxy.resumed.borrow(), [RequestId(9), RequestId(2)]);
    assert_eq!(proxy.ticks.get(), None);
}

#[test]
fn one_more_than_may_wait_goes_on_at_once() {
    let (proxy, plugin) = start("enforce");
    let held: Vec<_> = (1..=4).map(|id| slow(&proxy, &plugin, id)).collect();
    let outcomes: Vec<_> = held.iter().map(|(_, outcome)| *outcome).collect();
    use Outcome::{Continue, Held};
    assert_eq!(outcomes, [Held, Held, Held, Continue]);
    assert_eq!(proxy.counter_of("layerprint.slowed"), 3);
    assert_eq!(proxy.counter_of("layerprint.slow_overflow"), 1);
}

#[test]
fn a_request_that_ends_while_it_waits_leaves_the_queue() {
    let (proxy, plugin) = start("enforce");
    let (gone, _) = slow(&proxy, &plugin, 1);
    let (_stays, _) = slow(&proxy, &plugin, 2);
    drop(gone);
    assert_eq!(plugin.held.len(), 1);
    pass(&proxy, &plugin, Duration::from_secs(1));
    assert_eq!(*proxy.resumed.borrow(), [RequestId(2)]);
}

/// It would not be asked for; should the proxy forget one without a word, the others go on.
#[test]
fn a_request_that_the_proxy_does_not_know_any_more_is_passed_over() {
    let (proxy, plugin) = start("enforce");
    let _held: Vec<_> = (1..=3).map(|id| slow(&proxy, &plugin, id)).collect();
    proxy.gone.borrow_mut().insert(RequestId(2));
    pass(&proxy, &plugin, Duration::from_secs(1));
    assert_eq!(*proxy.resumed.borrow(), [RequestId(1), RequestId(3)]);
    assert!(plugin.held.is_empty());
}

#[test]
fn a_clock_that_is_set_back_or_fails_holds_nobody_for_longer() {
    for fails in [false, true] {
        let (proxy, plugin) = start("enforce");
        let _held = slow(&proxy, &plugin, 1);
        proxy.no_clock.set(fails);
        proxy.clock.set(Duration::from_secs(10));
        plugin.on_tick(&proxy);
        assert_eq!(*proxy.resumed.borrow(), [RequestId(1)]);
    }
}

#[test]
fn a_proxy_without_clock_or_ticks_lets_slowed_requests_go_on_at_once() {
    for (no_clock, no_ticks) in [(true, false), (false, true)] {
        let (proxy, plugin) = start("enforce");
        proxy.no_clock.set(no_clock);
        proxy.no_ticks.set(no_ticks);
        let (_role, outcome) = slow(&proxy, &plugin, 1);
        assert_eq!(outcome, Outcome::Continue);
        assert_eq!(proxy.counter_of("layerprint.slow_overflow"), 1);
    }
}

/// The module on the host harness, with a request role that enforces.
struct InWasm {
    proxy: host::Proxy,
    vm: host::Vm,
    role: host::Role,
}

impl InWasm {
    fn start() -> Self {
        let proxy = host::Proxy::new();
        let vm = proxy.vm(module(), "layerprint").unwrap();
        let plugin = host::Plugin::new("request").configuration(configuration("enforce", ""));
        let role = vm.start(plugin).unwrap();
        Self { proxy, vm, role }
    }

    fn request(&self, fields: &Fields) -> Exchange {
        let client = self.proxy.accept(Connection::plain());
        self.vm.request(&self.role, &client, map(fields)).unwrap()
    }
}

#[test]
fn in_wasm_a_slowed_request_waits_and_its_body_and_trailers_follow() {
    let filter = InWasm::start();
    let client = filter.proxy.accept(Connection::plain());
    let post: host::Message = map(&get("/slow", &[])).then_body();
    let exchange = filter.vm.request(&filter.role, &client, post).unwrap();
    assert_eq!(filter.role.tick_period(), Some(TICK));
    assert!(exchange.body("early").is_err(), "the proxy keeps it");
    filter.vm.elapse(Duration::from_millis(319)).unwrap();
    assert_eq!(filter.role.tick_period(), None);
    assert_eq!(exchange.body_part("a=b").unwrap(), Action::Continue);
    let trailers = host::headers(&[("x-layerprint-id", "1"), ("x-own", "2")]);
    exchange.trailers(trailers).unwrap();
    assert_eq!(exchange.upstream_body(), b"a=b");
    assert_eq!(exchange.upstream_trailers().unwrap().names(), ["x-own"]);
}

#[test]
fn in_wasm_a_context_that_is_gone_is_not_resumed() {
    let filter = InWasm::start();
    let gone = filter.request(&get("/slow", &[]));
    let stays = filter.request(&get("/slow", &[]));
    assert!(gone.is_paused() && stays.is_paused());
    gone.finish().unwrap();
    filter.vm.elapse(Duration::from_secs(1)).unwrap();
    assert!(filter.vm.is_alive());
    assert_eq!(filter.role.tick_period(), None);
    assert!(!stays.is_paused());
}

#[test]
fn in_wasm_a_blocked_request_is_answered_here_with_its_line_written() {
    let filter = InWasm::start();
    let blocked = filter.request(&get("/block", &[("accept", "text/html")]));
    let reply = blocked.local_reply().unwrap();
    assert_eq!((reply.status, reply.grpc_status), (403, None));
    assert!(reply.body.starts_with(b"<!DOCTYPE html>"));
    let line = blocked.filter_state("wasm.layerprint").unwrap();
    assert!(String::from_utf8(line).unwrap().contains(r#""verdict":"block""#));
    let limited = filter.request(&get("/limit", &[("content-type", "application/grpc")]));
    let reply = limited.local_reply().unwrap();
    assert_eq!((reply.status, reply.grpc_status), (200, Some(8)));
    let seen = limited.downstream_headers();
    let first = |name: &str| String::from_utf8(seen.first(name).unwrap_or_default().to_vec()).unwrap();
    assert_eq!(
        [first(":status"), first("content-type"), first("grpc-status")],
        ["200", "application/grpc", "8"]
    );
    assert_eq!(first("grpc-message"), "Too many requests");
    assert_eq!(limited.downstream_body(), b"");
}
