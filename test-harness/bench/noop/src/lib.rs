//! A filter that does nothing, made with the SDK that layerprint is made with. Envoy calls it in each phase of a request, as it calls
//! every filter made so; what that costs is the least that a WebAssembly filter can cost, and what layerprint is held against.
//!
//! Configured with `{"calls":true}` it makes, with constant values, the calls to the proxy that layerprint makes with `{}` for a later
//! request of a connection: what those cost is the least that such a filter can cost, whatever it computes.

#![allow(missing_docs, reason = "the SDK's macro makes an entry point without any")]

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, MapType, MetricType, Status};

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Plugin { counter: None }));
}}

/// As long as Chromium's is with `{}`.
static LINE: [u8; 2000] = [b'x'; 2000];

const HEADERS: [(&str, &[u8]); 5] = [
    (
        "x-layerprint-verdict",
        b"allow;mode=observe;agreement=partial;confidence=0.00;l4=0;l7=0;route=default;class=page",
    ),
    (
        "x-layerprint-id",
        b"lp1_0123456789ab_0123456789ab_0123456789ab_0123456789ab",
    ),
    ("x-layerprint-ja4", b"t13d1516h2_8daaf6152771_02713d6af862"),
    ("x-layerprint-h2", b"1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p"),
    (
        "x-layerprint-tcp",
        b"4:64+0:0:65495:mss*10,7:mss,sok,ts,nop,ws:df,id+:0",
    ),
];

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
}

struct Plugin {
    /// What is counted, when calls are made.
    counter: Option<u32>,
}

struct Request {
    counter: Option<u32>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _: usize) -> bool {
        let configuration = self.get_plugin_configuration().unwrap_or_default();
        if configuration.windows(5).any(|word| word == b"calls") {
            self.counter = hostcalls::define_metric(MetricType::Counter, "noop.requests").ok();
        }
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request { counter: self.counter }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Request {}

impl HttpContext for Request {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if let Some(counter) = self.counter {
            // What fails shows in the answer that the bench looks at.
            let _ = call(counter);
        }
        Action::Continue
    }
}

fn call(counter: u32) -> Result<(), Status> {
    let (mut data, mut size) = (core::ptr::null_mut(), 0);
    // SAFETY: both places can be written to; the proxy hands out memory that it had the SDK allocate with this size.
    unsafe {
        if proxy_get_header_map_pairs(0, &raw mut data, &raw mut size) == 0 && !data.is_null() {
            drop(Vec::from_raw_parts(data, size, size));
        }
    }
    hostcalls::get_property(vec!["connection", "id"])?;
    hostcalls::get_current_time()?;
    for (name, value) in HEADERS {
        hostcalls::add_map_value_bytes(MapType::HttpRequestHeaders, name, value)?;
    }
    hostcalls::set_property(vec!["noop"], Some(&LINE))?;
    hostcalls::increment_metric(counter, 1)
}
