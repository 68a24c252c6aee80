//! A small rate limit service for the tests of `envoy/fleet/`: Envoy's gRPC interface in front of limitador, which counts in Redis.
//! It reads the same file of limits as the public service (envoyproxy/ratelimit), as far as that file goes, and refuses the rest.
//!
//! It is no distribution: no reload, no TLS, no metrics. Whoever runs a fleet runs the public service.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod limits;
mod service;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use envoy_types::pb::envoy::service::ratelimit::v3::rate_limit_service_server::RateLimitServiceServer;
use lexopt::ValueExt;
use limitador::AsyncRateLimiter;
use limitador::storage::redis::AsyncRedisStorage;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use limits::Limits;
use service::Service;

const USAGE: &str = "layerprint-rls --listen ADDRESS:PORT --redis URL --limits FILE";

/// Why the service does not run, in words.
type Refused = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("layerprint-rls: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Refused> {
    let Arguments { listen, redis, limits } = Arguments::parse(lexopt::Parser::from_env())?;
    let text = std::fs::read_to_string(&limits).map_err(|error| format!("{}: {error}", limits.display()))?;
    let limits = Limits::parse(&text).map_err(|error| format!("{}: {error}", limits.display()))?;

    let limiter = AsyncRateLimiter::new_with_storage(Box::new(AsyncRedisStorage::new(&redis).await?));
    for limit in limits.all()? {
        limiter.add_limit(limit);
    }
    let listener = TcpListener::bind(listen).await?;
    // Port 0 lets the system pick one: whoever started this reads it here.
    println!("ready on {}", listener.local_addr()?);
    Server::builder()
        .add_service(RateLimitServiceServer::new(Service::new(limits, limiter)))
        .serve_with_incoming(TcpListenerStream::new(listener))
        .await?;
    Ok(())
}

/// How it was started.
struct Arguments {
    listen: SocketAddr,
    /// `redis://HOST:PORT` or `redis+unix:///PATH`.
    redis: String,
    limits: PathBuf,
}

impl Arguments {
    fn parse(mut parser: lexopt::Parser) -> Result<Self, Refused> {
        let (mut listen, mut redis, mut limits) = (None, None, None);
        while let Some(argument) = parser.next()? {
            match argument {
                lexopt::Arg::Long("listen") => listen = Some(parser.value()?.string()?.parse()?),
                lexopt::Arg::Long("redis") => redis = Some(parser.value()?.string()?),
                lexopt::Arg::Long("limits") => limits = Some(parser.value()?.into()),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Self {
            listen: listen.ok_or(USAGE)?,
            redis: redis.ok_or(USAGE)?,
            limits: limits.ok_or(USAGE)?,
        })
    }
}
