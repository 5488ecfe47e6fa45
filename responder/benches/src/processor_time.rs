//! What processes have used of the processor, from the scheduler's own account.

use std::fs;
use std::io;
use std::ops::Sub;

/// Nanoseconds, summed over the threads of some processes.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessorTime {
    pub running_ns: u64,
    /// Ready to run while something else ran.
    pub waiting_ns: u64,
}

impl ProcessorTime {
    /// Reads /proc/PID/task/*/schedstat of all `pids`.
    pub fn of_all(pids: &[u32]) -> io::Result<Self> {
        let mut sum = Self::default();
        for pid in pids {
            sum.add_process(*pid)?;
        }
        Ok(sum)
    }

    fn add_process(&mut self, pid: u32) -> io::Result<()> {
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
                continue; // the thread has ended
            };
            let mut fields = text.split_ascii_whitespace().map(str::parse);
            if let (Some(Ok(running)), Some(Ok(waiting))) = (fields.next(), fields.next()) {
                let (running, waiting): (u64, u64) = (running, waiting);
                self.running_ns += running;
                self.waiting_ns += waiting;
            }
        }
        Ok(())
    }
}

impl Sub for ProcessorTime {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            running_ns: self.running_ns.saturating_sub(earlier.running_ns),
            waiting_ns: self.waiting_ns.saturating_sub(earlier.waiting_ns),
        }
    }
}
