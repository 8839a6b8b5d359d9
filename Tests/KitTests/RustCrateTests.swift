import Foundation
import JSON
import TestSupport
import Testing

/// The structs, opaque types and constants of the C headers, as far as the comparison with Rust needs them.
private struct Headers {
    var structs: [(name: String, fields: [String])] = []
    var opaque: [String] = []
    /// Numbers and strings; macros with arguments and initialisers are C's own.
    var constants: [(name: String, isText: Bool)] = []

    init() throws {
        let folder = "\(BuiltProducts.include)/modhost"
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
                .replacing(/(?s)\/\*.*?\*\//, with: "")
            for match in text.matches(of: /(?s)typedef struct (\w+) \{(.*?)\n\} \w+;/) {
                // The one union is a field like any other from outside.
                let body = match.2.replacing(/(?s)union \{.*?\}/, with: "union_t")
                let fields = body.split(separator: ";").compactMap { field -> String? in
                    if let function = field.firstMatch(of: /\(\*(\w+)\)\(/) { return String(function.1) }
                    return field.firstMatch(of: /(\w+)\s*$/).map { String($0.1) }
                }
                structs.append((String(match.1), fields))
            }
            opaque += text.matches(of: /typedef struct (\w+) \w+;/).map { String($0.1) }
            for match in text.matches(of: /(?m)^#define (MH_[A-Z0-9_]+) +(\S.*?) *$/) {
                let value = match.2
                if value.hasPrefix("\"") {
                    constants.append((String(match.1), true))
                } else if value.firstMatch(of: /^\(?-?(0x[0-9A-Fa-f]+|\d+)u?\)?$/) != nil {
                    constants.append((String(match.1), false))
                }
            }
        }
    }
}

@Suite("The Rust crate", .enabled(if: Toolchain.has("cargo", "cc"), "cargo or cc is not installed: the crate is NOT TRIED"))
struct RustCrateTests {
    private func rustName(_ name: String) -> String {
        ["type", "self", "ref", "as", "match"].contains(name) ? "\(name)_" : name
    }

    private func cProgram(_ headers: Headers) -> String {
        var lines = ["#include <modhost/modhost.h>", "#include <stdio.h>", "int main(void) {"]
        for type in headers.structs {
            lines.append("printf(\"\(type.name) %zu\\n\", sizeof(\(type.name)));")
            for field in type.fields {
                lines.append(
                    "printf(\"\(type.name).\(field) %zu %zu\\n\", offsetof(\(type.name), \(field)), "
                        + "sizeof(((\(type.name) *)0)->\(field)));")
            }
        }
        for constant in headers.constants {
            lines.append(
                constant.isText
                    ? "printf(\"\(constant.name) %s\\n\", \(constant.name));"
                    : "printf(\"\(constant.name) %lld\\n\", (long long)\(constant.name));")
        }
        return (lines + ["return 0; }", ""]).joined(separator: "\n")
    }

    private func rustProgram(_ headers: Headers) -> String {
        var lines = [
            "use modhost::sys::*;", "fn size<T>(_: &T) -> usize { std::mem::size_of::<T>() }",
            "fn opaque<T>() {}", "fn main() {",
        ]
        for type in headers.structs {
            lines.append("{ let s = \(type.name)::default(); println!(\"\(type.name) {}\", size(&s));")
            lines.append("let base = &s as *const _ as usize;")
            for field in type.fields {
                let place = "s.\(rustName(field))"
                lines.append(
                    "println!(\"\(type.name).\(field) {} {}\", &\(place) as *const _ as usize - base, size(&\(place)));")
            }
            lines.append("let _ = base; }")
        }
        for name in headers.opaque { lines.append("opaque::<\(name)>();") }
        for constant in headers.constants {
            let value = constant.isText ? constant.name : "\(constant.name) as i64"
            lines.append("println!(\"\(constant.name) {}\", \(value));")
        }
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    @Test("Each struct, field and constant of the headers is in it, of the same size, at the same place, of the same value")
    func layout() throws {
        let tree = try InstalledTree.shared()
        let headers = try Headers()
        #expect(headers.structs.count > 50)
        #expect(headers.constants.count > 100)
        let directory = try TemporaryDirectory()
        try directory.write(cProgram(headers), to: "layout.c")
        try directory.write(rustProgram(headers), to: "src/main.rs")
        try directory.write(
            """
            [package]
            name = "layout"
            version = "0.1.0"
            edition = "2021"
            [dependencies]
            modhost = { path = "\(tree.file("share/modhost/rust"))" }
            """, to: "Cargo.toml")
        let script = """
            set -e
            cc -I'\(tree.file("include"))' layout.c -o layout
            cargo build --offline --quiet
            ./layout >c
            target/debug/layout >rust
            """
        let done = try runToEnd(
            "sh", ["-c", script], directory: directory.path, environment: tree.environment, within: .seconds(200))
        try #require(done.status == 0, "\(done.errors)")
        let (inC, inRust) = (directory.text("c").split(separator: "\n"), directory.text("rust").split(separator: "\n"))
        #expect(inC.count > 400)
        #expect(inC.count == inRust.count)
        for (c, rust) in zip(inC, inRust) where c != rust { Issue.record("C has \(c), Rust has \(rust)") }
    }

    @Test("It builds without a warning, and its example does what its page says")
    func itself() throws {
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(atPath: tree.file("share/modhost/rust"), toPath: directory.file("rust"))
        let done = try runToEnd(
            "cargo", ["test", "--offline"], directory: directory.file("rust"), environment: tree.environment,
            within: .seconds(200))
        #expect(done.status == 0, "\(done.output)\(done.errors)")
        #expect(!done.errors.contains("warning"), "\(done.errors)")
    }

    @Test("A panic in a command becomes its error, one in a timer a line of the log; the daemon goes on")
    func panics() throws {
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        let made = try runToEnd(
            "modhost", ["new", "--lang", "rust", "panicky"], directory: directory.path, environment: tree.environment)
        try #require(made.status == 0, "\(made.errors)")
        var source = directory.text("panicky/src/lib.rs")
        source = source.replacing("move || seconds.add(1)", with: "move || { seconds.add(1); panic!(\"in the timer\") }")
        source = source.replacing(
            "        let text = format!",
            with: "        assert!(who != \"Mallory\", \"not for {who}\");\n        let text = format!")
        try directory.write(source, to: "panicky/src/lib.rs")
        let built = try runToEnd(
            "cargo", ["build", "--offline"], directory: directory.file("panicky"), environment: tree.environment,
            within: .seconds(200))
        try #require(built.status == 0, "\(built.errors)")

        let host = try RunningHost(
            RunningHost.configuration(
                "loadmodule \"mi-fifo.so\"", "loadmodule \"\(directory.file("panicky/target/debug/libpanicky.so"))\""))
        #expect(try host.fault("panicky.greet", .array([.string("Mallory")])) == "500 the command panicked: not for Mallory")
        #expect(host.logs("a timer panicked: in the timer"))
        #expect(try host.command("panicky.greet", [.string("Alice")])["text"]?.string == "Hello, Alice!")
        #expect(try host.terminate() == 0)
    }
}
