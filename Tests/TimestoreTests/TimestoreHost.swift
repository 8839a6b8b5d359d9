import Foundation
import JSON
import TestSupport

typealias Record = TimedRecord
typealias Wire = StoreWire

/// The real host with the module timestore and a data directory of its own.
final class TimestoreHost {
    let host: RunningHost
    private(set) var port: UInt16 = 0

    /// `parameters`: names and values as they stand in the configuration; `modules`: paths of further modules.
    init(
        _ parameters: [String: String] = [:], files: [String: [UInt8]] = [:], modules: [String] = [],
        environment: [String: String] = [:], launcher: [String] = []
    ) throws {
        let directory = try TemporaryDirectory()
        for (name, bytes) in files { try directory.write(bytes, to: "data/\(name)") }
        let lines =
            [
                "loadmodule \"mi-fifo.so\"", "loadmodule \"timestore.so\"",
                "modparam(\"timestore\", \"data_directory\", \"data\")",
                "modparam(\"timestore\", \"listen\", \"tcp://127.0.0.1:0\")",
            ] + modules.map { "loadmodule \"\($0)\"" }
            + parameters.map { "modparam(\"timestore\", \"\($0.key)\", \($0.value))" }
        host = try RunningHost(
            RunningHost.configuration() + lines.joined(separator: "\n") + "\n", in: directory, environment: environment,
            launcher: launcher)
        try findPort()
    }

    private func findPort() throws {
        guard let address = try stats()["listen"]?.array?.first?.string,
            let port = address.split(separator: ":").last.flatMap({ UInt16($0) })
        else { throw TestFailure("timestore.stats names no address") }
        self.port = port
    }

    func connect() throws -> StoreClient { try StoreClient(port: port) }

    func restart() throws {
        try host.restart()
        try findPort()
    }

    func stats() throws -> JSONValue { try host.command("timestore.stats") }
    func statistic(_ name: String) throws -> Int64 { try stats()[name]?.integer ?? -1 }

    /// The names of all data files, as in the data directory, sorted.
    var files: [String] {
        let root = host.directory.file("data")
        let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.split(separator: "/").count == 4 }.sorted()
    }

    /// The names of the data files without their directories.
    var names: [String] { files.compactMap { $0.split(separator: "/").last.map(String.init) } }

    func content(_ file: String) -> [UInt8] { host.directory.bytes("data/\(file)") }

    /// What `timestore.verify` finds wrong.
    func problems() throws -> [String] {
        try host.command("timestore.verify")["problems"]?.array?.map { $0.string ?? "" } ?? ["no list of problems"]
    }
}

/// A UUID for each number.
func uuid(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits + "-ab12-4cde-8f01-0123456789ab"
}
