//! A filter that does nothing, made with the SDK that layerprint is made with. Envoy calls it in each phase of a request, as it calls
//! every filter made so; what that costs is the least that a WebAssembly filter can cost, and what layerprint is held against.

#![allow(missing_docs, reason = "the SDK's macro makes an entry point without any")]

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::ContextType;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Plugin));
}}

struct Plugin;

struct Request;

impl Context for Plugin {}

impl RootContext for Plugin {
    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Request))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

impl Context for Request {}

impl HttpContext for Request {}
