//! Counters and gauges.

use crate::sys::*;

/// A counter or gauge that `get_statistics` shows; adding to it is one atomic addition. Any thread.
#[derive(Clone, Copy)]
pub struct Counter {
    pub(crate) raw: *mut mh_counter,
    pub(crate) service: &'static mh_counter_service,
}

// The counter is the host's for as long as the process lives, and every function of the service is for any thread.
unsafe impl Send for Counter {}
unsafe impl Sync for Counter {}

impl Counter {
    pub fn add(&self, amount: i64) {
        if let Some(add) = self.service.add {
            unsafe { add(self.raw, amount) };
        }
    }

    /// Sets a gauge.
    pub fn set(&self, value: i64) {
        if let Some(set) = self.service.set {
            unsafe { set(self.raw, value) };
        }
    }

    pub fn get(&self) -> i64 {
        self.service.get.map_or(0, |get| unsafe { get(self.raw) })
    }
}
