import Foundation
import JSON
import TestSupport
import Testing

/// The module of Modules/exercise, built against the installed crate.
private struct Exercise {
    let directory: TemporaryDirectory
    let path: String

    init(feature: String? = nil, environment: [String: String] = [:]) throws {
        let tree = try InstalledTree.shared()
        directory = try TemporaryDirectory()
        let source = "\(BuiltProducts.repository)/Tests/KitTests/Modules/exercise"
        try FileManager.default.copyItem(atPath: source, toPath: directory.file("exercise"))
        let manifest = directory.text("exercise/Cargo.toml").replacing("@SHARE@", with: tree.file("share/modhost"))
        try directory.write(manifest, to: "exercise/Cargo.toml")
        let built = try runToEnd(
            "cargo", ["build", "--offline"] + (feature.map { ["--features", $0] } ?? []),
            directory: directory.file("exercise"), environment: tree.environment.merging(environment) { $1 },
            within: .seconds(300))
        guard built.status == 0 else { throw TestFailure("exercise is not built: \(built.errors)") }
        path = directory.file("exercise/target/debug/libexercise.so")
    }

    func host(_ lines: String...) throws -> RunningHost {
        try RunningHost(
            RunningHost.configuration("loadmodule \"mi-fifo.so\"", "loadmodule \"\(path)\"")
                + lines.map { "\($0)\n" }.joined())
    }

    func counter(_ name: String, of host: RunningHost) throws -> String? {
        let lines = try host.command("get_statistics", [.string("exercise:")])
        guard case .array(let items) = lines else { return nil }
        return items.compactMap(\.string).first { $0.hasPrefix("exercise:\(name) ") }
    }
}

@Suite(
    "The safe layer of the Rust crate, in the real daemon",
    .enabled(if: Toolchain.has("cargo", "cc"), "cargo or cc is not installed: the crate is NOT TRIED"))
struct RustLayerTests {
    @Test("Parameters, commands, timers, posted work, hooks and other modules' tables work as their pages say")
    func works() throws {
        let exercise = try Exercise()
        let host = try exercise.host(
            "loadmodule \"htable.so\"", "modparam(\"htable\", \"htable\", \"exercise=>size=4;\")",
            "modparam(\"training\", \"words\", \"one, two\")", "modparam(\"exercise\", \"words\", \"three\")",
            "modparam(\"exercise\", \"colour\", \"green\")")
        defer { host.kill() }

        // Parameters.
        try host.command("module.set", [.string("exercise"), .string("live"), .integer(7)])
        let settings = try host.command("exercise.settings")
        #expect(settings["words"] == .array(["one", "two", "three", "live=7"].map { .string($0) }))
        #expect(settings["colour"]?.string == "Text(\"green\")")
        #expect(settings["room"]?.string == "Size(65536)")
        #expect(settings["pause"]?.string == "Duration(1500000000)")
        #expect(settings["share"]?.string == "Real(0.25)")
        #expect(settings["bold"]?.string == "Truth(true)")
        #expect(settings["unset"]?.string == "Null")
        #expect(settings["workers"]?.string == "Some(Integer(2))")
        #expect(settings["nonsense"] == .bool(true))
        #expect(try exercise.counter("words", of: host) == "exercise:words = 4")

        // Arguments.
        let echo = try host.command("exercise.say", [.integer(7), .double(0.5), .string("a"), .string("b")])
        #expect(echo["command"]?.string == "exercise.say")
        #expect(echo["number"] == .integer(7))
        #expect(echo["share"] == .double(0.5))
        #expect(echo["rest"]?.string == "List([Text(\"a\"), Text(\"b\")])")
        #expect(echo["beyond"]?.string == "Null")
        let short = try host.command("exercise.echo", [.integer(1)])
        #expect(short["share"] == .double(-1) || short["share"] == .integer(-1))
        #expect(try host.fault("exercise.not_found") == "404 no such thing")

        // Deferred replies.
        for name in ["exercise.later", "exercise.later_slowly"] {
            let later = try host.command(name)
            #expect(later["off_the_workers"] == .bool(true))
            #expect(later["replied_on"] == .integer(1))
        }
        #expect(try host.fault("exercise.refuse_later") == "409 not after all")
        #expect(try host.fault("exercise.give_up") == "500 the module gave this command up")
        #expect(try host.command("exercise.post") == .array([.integer(2), .integer(0)]))

        // Timers: one shot, three ticks, none; what their closures owned goes once each, beside two of `later`.
        try host.command("exercise.timers")
        #expect(eventually { (try? exercise.counter("fired", of: host)) == "exercise:fired = 4" })
        #expect(eventually { (try? exercise.counter("ended", of: host)) == "exercise:ended = 5" })

        // Another module's table.
        try host.command("htable.sets", [.string("exercise"), .string("key"), .string("value")])
        #expect(try host.command("exercise.table") == .integer(1))

        // Hooks.
        host.hangUp()
        #expect(host.logs("asked to reopen"))
        #expect(try host.terminate() == 0)
        for text in ["worker 1 of 2 starts", "worker 2 of 2 starts", "why=SIGHUP"] { #expect(host.log.contains(text)) }
        var rest = host.log[...]
        for text in ["draining", "drain panicked: in the drain", "stopping", "the state is dropped"] {
            guard let found = rest.range(of: text) else {
                Issue.record("\"\(text)\" is not logged in its turn: \(host.log)")
                break
            }
            rest = rest[found.upperBound...]
        }
    }

    @Test("A setter's error refuses the config, with its place")
    func setterRefuses() throws {
        let exercise = try Exercise()
        let error = #expect(throws: TestFailure.self) {
            _ = try exercise.host("modparam(\"exercise\", \"words\", \"good, bad\")")
        }
        #expect(error?.description.contains("\"bad\" is no good word") == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("modules.conf:6:") == true)
    }

    @Test(
        "A module that cannot be described is refused, and the text says why",
        arguments: [
            ("startless", "`describe` gives no function to on_init"),
            ("promise", "`describe` gives no table for \"mh.promise/1:x\""),
        ])
    func notDescribed(feature: String, text: String) throws {
        let exercise = try Exercise(feature: feature)
        let error = #expect(throws: TestFailure.self) { _ = try exercise.host() }
        #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }

    @Test("It is not built where a panic would end the daemon")
    func noAbort() {
        let error = #expect(throws: TestFailure.self) {
            _ = try Exercise(environment: ["CARGO_PROFILE_DEV_PANIC": "abort"])
        }
        #expect(
            error?.description.contains("a panic in a module would end the daemon") == true, "\(error?.description ?? "")")
    }
}
