//! layerprint as a service that Envoy asks about each request (`ext_authz` over HTTP), to be measured beside the filter: the same
//! request role, compiled for this machine, on the headers that it is given. What only a filter sees of a connection is missing to it.
//!
//! `layerprint-authz CONFIG` listens on a free port of 127.0.0.1, says `ready on ADDRESS`, and answers until it is killed: 200 with the
//! annotations as headers, or what the configuration makes of the request. One thread, as Envoy has one worker.

mod given;

use std::convert::Infallible;
use std::error::Error;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::rc::Rc;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use layerprint::host::RequestId;
use layerprint::proxy::plugin::{Plugin, Role, Shared};
use layerprint::proxy::request::{Outcome, RequestRole};
use tokio::net::TcpListener;
use tokio::task::{LocalSet, spawn_local};

use given::{Fields, Given};

/// What names an annotation.
const ANNOTATION: &str = "x-layerprint-";

/// The service.
struct Service {
    plugin: Rc<Plugin>,
    given: Given,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match LocalSet::new().run_until(serve()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("layerprint-authz: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let configuration = std::env::args().nth(1).ok_or("usage: layerprint-authz CONFIG")?;
    let given = Given::default();
    let plugin = Plugin::configure(&given, Role::Request, Shared::default(), configuration.as_bytes());
    let plugin = plugin.map_err(|problems| problems.iter().map(|problem| format!("{problem}\n")).collect::<String>())?;
    let service = Rc::new(Service { plugin: Rc::new(plugin), given });
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    // Whoever started this reads the port here.
    println!("ready on {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = Rc::clone(&service);
        spawn_local(async move {
            let answer = service_fn(|request| {
                let answer = service.answer(&request);
                async { Ok::<_, Infallible>(answer) }
            });
            // A connection that Envoy breaks off is none of our business.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

impl Service {
    /// What becomes of the request that Envoy tells of.
    fn answer(&self, request: &Request<Incoming>) -> Response<Empty<Bytes>> {
        let answered = self.given.while_asked(fields(request), || {
            RequestRole::new(Rc::clone(&self.plugin), RequestId(1)).on_request_headers(&self.given)
        });
        let mut response = Response::new(Empty::new());
        if let (Outcome::Answered, _) = answered {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        for (name, value) in answered.1 {
            let own = name.starts_with(ANNOTATION);
            let pair = HeaderName::try_from(name).ok().zip(HeaderValue::from_bytes(&value).ok());
            if let Some((name, value)) = pair.filter(|_| own) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// The request as a filter would see it.
fn fields(request: &Request<Incoming>) -> Fields {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let host = request.headers().get("host").map_or(&b""[..], HeaderValue::as_bytes);
    let pseudo = [(":method", request.method().as_str().as_bytes()), (":path", path.as_bytes()), (":authority", host)];
    let pseudo = pseudo.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sent = request.headers().iter().filter(|(name, _)| *name != "host");
    let sent = sent.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_owned()));
    pseudo.into_iter().chain(sent).collect()
}
