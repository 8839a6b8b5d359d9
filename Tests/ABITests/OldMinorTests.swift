import Foundation
import Testing

@Suite("Headers of older minors")
struct OldMinorTests {
    /// The frozen headers of ABI 1.0, for the compiler's -I.
    private static let frozen = Repository.abi.appendingPathComponent("1.0")
    private static let modules = Repository.abi.appendingPathComponent("old-minor")
    /// mh_script_service was a draft in 1.0, and no host of 1.0 had it.
    private static let drafts: Set<String> = ["mh_script_service"]

    private static func headers(in folder: URL) throws -> [HeaderText] {
        try Repository.names(in: folder, suffix: ".h").map {
            HeaderText(try Repository.text(of: folder.appendingPathComponent($0)))
        }
    }

    /// What of a struct's old layout does not hold in its new one.
    private static func breaks(from old: Layout, to new: Layout) -> [String] {
        var breaks: [String] = []
        if new.size < old.size { breaks.append("\(old.name) has \(new.size) bytes, had \(old.size)") }
        if HeaderLint.frozen.contains(old.name), new.size != old.size {
            breaks.append("\(old.name) is frozen and has another size")
        }
        for (index, field) in old.fields.enumerated() {
            guard index < new.fields.count, new.fields[index] == field else {
                breaks.append("\(old.name).\(field.name) is not where it was, or has another name or size")
                continue
            }
        }
        return breaks
    }

    /// Compares every struct of the frozen headers with the struct of that name in others.
    private static func breaks(in include: URL) throws -> [String] {
        let structs = try headers(in: frozen.appendingPathComponent("modhost")).flatMap(\.structs)
            .filter { !drafts.contains($0.name) }
        let named = Dictionary(
            uniqueKeysWithValues: try headers(in: include.appendingPathComponent("modhost")).flatMap(\.structs).map {
                ($0.name, $0)
            })
        let missing = structs.filter { named[$0.name] == nil }.map { "\($0.name) is gone" }
        let kept = structs.filter { named[$0.name] != nil }
        let old = try layouts(of: kept, prelude: "#include <modhost/modhost.h>", include: frozen)
        let new = try layouts(
            of: kept.compactMap { named[$0.name] }, prelude: "#include <modhost/modhost.h>", include: include)
        try #require(old.count > 40)
        return missing + zip(old, new).flatMap { breaks(from: $0, to: $1) }
    }

    @Test("Every struct of ABI 1.0 is a prefix of today's: each field has its place, name and size")
    func structsAreKept() throws {
        #expect(try Self.breaks(in: Repository.include) == [])
    }

    @Test("A struct that grows at its end is kept; one whose fields move, or that is gone, is found")
    func breaksAreFound() throws {
        let grown = try AlteredHeaders(
            "net.h", replacing: "    void (*gone)(void *ctx);\n} mh_datagram_options;",
            with: "    void (*gone)(void *ctx);\n    uint64_t more;\n} mh_datagram_options;")
        #expect(try Self.breaks(in: grown.include) == [])

        let swapped = try AlteredHeaders(
            "loop.h", replacing: "    int64_t interval;", with: "    int64_t between;\n    int64_t interval;")
        #expect(
            try Self.breaks(in: swapped.include).contains(
                "mh_timer_options.interval is not where it was, or has another name or size"))

        let renamed = try AlteredHeaders(
            "counter.h", replacing: "typedef struct mh_counter_service {", with: "typedef struct mh_counters_service {")
        #expect(try Self.breaks(in: renamed.include) == ["mh_counter_service is gone"])
    }

    @Test("No constant of ABI 1.0 has changed but the minor itself and the mark of the draft")
    func constantsAreKept() throws {
        func constants(in folder: URL) throws -> [String: String] {
            let lines = try Self.headers(in: folder.appendingPathComponent("modhost")).flatMap(\.directives).map(\.text)
            let pairs = lines.compactMap { line -> (String, String)? in
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init)
                guard words.count >= 3, words[0] == "#define", words[1].hasPrefix("MH_"), !words[1].contains("(") else {
                    return nil
                }
                return (words[1], words[2])
            }
            return Dictionary(pairs) { first, _ in first }
        }
        let new = try constants(in: Repository.include)
        let old = try constants(in: Self.frozen)
        #expect(old.count > 80)
        let changed = old.keys.filter { new[$0] != old[$0] }.sorted()
        #expect(changed == ["MH_ABI_MINOR", "MH_SCRIPT_DRAFT"])
    }

    @Test("The frozen headers say ABI 1.0, and the modules of that day compile with them alone, without a warning")
    func oldModulesCompile() throws {
        let base = try Repository.text(of: Self.frozen.appendingPathComponent("modhost/base.h"))
        #expect(base.contains("#define MH_ABI_MAJOR 1\n#define MH_ABI_MINOR 0\n"))
        let names = try Repository.names(in: Self.modules, suffix: ".c")
        #expect(names.count >= 3)
        for name in names {
            let outcome = try Dialect(compiler: "cc", standard: "c11").check(
                Self.modules.appendingPathComponent(name).path, include: Self.frozen)
            #expect(outcome.status == 0, "\(outcome.output)")
        }
    }
}
