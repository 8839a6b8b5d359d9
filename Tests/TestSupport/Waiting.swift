import Glibc

/// Why a test could not go on: something outside of what it asserts.
public struct TestFailure: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Waits until a condition holds; false if it did not within the time.
///
/// It blocks its thread and looks every two milliseconds: for conditions on another process. The time is a last resort for
/// a hung program, not part of what is measured, so it is long.
public func eventually(
    within time: Duration = .seconds(30), _ condition: () throws -> Bool
) rethrows -> Bool {
    let end = ContinuousClock.now + time
    while try !condition() {
        if ContinuousClock.now >= end { return false }
        _ = poll(nil, 0, 2)
    }
    return true
}

/// Waits until there is a value; throws, naming `what`, if there was none within the time.
public func value<Value>(
    of what: String, within time: Duration = .seconds(30), _ find: () throws -> Value?
) throws -> Value {
    var found: Value?
    _ = try eventually(within: time) {
        found = try find()
        return found != nil
    }
    guard let found else { throw TestFailure("\(what): none within \(time)") }
    return found
}

/// Lets time pass, for tests of what must *not* happen or of time itself.
public func letPass(milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }

/// The text of an errno value.
func systemText(_ code: CInt) -> String { String(cString: strerror(code)) }

/// Waits for events on a descriptor up to a moment; the events that came, 0 at the moment.
func readiness(_ events: CInt, on descriptor: CInt, until end: ContinuousClock.Instant) throws -> CInt {
    while true {
        let left = (end - ContinuousClock.now).components
        let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
        var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        let count = poll(&entry, 1, CInt(clamping: max(0, milliseconds)))
        if count > 0 { return CInt(entry.revents) }
        if count == 0, ContinuousClock.now >= end { return 0 }
        guard count == 0 || errno == EINTR else { throw TestFailure("poll: \(systemText(errno))") }
    }
}
