//! What stands in the filter's place in two variants: a Lua script that sets the same headers, and a service that is asked.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// What the script writes: constants of the length that the filter's own values have here. Lua sees no more of a connection than
/// headers, and so has nothing to look up.
const LUA: &str = r#"function envoy_on_request(handle)
  local headers = handle:headers()
  headers:replace("x-layerprint-verdict", "allow;mode=observe;agreement=partial;confidence=0.50;l4=0;l7=0;route=default;class=page")
  headers:replace("x-layerprint-reasons", "none;layer=7;weight=0")
  headers:replace("x-layerprint-id", "lp1_000000000000_0123456789ab_0123456789ab")
  headers:replace("x-layerprint-ja4", "t13d1516h2_8daaf6152771_02713d6af862")
  headers:replace("x-layerprint-h2", "1:65536;2:0;4:6291456;6:262144|15663105|0|m,a,s,p")
  headers:replace("x-layerprint-tcp", "4:64+0:0:65495:65483,7:mss,sok,ts,nop,ws:df,id+:0")
end
"#;

/// The name of the cluster of the service.
const CLUSTER: &str = "authz";

/// The HTTP filter of the script.
pub(super) fn lua() -> Value {
    json!({
        "name": "envoy.filters.http.lua",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
            "default_source_code": { "inline_string": LUA },
        },
    })
}

/// The HTTP filter that asks the service at `address`, tells it all headers, and takes its annotations over.
pub(super) fn asking(address: SocketAddr) -> Value {
    json!({
        "name": "envoy.filters.http.ext_authz",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
            "allowed_headers": { "patterns": [{ "safe_regex": { "regex": ".*" } }] },
            "http_service": {
                "server_uri": { "uri": format!("http://{address}"), "cluster": CLUSTER, "timeout": "5s" },
                "authorization_response": { "allowed_upstream_headers": { "patterns": [{ "prefix": "x-layerprint-" }] } },
            },
        },
    })
}

/// The cluster of the service.
pub(super) fn cluster(address: SocketAddr) -> Value {
    json!({
        "name": CLUSTER,
        "type": "STATIC",
        // As many as there are at a time, and none refused.
        "circuit_breakers": { "thresholds": [{ "max_pending_requests": 100_000, "max_requests": 100_000, "max_connections": 64 }] },
        "load_assignment": {
            "cluster_name": CLUSTER,
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": { "socket_address": {
                "address": address.ip().to_string(),
                "port_value": address.port(),
            } } } }] }],
        },
    })
}
