// System calls as this module needs them: interrupted ones are retried, errors become text.

import Glibc
import ModuleABI
import ModuleKit

/// What the system says about an error number.
func reason(_ code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
        guard let base = buffer.baseAddress, strerror_r(code, base, buffer.count) == 0 else {
            return "error \(code)"
        }
        return String(cString: base)
    }
}

/// A failure of the system, with what was tried and what to do about it.
func systemFailure(_ what: String, _ code: Int32, _ advice: String = "") -> ModuleFailure {
    ModuleFailure(MH_E_IO, "\(what): \(reason(code))\(advice.isEmpty ? "" : "; \(advice)")")
}

/// Repeats a call for as long as a signal interrupts it; -1 leaves errno as the call set it.
@inline(__always)
func retrying<Number: BinaryInteger>(_ call: () -> Number) -> Number {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// The monotonic clock, nanoseconds.
func monotonicNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// Waits for one of some descriptors, about `timeout` nanoseconds; a signal ends it early.
///
/// Less than a millisecond is slept through, because poll(2) counts in milliseconds.
func pollOnce(_ entries: UnsafeMutableBufferPointer<pollfd>, timeout: Int64) {
    if timeout < 1_000_000 {
        var span = timespec(tv_sec: 0, tv_nsec: Int(max(timeout, 0)))
        nanosleep(&span, nil)
        _ = poll(entries.baseAddress, nfds_t(entries.count), 0)
    } else {
        _ = poll(entries.baseAddress, nfds_t(entries.count), Int32(min(timeout / 1_000_000, 60_000)))
    }
}

/// Writes to a pipe whose reader may be gone: then EPIPE is the answer, and no signal ends the process.
///
/// The host ignores SIGPIPE for the whole process; where that is not so, the signal is held back here.
func writeToPipe(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    if PipeSignal.isIgnored { return retrying { write(descriptor, bytes.baseAddress, bytes.count) } }
    var pipeOnly = sigset_t()
    sigemptyset(&pipeOnly)
    sigaddset(&pipeOnly, SIGPIPE)
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &pipeOnly, &before)
    let result = retrying { write(descriptor, bytes.baseAddress, bytes.count) }
    let code = errno
    if result < 0, code == EPIPE, sigismember(&before, SIGPIPE) == 0 {
        var noWait = timespec()
        _ = sigtimedwait(&pipeOnly, nil, &noWait)
    }
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = code
    return result
}

private enum PipeSignal {
    /// Looked up at the first write, when the host has long settled it.
    static let isIgnored: Bool = {
        var action = sigaction()
        guard sigaction(SIGPIPE, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }()
}

/// The type bits of a file's mode.
func fileType(_ status: stat) -> mode_t { status.st_mode & S_IFMT }
