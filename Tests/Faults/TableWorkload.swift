import Foundation
import JSON
import TestSupport

/// Commands to htable over the FIFO: what was answered is so for as long as the host lives, and nothing of it is there after it. Its folder is the run
/// directory, so what goes wrong is the management interface: the FIFO, its lock, the replies.
final class TableWorkload: Workload {
    let directory: TemporaryDirectory
    let folder = "run"
    /// What the table must hold while the host lives; a key whose command was not answered is left out.
    private var known: [String: String] = [:]
    private var laterWork = 0
    private(set) var acknowledged = 0

    init() throws { directory = try TemporaryDirectory() }

    var name: String { "htable" }
    var losesAtEnd: Bool { false }
    var moves: [(operation: Int, from: String, to: String)] { [] }
    func twin() throws -> any Workload { try TableWorkload() }

    var configuration: String {
        """
        mpath "\(BuiltProducts.directory)"
        run_dir = "\(root)"
        workers = 1
        pool_threads = 2
        loadmodule "mi-fifo.so"
        loadmodule "htable.so"
        modparam("htable", "htable", "t=>size=4;")
        modparam("mi-fifo", "reply_timeout", "2s")

        """
    }

    private enum Operation {
        case set(String, String), get, dump, delete(String), end
    }
    // Longer than a pipe takes at once.
    private static let long = String(repeating: "0123456789", count: 9000)
    private static let operations: [Operation] = [
        .set("a", "1"), .set("b", "two"), .get, .set("long", long), .dump, .set("a", "3"), .get, .delete("b"), .dump, .end,
    ]
    var stepCount: Int { Self.operations.count }

    func connect(to host: RunningHost) throws { known = [:] }

    func perform(_ step: Int, on host: RunningHost) throws -> Outcome {
        do {
            switch Self.operations[step] {
            case .set(let key, let value): return try set(key, value, host)
            case .delete(let key): return try change(key, nil, host, "htable.delete", [.string("t"), .string(key)])
            case .get: return try compare(host, "htable.get", known.keys.sorted())
            case .dump: return try compare(host, "htable.dump", nil)
            case .end:
                try end(host)
                return .done
            }
        } catch let failure as CutShort {
            // A host that dies may take a moment for it.
            guard (try? host.wait(within: .milliseconds(200))) == nil else { throw TestFailure(failure.description) }
            return .refused(Self.cutShort)
        }
    }

    /// What is said for a reply that did not come, or not whole: its sender cannot know, so nothing is promised.
    static let cutShort = "the reply was cut short"

    private struct CutShort: Error, CustomStringConvertible { var description: String }

    private func result(_ host: RunningHost, _ command: String, _ arguments: [JSONValue]) throws -> JSONValue {
        do { return try Command(host, patience: .seconds(3)).result(of: command, arguments) } catch {
            throw CutShort(description: "\(error)")
        }
    }

    private func change(
        _ key: String, _ value: String?, _ host: RunningHost, _ command: String, _ arguments: [JSONValue]
    ) throws -> Outcome {
        known[key] = nil
        _ = try result(host, command, arguments)
        known[key] = value
        acknowledged += 1
        return .done
    }

    private func set(_ key: String, _ value: String, _ host: RunningHost) throws -> Outcome {
        try change(key, value, host, "htable.sets", [.string("t"), .string(key), .string(value)])
    }

    /// A reply that came whole says what the table was told.
    private func compare(_ host: RunningHost, _ command: String, _ keys: [String]?) throws -> Outcome {
        let replies = try (keys ?? [""]).map { key in
            try result(host, command, [.string("t")] + (key.isEmpty ? [] : [.string(key)]))
        }
        let text = replies.map { String(decoding: $0.encoded(), as: UTF8.self) }.joined()
        for (key, value) in known where keys?.contains(key) != false && !text.contains("\"\(value)\"") {
            throw TestFailure("\(command) does not show \(key), which was set to \(value.prefix(20)): \(text.prefix(300))")
        }
        return .done
    }

    func goOn(with host: RunningHost) throws {
        laterWork += 1
        do {
            for (key, value) in [("later", "x\(laterWork)"), ("long", Self.long)] { _ = try set(key, value, host) }
            _ = try compare(host, "htable.dump", nil)
            _ = try compare(host, "htable.get", ["later"])
        } catch let failure as CutShort {
            throw TestFailure("later commands fail: \(failure.description)")
        }
    }

    func audit(_ host: RunningHost, _ promise: Promise, into tally: inout FaultTally) throws {
        let text = String(decoding: try result(host, "htable.dump", [.string("t")]).encoded(), as: UTF8.self)
        // A new host begins with an empty table.
        if laterWork == 0, text.contains("\"a\"") || text.contains("\"long\"") {
            tally.audit.invented += 1
            tally.audit.find("a table in memory has items of a host that is gone: \(text.prefix(200))")
        }
    }

    func checkRest() throws {
        let left = directory.names(in: folder).filter { $0.hasSuffix(".fifo") }
        guard left.isEmpty else { throw TestFailure("an orderly end leaves \(left)") }
    }
}
