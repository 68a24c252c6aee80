//! Metrics as Envoy keeps them: values are process wide and live under a name; numbers belong to one VM, and each definition
//! gives a new one, even of a name that is known.

use std::collections::BTreeMap;

use super::abi::{MetricKind, Status};

/// The values, for all VMs.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    counters: BTreeMap<String, u64>,
    gauges: BTreeMap<String, u64>,
    histograms: BTreeMap<String, Vec<u64>>,
}

/// A metric as a VM's number stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Metric {
    pub(super) kind: MetricKind,
    pub(super) name: String,
}

impl Metrics {
    pub(super) fn define(&mut self, metric: &Metric) {
        let name = metric.name.clone();
        match metric.kind {
            MetricKind::Counter => drop(self.counters.entry(name).or_default()),
            MetricKind::Gauge => drop(self.gauges.entry(name).or_default()),
            MetricKind::Histogram => drop(self.histograms.entry(name).or_default()),
        }
    }

    /// A counter takes only what is more than 0, a histogram nothing.
    pub(super) fn increment(&mut self, metric: &Metric, offset: i64) -> Result<(), Status> {
        match metric.kind {
            MetricKind::Counter if offset <= 0 => Err(Status::BadArgument),
            MetricKind::Counter => change(&mut self.counters, &metric.name, |value| {
                value.saturating_add_signed(offset)
            }),
            MetricKind::Gauge => change(&mut self.gauges, &metric.name, |value| {
                value.wrapping_add_signed(offset)
            }),
            MetricKind::Histogram => Err(Status::BadArgument),
        }
    }

    /// A counter adds, a gauge is set, a histogram keeps the value.
    pub(super) fn record(&mut self, metric: &Metric, value: u64) -> Result<(), Status> {
        match metric.kind {
            MetricKind::Counter => change(&mut self.counters, &metric.name, |old| old.saturating_add(value)),
            MetricKind::Gauge => change(&mut self.gauges, &metric.name, |_| value),
            MetricKind::Histogram => {
                self.histograms
                    .get_mut(&metric.name)
                    .ok_or(Status::NotFound)?
                    .push(value);
                Ok(())
            }
        }
    }

    pub(super) fn read(&self, metric: &Metric) -> Result<u64, Status> {
        let value = match metric.kind {
            MetricKind::Counter => self.counters.get(&metric.name),
            MetricKind::Gauge => self.gauges.get(&metric.name),
            MetricKind::Histogram => return Err(Status::BadArgument),
        };
        value.copied().ok_or(Status::NotFound)
    }

    /// The counter of this name, else the gauge.
    pub(super) fn value(&self, name: &str) -> Option<u64> {
        self.counters.get(name).or_else(|| self.gauges.get(name)).copied()
    }

    pub(super) fn histogram(&self, name: &str) -> Vec<u64> {
        self.histograms.get(name).cloned().unwrap_or_default()
    }

    /// Every counter and gauge with its value, by name.
    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        let both = self.gauges.iter().chain(&self.counters);
        both.map(|(name, value)| (name.clone(), *value)).collect()
    }
}

fn change(values: &mut BTreeMap<String, u64>, name: &str, to: impl FnOnce(u64) -> u64) -> Result<(), Status> {
    let value = values.get_mut(name).ok_or(Status::NotFound)?;
    *value = to(*value);
    Ok(())
}
