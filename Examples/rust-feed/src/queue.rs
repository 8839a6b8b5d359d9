//! Lines on their way from any thread to the one that writes. Adding never waits; what finds no room is counted.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
struct State {
    lines: Vec<String>,
    /// Lines that found no room since the last `take`.
    lost: u64,
    is_closed: bool,
    is_woken: bool,
}

pub struct Queue {
    room: usize,
    state: Mutex<State>,
    changed: Condvar,
}

/// What there was to take.
#[derive(Default)]
pub struct Batch {
    pub lines: Vec<String>,
    /// Lines that were lost after those.
    pub lost: u64,
    /// Nothing more will come.
    pub is_last: bool,
}

impl Queue {
    pub fn new(room: usize) -> Self {
        Self {
            room,
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False when the line is lost. A line that follows lost ones is lost too until the writer has come by: so the gap stands
    /// where it was.
    pub fn add(&self, line: String) -> bool {
        let mut state = self.state();
        if state.is_closed {
            return false;
        }
        if state.lost > 0 || state.lines.len() >= self.room {
            state.lost += 1;
            return false;
        }
        state.lines.push(line);
        self.changed.notify_one();
        true
    }

    /// Waits for lines, for `wake` or for the end, at most that long.
    pub fn take(&self, time: Duration) -> Batch {
        let waits = |state: &mut State| state.lines.is_empty() && !state.is_closed && !state.is_woken;
        let (mut state, _) = self
            .changed
            .wait_timeout_while(self.state(), time, waits)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_woken = false;
        Batch {
            lines: std::mem::take(&mut state.lines),
            lost: std::mem::take(&mut state.lost),
            is_last: state.is_closed,
        }
    }

    /// Waits that long, or until the end.
    pub fn pause(&self, time: Duration) -> bool {
        let state = self.state();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, time, |state| !state.is_closed)
            .unwrap_or_else(PoisonError::into_inner);
        state.is_closed
    }

    pub fn waiting(&self) -> usize {
        self.state().lines.len()
    }

    /// Ends a `take` that waits.
    pub fn wake(&self) {
        self.state().is_woken = true;
        self.changed.notify_one();
    }

    /// Nothing is taken in from here on.
    pub fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_counts_what_is_lost_until_it_is_emptied() {
        let queue = Queue::new(2);
        let added: Vec<bool> = (0..4).map(|i| queue.add(i.to_string())).collect();
        assert_eq!(added, [true, true, false, false]);
        let batch = queue.take(Duration::ZERO);
        assert_eq!((batch.lines.len(), batch.lost, batch.is_last), (2, 2, false));
        assert!(queue.add("5".to_string()));
        assert_eq!(queue.waiting(), 1);
    }

    #[test]
    fn the_end_comes_after_the_lines_that_were_there() {
        let queue = Queue::new(2);
        queue.add("1".to_string());
        queue.close();
        assert!(!queue.add("2".to_string()));
        let batch = queue.take(Duration::from_secs(60));
        assert_eq!((batch.lines.len(), batch.is_last), (1, true));
        assert!(queue.pause(Duration::from_secs(60)));
    }

    #[test]
    fn waking_ends_a_wait() {
        let queue = Queue::new(1);
        queue.wake();
        assert!(queue.take(Duration::from_secs(60)).lines.is_empty());
    }
}
