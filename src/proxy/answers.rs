//! Carries out what was decided on a request. What that is, and what a client is told, is [`answer`](crate::annotate::answer)'s;
//! here it is done.

use super::held::Place;
use super::metrics::Metric;
use super::plugin::Plugin;
use crate::annotate::answer::{Answer, Header, Step};
use crate::host::{Failure, Host, RequestId};

/// What was done with a request.
#[derive(Debug)]
pub(super) enum Carried {
    /// It goes on.
    On,
    /// It waits for as long as it keeps its place, or until its time has come.
    Held(Place),
    /// It was answered.
    Answered,
}

/// Does `step` to the request with this number.
pub(super) fn carry_out(host: &impl Host, plugin: &Plugin, id: RequestId, step: Step) -> Result<Carried, Failure> {
    match step {
        Step::Pass | Step::PassMarked => Ok(Carried::On),
        Step::Hold => {
            let place = plugin.held.hold(host, id, &plugin.config.limits);
            let metric = place.as_ref().map_or(Metric::SlowOverflow, |_| Metric::Slowed);
            plugin.metrics.count(host, metric);
            Ok(place.map_or(Carried::On, Carried::Held))
        }
        Step::Answer(Answer::Http { status, headers, body }) => {
            host.answer(status, &borrowed(&headers), &body)?;
            Ok(Carried::Answered)
        }
        Step::Answer(Answer::Grpc {
            status,
            message,
            metadata,
        }) => {
            host.answer_grpc(status, &message, &borrowed(&metadata))?;
            Ok(Carried::Answered)
        }
    }
}

fn borrowed(headers: &[Header]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (*name, value.as_ref())).collect()
}
