//! The only folder that names `proxy_wasm`: everything that touches Envoy is here.

proxy_wasm::main! {{
    proxy_wasm::set_log_level(proxy_wasm::types::LogLevel::Info);
}}
