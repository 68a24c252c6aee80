//! One list of scenarios, three runners: natively on a stand-in proxy, in wasm on the host harness, and in the real Envoy.
//! What holds in one must hold in all; a scenario says only what was sent and what must be seen.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

mod accepted;
mod answers;
mod challenged;
mod envoy;
mod failure;
mod hello;
mod list;
mod native;
mod pressure;
mod replayed;
mod scenario;
mod together;
mod transport;
mod wasm;
mod wire;

/// Runs each scenario natively and in wasm as a test of its own.
macro_rules! run_each {
    ($($name:ident),+ $(,)?) => {
        mod natively {
            $(#[test] fn $name() { super::scenario::check(&super::list::$name(), super::native::run); })+
        }
        mod in_wasm {
            $(#[test] fn $name() { super::scenario::check(&super::list::$name(), super::wasm::run); })+
        }
        /// Every scenario, for the runner that starts one Envoy for them all.
        fn all() -> Vec<scenario::Scenario> {
            vec![$(list::$name()),+]
        }
    };
}

run_each!(
    a_client_over_http2_is_named_by_its_opening,
    a_client_over_http1_is_named_by_its_first_head,
    a_client_over_http10_is_served,
    forged_annotations_over_http1_are_taken_away,
    forged_annotations_over_http2_are_taken_away,
    annotations_that_connection_nominates_survive,
    a_preface_that_comes_byte_by_byte_is_read,
    a_head_that_comes_byte_by_byte_is_read,
    later_requests_of_a_connection_keep_its_fingerprint,
    values_that_are_not_utf8_pass_untouched,
    a_header_of_60_kib_passes,
    five_hundred_headers_over_http1_pass,
    five_hundred_headers_over_http2_pass,
    as_many_settings_as_envoy_takes_are_read,
    ten_thousand_settings_are_evidence_too_large,
    the_headers_that_are_sent_can_be_chosen,
    the_route_its_class_and_its_cost_are_sent_alone_when_asked_for,
    enforcing_is_said_in_the_verdict,
    garbage_brings_no_request,
    a_name_over_http1_that_is_not_utf8_brings_no_request,
    a_name_over_http2_that_is_not_utf8_brings_no_request,
    a_silent_connection_brings_no_request,
    bytes_of_tls_on_a_cleartext_port_bring_no_request,
    a_connection_passed_through_unopened_is_named_by_its_hello,
    a_hello_that_comes_byte_by_byte_is_read,
);

#[test]
fn every_scenario_holds_in_the_real_envoy() {
    envoy::run_all(&all());
}
