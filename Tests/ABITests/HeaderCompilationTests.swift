import Foundation
import Testing

/// A compiler with a language and its version.
struct Dialect: CustomTestStringConvertible {
    var compiler: String
    var standard: String
    var language: String { standard.hasPrefix("c++") ? "c++" : "c" }
    var testDescription: String { "\(compiler) -std=\(standard)" }

    /// Every C and C++ version of the contract, by the system's compilers, and by clang where there is one.
    static let all: [Dialect] = {
        let families = [("cc", "c++")] + (Tool.path(of: "clang") == nil ? [] : [("clang", "clang++")])
        return families.flatMap { c, cxx in
            ["c11", "c17"].map { Dialect(compiler: c, standard: $0) }
                + ["c++11", "c++14", "c++17", "c++20"].map { Dialect(compiler: cxx, standard: $0) }
        }
    }()

    /// Checks a file without writing code; every warning counts as an error.
    func check(_ file: String, include: URL = Repository.include, options: [String] = []) throws -> Outcome {
        try Tool.run(
            compiler,
            [
                "-std=\(standard)", "-x", language, "-Wall", "-Wextra", "-Wpedantic", "-Werror",
                "-fsyntax-only",
            ]
                + ["-I\(include.path)"] + options + [file])
    }
}

@Suite("The public headers compile wherever a module author may be")
struct HeaderCompilationTests {
    @Test("Each header compiles alone, twice over, without a warning", arguments: Dialect.all)
    func headersCompile(dialect: Dialect) throws {
        let folder = try TemporaryFolder()
        for name in try Repository.headerNames() {
            // Twice: the include guard holds. Alone: it includes what it needs.
            let file = try folder.write(
                "#include <modhost/\(name)>\n#include <modhost/\(name)>\nint modhost_is_used;\n",
                to: "\(name).c")
            let outcome = try dialect.check(file)
            #expect(outcome.status == 0, "\(name): \(outcome.output)")
        }
    }

    @Test(
        "The inline functions and macros that authors use compile without a warning", arguments: Dialect.all)
    func macrosCompile(dialect: Dialect) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            """
            #include <modhost/modhost.h>
            MH_MODULE_NOTE("name=a\\nversion=1\\nabi=1.0\\n");
            static const mh_str words[] = {MH_STR("one"), MH_STR(""), MH_EMPTY_STR};
            static const mh_array all = MH_ARRAY(words);
            static const mh_array none = MH_EMPTY_ARRAY;
            int32_t use(const mh_log_service *log, const mh_error *err);
            int32_t use(const mh_log_service *log, const mh_error *err) {
                mh_value values[5];
                mh_str copy;
                values[0] = mh_int(1);
                values[1] = mh_float(2.5);
                values[2] = mh_text(mh_cstr("three"));
                values[3] = mh_bool(4);
                values[4] = mh_null();
                mh_read_struct(&copy, sizeof(copy), mh_array_at(&all, 0), sizeof(words[0]));
                if (!MH_HAS(log, write) || none.count) return mh_fail(err, MH_E_ABI, "too old");
                return mh_str_equal(copy, words[1]) || values[0].type == MH_NULL
                    || mh_bytes(words, 3).len == 3;
            }

            """, to: "use.c")
        let outcome = try dialect.check(file)
        #expect(outcome.status == 0, "\(outcome.output)")
    }

    @Test("A header with a warning does not pass: the check can fail")
    func warningsFail() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "#include <modhost/modhost.h>\nint f(int unused) { return 0; }\n", to: "bad.c")
        let outcome = try Dialect(compiler: "cc", standard: "c11").check(file)
        #expect(outcome.status != 0)
        #expect(outcome.output.contains("unused"))
    }
}
