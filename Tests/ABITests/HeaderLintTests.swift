import Foundation
import Testing

@Suite("The form of the public headers")
struct HeaderLintTests {
    @Test("Every header keeps every rule of form", arguments: try Repository.headerNames())
    func headersAreClean(name: String) throws {
        let text = try Repository.text(of: Repository.headers.appendingPathComponent(name))
        let findings = HeaderLint.check(text, siblings: Set(try Repository.headerNames()))
        #expect(findings.isEmpty, "\(name)\n\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test("The umbrella header includes every other one")
    func umbrellaIsWhole() throws {
        let umbrella = HeaderText(
            try Repository.text(of: Repository.headers.appendingPathComponent("modhost.h")))
        for name in try Repository.headerNames() where name != "modhost.h" {
            #expect(umbrella.directives.contains { $0.text == "#include \"\(name)\"" }, "\(name) is missing")
        }
    }

    @Test("The lint reads all of the headers: 50 structs and every function in them, at the least")
    func lintReadsEverything() throws {
        var structs = 0
        var functions = 0
        for name in try Repository.headerNames() {
            let header = HeaderText(try Repository.text(of: Repository.headers.appendingPathComponent(name)))
            structs += header.structs.count
            functions += header.functions.count
            let written = header.code.indices.count {
                header.code[$0].text == "(" && header.code[$0 + 1].text == "*"
            }
            let read = header.structs.flatMap(\.members).count { $0.parameters != nil }
            let nested = (header.structs.flatMap(\.members) + header.functions).flatMap {
                $0.parameters ?? []
            }
            .count { $0.contains { $0.text == "(" } }
            #expect(written == read + nested, "\(name): a function pointer was not understood")
        }
        #expect(structs >= 50)
        #expect(functions >= 12)
    }

    // MARK: The lint itself

    /// A header without fault, to put one fault at a time into.
    static let good = """
        /* modhost/sample.h: a sample. */
        #include <stdint.h>
        #include "base.h"
        #ifdef __cplusplus
        extern "C" {
        #endif
        typedef struct mh_thing mh_thing; /* opaque */
        typedef struct mh_sample {
            uint32_t struct_size;
            uint32_t flags; /* 0 */
            mh_str name;
            const void *items;
            void *ctx;
            /* Runs. [thread: worker] [phase: init+run] [blocks: no]
             * [owns: text is borrowed] */
            int32_t (*run)(void *ctx, mh_str text, void (*done)(void *ctx), mh_thing **thing);
        } mh_sample;
        /* Doubles. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: nothing] */
        static inline mh_value mh_double(mh_value value) {
            if (value.type) { value.as.integer *= 2; }
            return value;
        }
        /* Starts. [thread: main] [phase: load] [blocks: no] [owns: nothing] */
        int32_t mh_start(const mh_sample *sample);
        #ifdef __cplusplus
        }
        #endif
        """

    @Test("A header without fault has no findings")
    func goodHeaderIsClean() {
        #expect(HeaderLint.check(Self.good, siblings: ["base.h"]) == [])
    }

    struct Fault: CustomTestStringConvertible {
        var name: String
        var rule: HeaderLint.Finding.Rule
        var from: String
        var to: String
        var testDescription: String { name }
    }

    static let run = "int32_t (*run)(void *ctx, mh_str text, void (*done)(void *ctx), mh_thing **thing);"
    static let start = "int32_t mh_start(const mh_sample *sample);"
    static let faults = [
        Fault(name: "a callback without a thread", rule: .tags, from: "[thread: worker] ", to: ""),
        Fault(name: "a callback without a phase", rule: .tags, from: "[phase: init+run] ", to: ""),
        Fault(
            name: "a callback that does not say whether it blocks", rule: .tags, from: "[blocks: no]\n",
            to: "\n"),
        Fault(
            name: "a callback that does not say who owns", rule: .tags, from: "[owns: text is borrowed]",
            to: ""),
        Fault(name: "a prototype without a thread", rule: .tags, from: "[thread: main] ", to: ""),
        Fault(
            name: "an inline function without a phase", rule: .tags, from: "[phase: load+init+run+stop] ",
            to: ""),
        Fault(
            name: "a thread that does not exist", rule: .tags, from: "[thread: worker]", to: "[thread: io]"),
        Fault(name: "a phase that does not exist", rule: .tags, from: "init+run", to: "init+walk"),
        Fault(name: "a phase given twice", rule: .tags, from: "init+run", to: "run+run"),
        Fault(name: "blocks: maybe", rule: .tags, from: "[blocks: no]\n", to: "[blocks: maybe]\n"),
        Fault(name: "an empty owns", rule: .tags, from: "[owns: text is borrowed]", to: "[owns: ]"),
        Fault(
            name: "a tag given twice", rule: .tags, from: "[thread: worker]",
            to: "[thread: worker] [thread: main]"),
        Fault(
            name: "a comment of the function before", rule: .tags, from: start,
            to: start + "\nint32_t mh_stop(void);"),
        Fault(name: "no struct_size", rule: .structSize, from: "    uint32_t struct_size;\n", to: ""),
        Fault(
            name: "struct_size not first", rule: .structSize, from: "uint32_t struct_size;",
            to: "uint32_t size;"),
        Fault(
            name: "struct_size of another type", rule: .structSize, from: "uint32_t struct_size;",
            to: "size_t struct_size;"),
        Fault(name: "a long", rule: .forbiddenType, from: "uint32_t flags;", to: "long flags;"),
        Fault(name: "a bool", rule: .forbiddenType, from: "uint32_t flags;", to: "bool flags;"),
        Fault(name: "an enum", rule: .forbiddenType, from: "uint32_t flags;", to: "enum mh_flags flags;"),
        Fault(name: "an int", rule: .forbiddenType, from: "uint32_t flags;", to: "int flags;"),
        Fault(name: "a char", rule: .forbiddenType, from: "uint32_t flags;", to: "char flags;"),
        Fault(
            name: "a callback that returns unsigned", rule: .forbiddenType, from: "int32_t (*run)",
            to: "unsigned (*run)"),
        Fault(
            name: "a parameter of type short", rule: .forbiddenType, from: "mh_str text,", to: "short text,"),
        Fault(name: "a bit-field", rule: .bitField, from: "uint32_t flags;", to: "uint32_t flags : 3;"),
        Fault(name: "varargs", rule: .varargs, from: "mh_thing **thing)", to: "...)"),
        Fault(name: "a system header", rule: .include, from: "<stdint.h>", to: "<stdio.h>"),
        Fault(name: "a header of another folder", rule: .include, from: "\"base.h\"", to: "\"../base.h\""),
        Fault(
            name: "a line of 126 columns", rule: .lineLength, from: "a sample. */",
            to: "a sample." + String(repeating: "x", count: 126 - 32) + " */"),
        Fault(name: "a large struct by value", rule: .byValue, from: "mh_str text,", to: "mh_value text,"),
        Fault(
            name: "a large struct returned", rule: .byValue, from: "int32_t mh_start", to: "mh_value mh_start"
        ),
        Fault(name: "a callback without ctx", rule: .context, from: "(*run)(void *ctx, ", to: "(*run)("),
        Fault(
            name: "a union", rule: .union, from: "uint32_t flags;",
            to: "union { int64_t a; double b; } flags;"),
        Fault(name: "an array inside", rule: .member, from: "uint32_t flags;", to: "uint32_t flags[4];"),
    ]

    @Test("The lint finds the one fault of a header, and only that", arguments: faults)
    func faultIsFound(fault: Fault) {
        let text = Self.good.replacingOccurrences(of: fault.from, with: fault.to)
        #expect(text != Self.good, "the fault was not put in")
        let findings = HeaderLint.check(text, siblings: ["base.h"])
        #expect(!findings.isEmpty)
        #expect(Set(findings.map(\.rule)) == [fault.rule], "\(findings)")
    }

    @Test("Every rule of the lint has a fault that shows it")
    func everyRuleIsShown() {
        #expect(Set(Self.faults.map(\.rule)) == Set(HeaderLint.Finding.Rule.allCases))
    }
}
