import Foundation
import Testing

/// One field as the compiler lays it out; offset and size in bytes.
struct Field: Equatable {
    var name: String
    var offset: Int
    var size: Int
}

struct Layout {
    var name: String
    var size: Int
    var fields: [Field]

    /// Bytes that belong to no field, as `field: bytes` before it, or `end`.
    var holes: [String] {
        var holes: [String] = []
        var end = 0
        for field in fields {
            if field.offset != end {
                holes.append("\(field.offset - end) bytes before \(name).\(field.name)")
            }
            end = field.offset + field.size
        }
        if end != size { holes.append("\(size - end) bytes at the end of \(name)") }
        return holes
    }
}

/// Asks the compiler for the layout of every struct of some headers, by a program that prints it.
func layouts(
    of structs: [HeaderText.Struct], prelude: String, include: URL = Repository.include
) throws -> [Layout] {
    let folder = try TemporaryFolder()
    var program = "#include <stdio.h>\n\(prelude)\nint main(void) {\n"
    for type in structs {
        program += "printf(\"%zu\", sizeof(\(type.name)));\n"
        for member in type.members {
            program += """
                printf(" %zu %zu", offsetof(\(type.name), \(member.name)), sizeof(((\(type.name) *)0)->\(member.name)));

                """
        }
        program += "printf(\"\\n\");\n"
    }
    let source = try folder.write(program + "return 0;\n}\n", to: "layout.c")
    let built = try Tool.run("cc", ["-I\(include.path)", source, "-o", folder.path("layout")])
    try #require(built.status == 0, "\(built.output)")
    let lines = try Tool.run(folder.path("layout"), []).output.split(separator: "\n")
    try #require(lines.count == structs.count)
    return zip(structs, lines).map { type, line in
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        let fields = type.members.enumerated().map { index, member in
            Field(name: member.name, offset: numbers[1 + 2 * index], size: numbers[2 + 2 * index])
        }
        return Layout(name: type.name, size: numbers[0], fields: fields)
    }
}

@Suite("The layout of the structs")
struct LayoutTests {
    static func headers() throws -> [HeaderText] {
        try Repository.headerNames().map {
            HeaderText(try Repository.text(of: Repository.headers.appendingPathComponent($0)))
        }
    }

    @Test("No struct has padding that no field names")
    func noHoles() throws {
        let structs = try Self.headers().flatMap(\.structs)
        let holes = try layouts(of: structs, prelude: "#include <modhost/modhost.h>").flatMap(\.holes)
        #expect(holes.isEmpty, "name the padding `reserved`: \(holes.joined(separator: "; "))")
    }

    @Test("Padding in the middle and at the end of a struct is found")
    func holesAreFound() throws {
        let text = """
            #include <stddef.h>
            #include <stdint.h>
            typedef struct mh_leaky {
                uint32_t struct_size;
                void *ctx;
                uint16_t last;
            } mh_leaky;
            """
        let found = try layouts(of: HeaderText(text).structs, prelude: text).flatMap(\.holes)
        #expect(found == ["4 bytes before mh_leaky.ctx", "6 bytes at the end of mh_leaky"])
    }

    @Test(
        "Sizes, offsets and constants of every minor version hold, as C and as C++", arguments: Dialect.all, ["1.0", "1.1"])
    func goldenLayoutHolds(dialect: Dialect, version: String) throws {
        let outcome = try dialect.check(Repository.abi.appendingPathComponent("\(version)/layout.c").path)
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test("Every minor version has its golden layout")
    func everyVersionHasALayout() throws {
        let minor = try #require(
            try Repository.text(of: Repository.headers.appendingPathComponent("base.h")).split(separator: "\n")
                .first { $0.hasPrefix("#define MH_ABI_MINOR ") }?.split(separator: " ").last.flatMap { Int($0) })
        for version in 0...minor {
            let file = Repository.abi.appendingPathComponent("1.\(version)/layout.c")
            #expect(FileManager.default.fileExists(atPath: file.path), "\(file.path) is missing")
        }
    }

    @Test("A field that is moved, resized or renamed, and a constant that is changed, are refused")
    func goldenLayoutCanFail() throws {
        let changes = [
            (
                "module.h", "    uint16_t abi_major; /* MH_ABI_MAJOR of the host */\n    uint16_t abi_minor;",
                "    uint16_t abi_minor; /* MH_ABI_MAJOR of the host */\n    uint16_t abi_major;"
            ),
            ("net.h", "int64_t group_id;", "int64_t gid;"),
            ("loop.h", "    int64_t interval;", "    int64_t more;\n    int64_t interval;"),
            ("base.h", "#define MH_E_IO (-7)", "#define MH_E_IO (-8)"),
            ("base.h", "    size_t len;\n", "    size_t len;\n    size_t more;\n"),
        ]
        for (name, from, to) in changes {
            let altered = try AlteredHeaders(name, replacing: from, with: to)
            let outcome = try Dialect(compiler: "cc", standard: "c11").check(
                Repository.abi.appendingPathComponent("1.0/layout.c").path, include: altered.include)
            #expect(outcome.status != 0, "\(name): \(from)")
        }
    }

    @Test("Golden layouts name every struct, field and constant of the headers")
    func goldenLayoutIsWhole() throws {
        var golden = ""
        for version in try Repository.names(in: Repository.abi, suffix: "") {
            let file = Repository.abi.appendingPathComponent("\(version)/layout.c")
            if FileManager.default.fileExists(atPath: file.path) { golden += try Repository.text(of: file) }
        }
        for header in try Self.headers() {
            for type in header.structs {
                let kind = HeaderLint.frozen.contains(type.name) ? "FROZEN" : "GROWS"
                #expect(golden.contains("\n\(kind)(\(type.name), "), "\(type.name) is missing")
                for member in type.members {
                    #expect(
                        golden.contains("\nFIELD(\(type.name), \(member.name), "),
                        "\(type.name).\(member.name) is missing")
                }
            }
            for constant in Self.numbers(in: header) where constant != "MH_ABI_MINOR" {
                #expect(golden.contains("\nVALUE(\(constant), "), "\(constant) is missing")
            }
        }
    }

    @Test("The canary reaches every struct of the headers")
    func canaryIsWhole() throws {
        let canary = try Repository.text(of: Repository.abi.appendingPathComponent("canary.c"))
        for type in try Self.headers().flatMap(\.structs) {
            #expect(canary.contains("CANARY(\(type.name))\n"), "\(type.name) is missing")
        }
    }

    /// The names of the macros that are plain numbers.
    private static func numbers(in header: HeaderText) -> [String] {
        header.directives.compactMap { directive in
            let words = directive.text.split(whereSeparator: { $0 == " " || $0 == "\n" })
            guard words.count >= 3, words[0] == "#define", words[1].hasPrefix("MH_"), !words[1].contains("(")
            else {
                return nil
            }
            let value = words[2].drop { $0 == "(" || $0 == "-" }
            return value.first?.isNumber == true ? String(words[1]) : nil
        }
    }
}
