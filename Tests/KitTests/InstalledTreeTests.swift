import Foundation
import TestSupport
import Testing

@Suite("The installed tree")
struct InstalledTreeTests {
    @Test("Its programs run without the build tree: no file looks for libraries outside")
    func runPaths() throws {
        let tree = try InstalledTree.shared()
        for folder in ["bin", "lib/modhost"] {
            for name in try tree.files(below: folder) {
                let file = tree.file("\(folder)/\(name)")
                let dynamic = try runToEnd("readelf", ["--dynamic", "--wide", file]).output
                for line in dynamic.split(separator: "\n") where line.contains("(RUNPATH)") || line.contains("(RPATH)") {
                    let path = line.split(separator: "[").last.map { $0.dropLast() } ?? ""
                    #expect(path.hasPrefix("$ORIGIN") && !path.contains(":"), "\(file) looks in \(path)")
                }
                for line in try runToEnd("ldd", [file], environment: tree.environment).output.split(separator: "\n") {
                    #expect(!line.contains("not found"), "\(file): \(line)")
                    if line.contains("libswift") || line.contains("libFoundation") || line.contains("libdispatch") {
                        #expect(line.contains("=> \(tree.prefix)/"), "\(file): \(line)")
                    }
                }
            }
        }
        let version = try runToEnd("\(tree.file("bin"))/modhost", ["--version"], environment: tree.environment)
        #expect(version.status == 0)
        #expect(version.output.hasPrefix("modhost "))
    }

    @Test("It holds the headers, the packages of four languages and the templates")
    func contents() throws {
        let tree = try InstalledTree.shared()
        for name in [
            "include/modhost/modhost.h", "lib/pkgconfig/modhost.pc", "lib/cmake/modhost/modhost-config.cmake",
            "lib/cmake/modhost/modhost-config-version.cmake", "share/modhost/module.map",
            "share/modhost/swift/Package.swift",
            "share/modhost/swift/Sources/ModuleABI/include/modhost/modhost.h",
            "share/modhost/swift/Sources/ModuleKit/ModuleBuilder.swift", "share/modhost/rust/Cargo.toml",
            "share/modhost/rust/src/lib.rs", "share/modhost/templates/common/test.sh",
        ] {
            #expect(access(tree.file(name), R_OK) == 0, "\(name) is missing")
        }
    }

    @Test("The headers of the tree, of the Swift package and of the repository are the same")
    func headers() throws {
        let tree = try InstalledTree.shared()
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(BuiltProducts.include)/modhost")
        for name in names {
            let text = try String(contentsOfFile: "\(BuiltProducts.include)/modhost/\(name)", encoding: .utf8)
            for folder in ["include", "share/modhost/swift/Sources/ModuleABI/include"] {
                #expect(try String(contentsOfFile: tree.file("\(folder)/modhost/\(name)"), encoding: .utf8) == text)
            }
        }
    }

    @Test(
        "pkg-config knows the folders and the options that a module is built with",
        .enabled(if: Toolchain.has("pkg-config", "cc"), "pkg-config or cc is not installed: modhost.pc is NOT TRIED"))
    func packageConfiguration() throws {
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        try directory.write(
            """
            #include <modhost/modhost.h>
            MH_MODULE_NOTE("name=nothing\\nversion=1\\nabi=1.0\\n");
            static const mh_module descriptor = {
                .struct_size = sizeof(mh_module), .abi_major = 1, .name = MH_STR("nothing"), .version = MH_STR("1"),
                .summary = MH_STR("Does nothing."),
            };
            int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
                (void)offer, (void)err;
                *module = &descriptor;
                return MH_OK;
            }
            """, to: "nothing.c")
        let script = """
            set -e
            cc $(pkg-config --cflags modhost) $(pkg-config --variable=module_cflags modhost) nothing.c \
                $(pkg-config --variable=module_ldflags modhost) -o nothing.so
            printf 'loadmodule "./nothing.so"\\n' >modules.conf
            modhost -c -f modules.conf
            pkg-config --variable=moduledir modhost
            pkg-config --variable=abi modhost
            """
        let done = try runToEnd("sh", ["-c", script], directory: directory.path, environment: tree.environment)
        #expect(done.status == 0, "\(done.errors)")
        let base = try String(contentsOfFile: tree.file("include/modhost/base.h"), encoding: .utf8)
        let minor = try #require(base.firstMatch(of: /MH_ABI_MINOR (\d+)/)?.1)
        #expect(done.output.hasSuffix("\(tree.prefix)/lib/modhost/modules\n1.\(minor)\n"), "\(done.output)")
    }

    @Test(
        "CMake refuses a module's name that the host would refuse, and a modhost that is too old",
        .enabled(if: Toolchain.has("cmake", "c++"), "cmake is not installed: its package is NOT TRIED"),
        arguments: [
            ("find_package(modhost CONFIG REQUIRED)\nmodhost_add_module(Hello m.cpp)", "cannot be a module's name"),
            ("find_package(modhost CONFIG REQUIRED)\nmodhost_add_module(hello)", "name the source files"),
            ("find_package(modhost 99 CONFIG REQUIRED)", "requested version \"99\""),
        ])
    func cmakeRefusals(lines: String, text: String) throws {
        let tree = try InstalledTree.shared()
        let directory = try TemporaryDirectory()
        try directory.write(
            "cmake_minimum_required(VERSION 3.20)\nproject(x LANGUAGES CXX)\n\(lines)\n", to: "CMakeLists.txt")
        let done = try runToEnd(
            "cmake", ["-S", ".", "-B", "build", "-DCMAKE_PREFIX_PATH=\(tree.prefix)"], directory: directory.path,
            environment: tree.environment)
        #expect(done.status != 0)
        #expect(done.errors.replacing("\n", with: " ").contains(text), "\(done.errors)")
    }
}
