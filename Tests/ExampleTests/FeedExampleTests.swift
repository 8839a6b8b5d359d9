import Foundation
import JSON
import TestSupport
import Testing

/// Examples/rust-feed, built once for all tests.
private let built = Result {
    let crate = try InstalledTree.shared().file("share/modhost/rust")
    return try ExampleProject(
        "rust-feed",
        """
        sed -i 's|/usr/local/share/modhost/rust|\(crate)|' Cargo.toml
        cargo build --offline --release
        cargo test --offline --release
        """, product: "target/release/libhtable_feed.so", module: "htable-feed")
}

@Suite(
    "The example in Rust: the change feed of htable's tables",
    .enabled(if: Tools.has("cargo", "cc"), "cargo or cc is not installed: it is NOT TRIED"))
struct FeedExampleTests {
    private func configuration(output: String, _ more: String = "") throws -> String {
        try built.get().configuration(
            "loadmodule \"htable-feed\"", "loadmodule \"htable\"",
            "modparam(\"htable\", \"htable\", \"users=>size=8;autoexpire=1\")",
            "modparam(\"htable\", \"htable\", \"calls=>size=8;\")", "modparam(\"htable\", \"htable\", \"quiet=>size=8;\")",
            "modparam(\"htable-feed\", \"tables\", \"users, calls\")",
            "modparam(\"htable-feed\", \"output\", \"\(output)\")",
            more)
    }

    private func set(_ table: String, _ key: String, _ number: Int64, with host: RunningHost) throws {
        try host.command("htable.seti", [.string(table), .string(key), .integer(number)])
    }

    /// The lines of a file, once there are as many; without the stamps, which are of the moment.
    private func lines(_ count: Int, of name: String, in directory: TemporaryDirectory) throws -> [JSONValue] {
        let found = try value(of: "\(count) lines in \(name)") {
            let lines = directory.text(name).split(separator: "\n")
            return lines.count >= count ? lines : nil
        }
        return try found.map { try JSONValue.parse(String($0)) }
    }

    private func counts(_ host: RunningHost) throws -> [Int64?] {
        let status = try host.command("htable_feed.status")
        return ["written", "waiting", "lost"].map { status[$0]?.integer }
    }

    @Test(
        "It builds with cargo and the crate of the installed tree, its own tests pass, and its file is as the contract asks")
    func builds() throws {
        let project = try built.get()
        #expect(project.output.contains("test result: ok. 6 passed"))
        #expect(try Tools.breaches(of: project.file) == [])
    }

    @Test("modcheck finds no error", .enabled(if: Tools.hasModcheck, "modcheck is not built: the module is NOT VALIDATED"))
    func validates() throws {
        let htable = try InstalledTree.shared().file("lib/modhost/modules/htable.so")
        let project = try built.get()
        #expect(
            try project.faults(
                "--with", htable, "--param", "htable:htable=t=>size=4;", "--param", "tables=t", "--param",
                "output=file:/dev/null") == nil)
    }

    @Test("Each change of the tables that are followed is a line, and nothing of the others")
    func changes() throws {
        let directory = try TemporaryDirectory()
        let host = try built.get().start(try configuration(output: "file:\(directory.file("out"))"), in: directory)
        try host.command("htable.sets", ["calls", "quote\"d\u{1}", "grün"])
        try set("quiet", "a", 1, with: host)
        try set("calls", "n", -5, with: host)
        try host.command("htable.inc", ["calls", "n"])
        try host.command("htable.delete", ["calls", "n"])
        try host.command("htable.flush", ["calls"])
        let found = try lines(5, of: "out", in: directory)
        #expect(found.map { $0["change"]?.string } == ["set", "set", "set", "removed", "flushed"])
        #expect(found.map { $0["key"]?.string } == ["quote\"d\u{1}", "n", "n", "n", nil])
        #expect(found.map { $0["value"] } == [.string("grün"), .integer(-5), .integer(-4), nil, nil])
        #expect(found.allSatisfy { $0["table"]?.string == "calls" })
        let numbers = found.compactMap { $0["number"]?.integer }
        #expect(numbers == numbers.sorted() && Set(numbers).count == 5)
        #expect(try eventually { try counts(host) == [5, 0, 0] })
    }

    @Test("An item that expires is told with its value")
    func expiry() throws {
        let directory = try TemporaryDirectory()
        let host = try built.get().start(try configuration(output: "file:\(directory.file("out"))"), in: directory)
        try set("users", "short", 9, with: host)
        let last = try lines(2, of: "out", in: directory)[1]
        #expect(last["change"]?.string == "expired")
        #expect(last["value"] == .integer(9))
    }

    @Test("After SIGHUP lines go into a new file; a stop writes what waits")
    func reopening() throws {
        let directory = try TemporaryDirectory()
        let host = try built.get().start(try configuration(output: "file:\(directory.file("out"))"), in: directory)
        try set("calls", "a", 1, with: host)
        _ = try lines(1, of: "out", in: directory)
        try FileManager.default.moveItem(atPath: directory.file("out"), toPath: directory.file("old"))
        host.hangUp()
        #expect(eventually { directory.contains("out") })
        for number in 0..<500 { try host.send(":htable.seti:\nusers\nk\(number)\n1\n\n") }
        #expect(try eventually { try counts(host)[0] ?? 0 >= 501 })
        #expect(try host.terminate() == 0)
        #expect(directory.text("old").split(separator: "\n").count == 1)
        #expect(try lines(500, of: "out", in: directory).count >= 500)
    }

    @Test("While nobody listens lines wait; what finds no room is lost, and the feed says where and how many")
    func socket() throws {
        let directory = try TemporaryDirectory()
        let host = try built.get().start(
            try configuration(
                output: "unix:\(directory.file("feed.sock"))", "modparam(\"htable-feed\", \"queue\", 3)"), in: directory)
        for number in 1...5 { try set("calls", "n", Int64(number), with: host) }
        #expect(try counts(host) == [0, 3, 2])
        #expect(try host.command("htable_feed.status")["ready"] == .bool(false))

        let listener = try StreamListener(unix: directory.file("feed.sock"))
        let connection = try listener.accept()
        let first = try (0..<4).map { _ in try JSONValue.parse(try connection.readLine() ?? "") }
        #expect(first.map { $0["value"]?.integer } == [1, 2, 3, nil])
        #expect(first[3]["lost"] == .integer(2))
        try set("calls", "n", 6, with: host)
        #expect(try JSONValue.parse(try connection.readLine() ?? "")["value"] == .integer(6))
        #expect(try host.terminate() == 0)
        #expect(try connection.readToEnd() == "")
    }

    @Test("A table that nobody defined and an output that is none are refused with a reason")
    func refusals() throws {
        let project = try built.get()
        let unknown = try project.refusal(
            try configuration(output: "file:/dev/null", "modparam(\"htable-feed\", \"tables\", \"nobody\")"),
            in: try TemporaryDirectory())
        #expect(unknown.contains("nobody"), "\(unknown)")
        let output = try project.refusal(try configuration(output: "tcp:1"), in: try TemporaryDirectory())
        #expect(output.contains("output \"tcp:1\": expected file:/PATH or unix:/PATH"), "\(output)")
    }
}
