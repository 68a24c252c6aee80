//! What Envoy asks, put to limitador: each descriptor is counted by itself, and one that is over its limit refuses the request.

use envoy_types::pb::envoy::extensions::common::ratelimit::v3::RateLimitDescriptor;
use envoy_types::pb::envoy::service::ratelimit::v3::rate_limit_response::{
    Code, DescriptorStatus, RateLimit, rate_limit,
};
use envoy_types::pb::envoy::service::ratelimit::v3::rate_limit_service_server::RateLimitService;
use envoy_types::pb::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};
use envoy_types::pb::google::protobuf::Duration;
use limitador::AsyncRateLimiter;
use limitador::limit::Namespace;
use tonic::{Request, Response, Status};

use crate::limits::{Found, Limits, Unit};

/// The limits, and what counts.
pub(crate) struct Service {
    limits: Limits,
    limiter: AsyncRateLimiter,
}

impl Service {
    /// A service with these limits, which `limiter` knows too.
    pub(crate) fn new(limits: Limits, limiter: AsyncRateLimiter) -> Self {
        Self { limits, limiter }
    }

    /// Counts a descriptor. One without a limit is within it.
    async fn count(&self, descriptor: &RateLimitDescriptor, of_request: u32) -> Result<DescriptorStatus, Status> {
        let Some(found) = self.limits.find(&descriptor.entries) else {
            return Ok(DescriptorStatus {
                code: Code::Ok.into(),
                ..DescriptorStatus::default()
            });
        };
        // Nothing said is one hit (rls.proto).
        let hits = descriptor
            .hits_addend
            .map_or(u64::from(of_request.max(1)), |hits| hits.value);
        let namespace = Namespace::from(self.limits.domain.as_str());
        let context = found.context(&descriptor.entries);
        let hits = i64::try_from(hits).unwrap_or(i64::MAX);
        let checked = self
            .limiter
            .check_rate_limited_and_update(&namespace, &context, hits, true);
        // Envoy's `failure_mode_deny` says what becomes of the request.
        let checked = checked.await.map_err(|error| Status::unavailable(error.to_string()))?;

        let counter = checked.counters.first();
        let reset = counter
            .and_then(|counter| counter.expires_in())
            .map(|left| left.as_secs());
        let remaining = counter.and_then(|counter| counter.remaining()).unwrap_or_default();
        Ok(DescriptorStatus {
            code: if checked.limited { Code::OverLimit } else { Code::Ok }.into(),
            current_limit: Some(current(&found)),
            limit_remaining: u32::try_from(remaining.max(0)).unwrap_or(u32::MAX),
            duration_until_reset: Some(Duration {
                seconds: reset
                    .and_then(|left| left.try_into().ok())
                    .unwrap_or(found.limit.unit.seconds().into()),
                nanos: 0,
            }),
            ..DescriptorStatus::default()
        })
    }
}

fn current(found: &Found) -> RateLimit {
    let unit = match found.limit.unit {
        Unit::Second => rate_limit::Unit::Second,
        Unit::Minute => rate_limit::Unit::Minute,
        Unit::Hour => rate_limit::Unit::Hour,
        Unit::Day => rate_limit::Unit::Day,
    };
    RateLimit {
        requests_per_unit: found.limit.requests_per_unit,
        unit: unit.into(),
        ..RateLimit::default()
    }
}

#[tonic::async_trait]
impl RateLimitService for Service {
    async fn should_rate_limit(
        &self,
        request: Request<RateLimitRequest>,
    ) -> Result<Response<RateLimitResponse>, Status> {
        let request = request.into_inner();
        if request.domain != self.limits.domain {
            return Err(Status::invalid_argument(format!(
                "no limits for the domain {:?}",
                request.domain
            )));
        }
        let mut statuses = Vec::new();
        for descriptor in &request.descriptors {
            statuses.push(self.count(descriptor, request.hits_addend).await?);
        }
        let over = statuses.iter().any(|status| status.code == i32::from(Code::OverLimit));
        Ok(Response::new(RateLimitResponse {
            overall_code: if over { Code::OverLimit } else { Code::Ok }.into(),
            statuses,
            ..RateLimitResponse::default()
        }))
    }
}
