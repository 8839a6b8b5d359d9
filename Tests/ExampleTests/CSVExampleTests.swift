import Foundation
import JSON
import TestSupport
import Testing

/// Examples/cpp-csv-db, built once for all tests by the commands of its README.
private let built = Result {
    let prefix = try InstalledTree.shared().prefix
    return try ExampleProject(
        "cpp-csv-db",
        """
        cmake -B build -DCMAKE_PREFIX_PATH=\(prefix)
        cmake --build build
        ctest --test-dir build --output-on-failure -E modcheck
        """, product: "build/db-csv.so", module: "db-csv")
}

@Suite(
    "The example in C++: a database of CSV files",
    .enabled(if: Tools.has("cmake", "c++"), "cmake or c++ is not installed: it is NOT TRIED"))
struct CSVExampleTests {
    private static let header = "method,from_tag,to_tag,callid,sip_code,sip_reason,time"

    private func host(in directory: TemporaryDirectory? = nil, _ more: String = "") throws -> RunningHost {
        let project = try built.get()
        return try project.start(try configuration(more), folders: ["rows"], in: directory)
    }

    private func configuration(_ more: String = "", url: String = "csv:rows") throws -> String {
        try built.get().configuration(
            "loadmodule \"acc\"", "loadmodule \"db-csv\"", "modparam(\"acc\", \"db_url\", \"\(url)\")",
            "modparam(\"acc\", \"listen\", \"unix:run/acc.sock\")", more)
    }

    private func record(_ callID: String, reason: String, with host: RunningHost) throws {
        try host.command(
            "acc.record",
            [
                .string("method=INVITE"), .string("callid=\(callID)"), .string("sip_reason=\(reason)"),
                .string("time=2026-01-31T12:00:00Z"),
            ])
    }

    @Test("It builds with CMake's package of the installed tree, its own tests pass, and its file is as the contract asks")
    func builds() throws {
        let project = try built.get()
        #expect(project.output.contains("100% tests passed"))
        #expect(try Tools.breaches(of: project.file) == [])
    }

    @Test("modcheck finds no error", .enabled(if: Tools.hasModcheck, "modcheck is not built: the module is NOT VALIDATED"))
    func validates() throws {
        let project = try built.get()
        #expect(try project.faults() == nil)
    }

    @Test("acc's records are rows of a CSV file with a header line, quoted as RFC 4180 has it; they outlive restarts")
    func rows() throws {
        let host = try host()
        try record("one", reason: "OK, \"all\" good\r\n", with: host)
        try record("two", reason: "", with: host)
        var expected = """
            \(Self.header)\r
            INVITE,,,one,,"OK, ""all"" good\r\n",2026-01-31T12:00:00Z\r
            INVITE,,,two,,"",2026-01-31T12:00:00Z\r

            """
        #expect(host.directory.text("rows/acc.csv") == expected)
        try host.restart()
        try record("three", reason: "x", with: host)
        expected += "INVITE,,,three,,x,2026-01-31T12:00:00Z\r\n"
        #expect(host.directory.text("rows/acc.csv") == expected)
        let files = try host.command("db_csv.files")
        guard case .array(let list) = files else { throw TestFailure("\(files)") }
        #expect(list.first?["inserted"] == .integer(1))
        #expect(list.first?["columns"] == .integer(7))
    }

    @Test("Thousands of records from two senders at once are as many rows, each whole")
    func manyRows() throws {
        let host = try host(in: try TemporaryDirectory(), "modparam(\"db-csv\", \"line_end\", \"lf\")")
        let senders = try (0..<2).map { _ in try StreamClient(unix: host.directory.file("run/acc.sock")) }
        for start in stride(from: 0, to: 5000, by: 250) {
            for (index, sender) in senders.enumerated() {
                try sender.send((start..<start + 250).map { "BYE|a|b|\(index)-\($0)|200|OK|\n" }.joined())
            }
        }
        for sender in senders {
            sender.halfClose()
            #expect(try sender.readToEnd() == "{\"stored\":5000,\"rejected\":0}\n")
        }
        let lines = host.directory.text("rows/acc.csv").split(separator: "\n").dropFirst()
        let names = Set(lines.compactMap { $0.split(separator: ",").dropFirst(3).first })
        #expect(lines.count == 10_000 && names.count == 10_000)
        #expect(lines.allSatisfy { $0.hasPrefix("BYE,a,b,") && $0.split(separator: ",").count == 7 })
    }

    @Test("After SIGHUP rows go into a new file, with a header line")
    func reopening() throws {
        let host = try host()
        try record("one", reason: "x", with: host)
        try FileManager.default.moveItem(
            atPath: host.directory.file("rows/acc.csv"), toPath: host.directory.file("rows/old.csv"))
        host.hangUp()
        #expect(eventually { host.directory.contains("rows/acc.csv") })
        try record("two", reason: "y", with: host)
        #expect(host.directory.text("rows/old.csv").contains("one"))
        #expect(
            host.directory.text("rows/acc.csv") == "\(Self.header)\r\nINVITE,,,two,,y,2026-01-31T12:00:00Z\r\n")
    }

    @Test("A row that a crash cut off is removed at the start, with a warning, and the next one is whole")
    func tornRow() throws {
        let directory = try TemporaryDirectory()
        try directory.write("\(Self.header)\r\nINVITE,,,one,,x,2026-01-31T12:00:00Z\r\nINVITE,,,tw", to: "rows/acc.csv")
        let host = try host(in: directory)
        #expect(host.logs("11 bytes of an unfinished record are cut off"))
        try record("three", reason: "x", with: host)
        let rows = host.directory.text("rows/acc.csv").components(separatedBy: "\r\n")
        #expect(rows.map { $0.components(separatedBy: ",").dropFirst(3).first ?? "" } == ["callid", "one", "three", ""])
    }

    @Test("A folder that is missing, a file without a column, and a scheme that nobody has are refused with a reason")
    func refusals() throws {
        let project = try built.get()
        let missing = try project.refusal(try configuration(url: "csv:nowhere"), in: try TemporaryDirectory())
        #expect(missing.contains("nowhere: cannot open the folder: No such file or directory"), "\(missing)")

        let directory = try TemporaryDirectory()
        try directory.write("method,callid\r\n", to: "rows/acc.csv")
        let narrow = try project.refusal(try configuration(), in: directory)
        #expect(narrow.contains("rows/acc.csv has no column \"from_tag\""), "\(narrow)")

        let scheme = try project.refusal(try configuration(url: "cvs:rows"), in: try TemporaryDirectory())
        #expect(scheme.contains("cvs"), "\(scheme)")
    }
}
