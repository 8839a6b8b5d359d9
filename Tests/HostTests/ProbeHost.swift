import JSON
import Synchronization
import TestSupport

/// The real daemon with the probe module in it, which uses every service on command and keeps a journal.
///
/// The module is built once, with cc against the headers, from Tests/ProbeModule.
final class ProbeHost: Sendable {
    let host: RunningHost

    init(_ lines: String...) throws {
        let module = try Self.module.get()
        host = try RunningHost(
            RunningHost.configuration("stop_timeout = \"20s\"", "loadmodule \"mi-fifo.so\"", "loadmodule \"\(module)\"")
                + (["modparam(\"probe\", \"journal\", \"journal\")"] + lines).joined(separator: "\n") + "\n")
    }

    private static let folder = Result { try TemporaryDirectory() }

    private static let module: Result<String, any Error> = Result {
        let folder = try ProbeHost.folder.get()
        let sources = ["probe", "tasks", "streams", "services", "busy"].map {
            "\(BuiltProducts.repository)/Tests/ProbeModule/\($0).c"
        }
        let result = try runToEnd(
            "cc",
            ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-g", "-I\(BuiltProducts.include)"]
                + sources
                + ["-shared", "-pthread", "-Wl,-z,now", "-Wl,-z,nodelete", "-o", folder.file("probe.so")])
        guard result.status == 0 else { throw TestFailure("the probe does not build: \(result.errors)") }
        return folder.file("probe.so")
    }

    /// All lines of the journal.
    var journal: [String] { host.directory.text("journal").split(separator: "\n").map(String.init) }

    /// Waits until the journal holds a line for each of the patterns, in which `*` stands for anything; the patterns without one.
    func missing(_ patterns: [String], within time: Duration = .seconds(20)) -> [String] {
        var missing = patterns
        _ = eventually(within: time) {
            let journal = journal
            missing = patterns.filter { pattern in !journal.contains { Self.matches($0, pattern) } }
            return missing.isEmpty
        }
        return missing
    }

    func lines(_ pattern: String) -> [String] { journal.filter { Self.matches($0, pattern) } }

    private static func matches(_ line: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return line == pattern }
        guard line.hasPrefix(parts[0]), line.count >= pattern.count - (parts.count - 1) else { return false }
        var rest = line.dropFirst(parts[0].count)
        for part in parts[1...].dropLast() {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return rest.hasSuffix(parts[parts.count - 1])
    }

    /// The address of the module's TCP listener: `tcp://127.0.0.1:40123`.
    func tcpAddress() throws -> String {
        guard let text = try host.command("probe.addresses")["tcp"]?.string else { throw TestFailure("no address") }
        return text
    }

    func socket(_ name: String) -> String { host.directory.file("run/\(name).sock") }

    /// What nobody may ever see in a journal.
    var faults: [String] { journal.filter { $0.hasPrefix("LATE") || $0.hasPrefix("TWICE") || $0.contains("failed") } }
}
