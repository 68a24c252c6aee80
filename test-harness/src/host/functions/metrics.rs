//! Metrics: the guest knows numbers, the process knows names.

use super::super::abi::{MetricKind, Status};
use super::super::call::{Answer, Call, Ending};
use super::super::metrics::Metric;

pub(in super::super) fn define(call: &mut Call<'_, '_>) -> Answer {
    let kind = call.word()?;
    let name = call.bytes()?;
    let at = call.word()?;
    let kind = MetricKind::from_code(kind).ok_or(Status::BadArgument)?;
    let metric = Metric {
        kind,
        name: String::from_utf8_lossy(&name).into_owned(),
    };
    let shared = call.vm();
    shared.process.metrics.borrow_mut().define(&metric);
    let id = shared.number(metric).ok_or(Status::InternalFailure)?;
    call.write(at, &id.to_le_bytes())
}

pub(in super::super) fn record(call: &mut Call<'_, '_>) -> Answer {
    let metric = known(call)?;
    let value = call.long()?.cast_unsigned();
    Ok(call.vm().process.metrics.borrow_mut().record(&metric, value)?)
}

pub(in super::super) fn increment(call: &mut Call<'_, '_>) -> Answer {
    let metric = known(call)?;
    let offset = call.long()?;
    Ok(call.vm().process.metrics.borrow_mut().increment(&metric, offset)?)
}

pub(in super::super) fn get(call: &mut Call<'_, '_>) -> Answer {
    let metric = known(call)?;
    let at = call.word()?;
    let value = call.vm().process.metrics.borrow().read(&metric)?;
    call.write(at, &value.to_le_bytes())
}

fn known(call: &mut Call<'_, '_>) -> Result<Metric, Ending> {
    let id = call.word()?;
    let metric = call.vm().metrics.borrow().get(&id).cloned();
    metric.ok_or(Status::NotFound.into())
}
