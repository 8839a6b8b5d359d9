import Foundation
import JSON

/// A host that takes ledger records at acc's socket and stores them through flatstore in a directory of its own: the subject
/// of every test that asks whether something acknowledged is lost.
public final class AccountingHost: Sendable {
    public let host: RunningHost
    /// The directory of the row files, as the host names it.
    public let folderName: String
    private let isDiskPrivate: Bool

    /// The directory of the row files, as the tests see it. With a `diskSize` only while the host runs.
    public var folder: String { isDiskPrivate ? "/proc/\(host.processID)/root\(folderName)" : folderName }

    /// acc's UNIX socket.
    public var socket: String { host.directory.file("acc.sock") }

    /// Starts a host.
    ///
    /// - Parameters:
    ///   - durability: flatstore's `durability`.
    ///   - columns: acc's `columns`; nil: its default ones.
    ///   - lines: More configuration lines, after those for flatstore and acc.
    ///   - diskSize: Size of a disk that holds nothing but the row files, KiB: a tmpfs that only this host and its
    ///     ``folder`` see, and that goes with the process. See ``canMount``.
    public init(
        durability: String = "kernel", columns: String? = LedgerRecord.columns, lines: [String] = [],
        diskSize: Int? = nil
    ) throws {
        let directory = try TemporaryDirectory()
        folderName = try directory.makeDirectory("acc")
        isDiskPrivate = diskSize != nil
        var configuration = [
            RunningHost.configuration(
                "loadmodule \"mi-fifo.so\"", "loadmodule \"flatstore.so\"", "loadmodule \"acc.so\"",
                "modparam(\"flatstore\", \"durability\", \"\(durability)\")",
                "modparam(\"acc\", \"db_url\", \"flatstore:\(folderName)\")",
                "modparam(\"acc\", \"listen\", \"unix:\(directory.file("acc.sock"))\")")
        ]
        if let columns { configuration.append("modparam(\"acc\", \"columns\", \"\(columns)\")") }
        var launcher: [String] = []
        if let diskSize {
            let mount = "mount -t tmpfs -o size=\(diskSize)k,mode=0755 tmpfs \"$0\" && exec \"$@\""
            launcher = Self.namespace + ["sh", "-c", mount, folderName]
        }
        host = try RunningHost(
            (configuration + lines).joined(separator: "\n") + "\n", in: directory, launcher: launcher)
    }

    /// Enters a mount namespace of its own, where anybody may mount.
    private static let namespace = ["unshare", "--map-root-user", "--mount"]

    /// Whether this machine allows a `diskSize`.
    public static let canMount: Bool = {
        let attempt = ["sh", "-c", "mount -t tmpfs tmpfs /mnt"]
        let words = namespace + attempt
        return (try? runToEnd(words[0], Array(words.dropFirst())))?.status == 0
    }()

    /// Runs a program in the namespace of the private disk.
    public func runBesideDisk(_ words: String...) throws -> ProgramResult {
        try runToEnd(
            "nsenter", ["-t", "\(host.processID)", "--user", "--mount", "--preserve-credentials"] + words)
    }

    public func connect() throws -> StreamClient { try StreamClient(unix: socket) }

    /// Starts a host that is dead and kills it again at some moment of its start or soon after: what a start repairs must survive that.
    public func startAndKill(afterMilliseconds delay: Int32) throws {
        let directory = host.directory
        let process = try ChildProcess(
            BuiltProducts.modhost, ["-f", "modules.conf"], directory: directory.path,
            output: directory.file("modhost.out"), errors: directory.file("modhost.log"))
        letPass(milliseconds: delay)
        process.end()
    }

    // MARK: Row files

    /// The paths of all row files, rotated ones too, sorted; staging files are none.
    public var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { !$0.hasPrefix(".") }.sorted().map { "\(folder)/\($0)" }
    }

    /// The row files that are in use, or would be with the next row.
    public var currentFiles: [String] { files.filter { $0.hasSuffix(".log") } }

    /// Renames the row files in use, as an operator does before `flat_rotate`; the new paths.
    public func moveAside(_ number: Int) throws -> [String] {
        try currentFiles.map { file in
            let moved = "\(file).\(number)"
            try FileManager.default.moveItem(atPath: file, toPath: moved)
            return moved
        }
    }

    public func rotate() throws { try host.command("flat_rotate") }

    /// Files, sizes and times of last change: equal when nobody wrote in between.
    public static func marks(of files: [String]) throws -> [String] {
        try files.map { file in
            var status = stat()
            guard stat(file, &status) == 0 else { throw TestFailure("\(file) cannot be looked at") }
            return "\(file) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)"
        }
    }

    /// Sends lines over a connection of their own, half-closes and returns the answer.
    public func send(_ lines: [UInt8]) throws -> Answer {
        let client = try connect()
        try client.send(lines)
        client.halfClose()
        guard let line = try client.readLine() else { throw TestFailure("acc closes without an answer") }
        return try Answer(line)
    }

    public func send(_ lines: String) throws -> Answer { try send(Array(lines.utf8)) }

    /// Memory that the host has in use, bytes (VmRSS).
    public func residentMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(host.processID)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard let kibibytes = line?.split(whereSeparator: { !$0.isNumber }).first.flatMap({ Int($0) }) else {
            throw TestFailure("no VmRSS for process \(host.processID)")
        }
        return kibibytes << 10
    }
}

/// What acc answers a sender.
public struct Answer: Equatable, Sendable, CustomStringConvertible {
    public var stored: Int
    public var rejected: Int
    public var error: String?

    public init(stored: Int, rejected: Int, error: String? = nil) {
        self.stored = stored
        self.rejected = rejected
        self.error = error
    }

    /// Reads an answer's line.
    public init(_ line: String) throws {
        let value = try? JSONValue.parse(line)
        guard let stored = value?["stored"]?.integer, let rejected = value?["rejected"]?.integer else {
            throw TestFailure("acc answers \(line), expected stored and rejected")
        }
        self.init(stored: Int(stored), rejected: Int(rejected), error: value?["error"]?.string)
    }

    public var description: String { "stored \(stored), rejected \(rejected), error \(error ?? "none")" }
}
