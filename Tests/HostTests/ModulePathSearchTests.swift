import TestSupport
import Testing

@testable import Host

@Suite("Where a module's file is looked for")
struct ModulePathSearchTests {
    private let files: TemporaryDirectory
    private let search: ModulePathSearch

    init() throws {
        files = try TemporaryDirectory()
        for name in [
            "one/acc.so", "one/libflat.so", "two/libacc.so", "two/htable.so", "two/libx.so", "own/my.so", "one/plain",
        ] {
            try files.write("x", to: name)
        }
        try files.makeDirectory("one/folder.so")
        search = ModulePathSearch(directories: [files.file("one"), files.file("two")])
    }

    @Test(
        "A name finds NAME.so or libNAME.so in the first folder that has one",
        arguments: [
            ("acc", "one/acc.so"), ("acc.so", "one/acc.so"), ("flat", "one/libflat.so"), ("flat.so", "one/libflat.so"),
            ("libflat.so", "one/libflat.so"), ("libflat", "one/libflat.so"), ("htable", "two/htable.so"),
            ("x", "two/libx.so"),
            ("./own/my.so", "own/my.so"), ("own/my", "own/my.so"),
        ])
    func found(name: String, file: String) throws {
        switch search.find(name, relativeTo: files.path) {
        case .found(let path): #expect(path.replacing("/./", with: "/") == files.file(file))
        case .missing(let tried): Issue.record("\(name) is not found among \(tried)")
        }
    }

    @Test("An absolute path is taken as it is")
    func absolute() {
        #expect(search.find(files.file("own/my.so"), relativeTo: "/nowhere") == .found(files.file("own/my.so")))
    }

    @Test("Folders and files without .so are no modules")
    func others() {
        for name in ["folder", "folder.so", "plain"] {
            guard case .missing = search.find(name, relativeTo: files.path) else {
                Issue.record("\(name) is found")
                continue
            }
        }
    }

    @Test("What is missing lists every place that was looked at, in order")
    func missing() {
        #expect(
            search.find("nope", relativeTo: "/")
                == .missing(tried: ["one/nope.so", "one/libnope.so", "two/nope.so", "two/libnope.so"].map(files.file)))
        #expect(
            search.find("sub/nope.so", relativeTo: "/base")
                == .missing(tried: ["/base/sub/nope.so", "/base/sub/libnope.so"]))
    }

    @Test(
        "Paths become absolute without touching links",
        arguments: [
            ("/a/b", "/a/b"), ("x/y", "/base/x/y"), ("./x", "/base/x"), ("././x", "/base/x"), (".", "/base"),
            ("./", "/base"),
            ("../x", "/base/../x"),
        ])
    func absolutePaths(path: String, expected: String) { #expect(absolutePath(path, relativeTo: "/base") == expected) }

    @Test("The directory of a file is the part before its last slash")
    func directories() {
        #expect(directory(of: "/etc/modhost/modules.conf") == "/etc/modhost")
        #expect(directory(of: "/modules.conf") == "/")
        #expect(directory(of: "modules.conf") == workingDirectory())
    }
}
