import Foundation
import JSON
import TestSupport
import Testing

/// Examples/swift-feeder, built once for all tests.
private let built = Result {
    let share = try InstalledTree.shared().file("share/modhost")
    return try ExampleProject(
        "swift-feeder", "swift build -c release -j 2", product: ".build/release/libfeeder.so", module: "feeder",
        environment: ["MODHOST_SHARE": share])
}

@Suite(
    "The example in Swift: measurements from TCP into timestore and flatstore",
    .enabled(if: Tools.has("swift"), "swift is not on the PATH: it is NOT TRIED"))
struct FeederExampleTests {
    private static let series = "123e4567-e89b-12d3-a456-426614174000"

    private func configuration(rows: Bool = true, _ more: String = "") throws -> String {
        try built.get().configuration(
            "loadmodule \"feeder\"", "loadmodule \"timestore\"", rows ? "loadmodule \"flatstore\"" : "",
            "modparam(\"timestore\", \"data_directory\", \"series\")",
            "modparam(\"timestore\", \"listen\", \"unix:run/ts.sock\")",
            "modparam(\"feeder\", \"listen\", \"tcp://127.0.0.1:0\")",
            rows ? "modparam(\"feeder\", \"db_url\", \"flatstore:rows\")" : "", more)
    }

    private func host(rows: Bool = true) throws -> (host: RunningHost, port: UInt16) {
        let host = try built.get().start(try configuration(rows: rows), folders: ["rows", "series"])
        let info = try host.command("feeder.info")
        guard case .array(let addresses)? = info["addresses"],
            let port = addresses.first?.string?.split(separator: ":").last.flatMap({ UInt16($0) })
        else { throw TestFailure("\(info)") }
        return (host, port)
    }

    private func rows(of host: RunningHost) -> [Substring] {
        host.directory.names(in: "rows").flatMap { host.directory.text("rows/\($0)").split(separator: "\n") }
    }

    @Test("It builds with swift build and the package of the installed tree, and its file is as the contract asks")
    func builds() throws {
        #expect(try Tools.breaches(of: try built.get().file) == [])
    }

    @Test("modcheck finds no error", .enabled(if: Tools.hasModcheck, "modcheck is not built: the module is NOT VALIDATED"))
    func validates() throws {
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        // ModuleKit's entry makes a descriptor at each call (MH-C226).
        #expect(
            try built.get().faults(
                besides: ["MH-C226"], "--with", tree.file("lib/modhost/modules/timestore.so"), "--with",
                tree.file("lib/modhost/modules/flatstore.so"), "--param",
                "timestore:data_directory=\(directory.file("series"))", "--param",
                "timestore:listen=unix:\(directory.file("ts"))",
                "--param", "listen=tcp://127.0.0.1:0", "--mute", "MH-C265") == nil)
    }

    @Test("Lines are records of timestore and rows of flatstore; each empty line and the end are answered")
    func lines() throws {
        let (host, port) = try host()
        let sender = try StreamClient(port: port)
        try sender.send("\(Self.series) 1769860800 1.5\r\n\n")
        #expect(try sender.readLine() == "{\"stored\":1,\"rejected\":0}")
        try sender.send("nonsense\n\(Self.series)\t1769860801 -2\n\(Self.series) 1769860802 x")
        sender.halfClose()
        let fault = "line 3: found 1 words, expected three: a UUID, seconds since 1970 and a number"
        #expect(try sender.readToEnd() == "{\"stored\":1,\"rejected\":2,\"error\":\"\(fault)\"}\n")

        #expect(try host.command("timestore.stats")["stored"] == .integer(2))
        #expect(try host.command("feeder.info")["rejected"] == .integer(2))
        try host.terminate()
        #expect(rows(of: host) == ["\(Self.series)|1769860800|1.500000", "\(Self.series)|1769860801|-2.000000"])
    }

    @Test("Many lines of many series from three senders at once are stored once each")
    func manyLines() throws {
        let (host, port) = try host()
        let senders = try (0..<3).map { _ in try StreamClient(port: port) }
        for start in stride(from: 0, to: 6000, by: 500) {
            for (index, sender) in senders.enumerated() {
                let lines = (start..<start + 500).map { number in
                    "0000000\(number % 7)-0000-4000-8000-00000000000\(index) \(1_769_860_800 + number) \(number)\n"
                }
                try sender.send(lines.joined())
            }
        }
        for sender in senders {
            sender.halfClose()
            #expect(try sender.readToEnd() == "{\"stored\":6000,\"rejected\":0}\n")
        }
        #expect(try host.command("timestore.stats")["stored"] == .integer(18_000))
        try host.terminate()
        #expect(Set(rows(of: host)).count == 18_000 && rows(of: host).count == 18_000)
    }

    @Test("Without db_url there are no rows, and flatstore is not needed")
    func withoutRows() throws {
        let (host, port) = try host(rows: false)
        let sender = try StreamClient(port: port)
        try sender.send("\(Self.series) 1 1\n")
        sender.halfClose()
        #expect(try sender.readToEnd() == "{\"stored\":1,\"rejected\":0}\n")
        #expect(try host.command("timestore.stats")["stored"] == .integer(1))
        #expect(host.directory.names(in: "rows") == [])
    }

    @Test("A line that is too long costs itself; a sender that goes away costs nobody else")
    func badSenders() throws {
        let (host, port) = try host()
        do {
            let gone = try StreamClient(port: port)
            gone.endsInReset()
            try gone.send("\(Self.series) 1 1\n\(Self.series) 2")
        }
        let sender = try StreamClient(port: port)
        try sender.send(String(repeating: "x", count: 100_000) + "\n\(Self.series) 3 3\n\n")
        #expect(
            try sender.readLine() == "{\"stored\":1,\"rejected\":1,\"error\":\"line 1: the line is longer than 256 bytes\"}")
        #expect(try eventually { try host.command("feeder.info")["connections"] == .integer(1) })
    }

    @Test("Without timestore, and with another database than flatstore, it refuses with a reason")
    func refusals() throws {
        let project = try built.get()
        let alone = try project.refusal(
            try project.configuration("loadmodule \"feeder\"", "modparam(\"feeder\", \"listen\", \"tcp://127.0.0.1:0\")"),
            in: try TemporaryDirectory())
        #expect(alone.contains("mh.timestore/1"), "\(alone)")
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("series")
        let other = try project.refusal(
            try configuration(rows: false, "modparam(\"feeder\", \"db_url\", \"csv:rows\")"), in: directory)
        #expect(other.contains("db_url \"csv:rows\": expected flatstore:/FOLDER"), "\(other)")
    }
}
