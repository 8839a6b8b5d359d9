// Feeds arbitrary bytes to the configuration parser under libFuzzer; no includes are served. Build it together with the
// sources of Configuration by `swiftc -parse-as-library -sanitize=fuzzer,address`, and run it on the corpus folder beside
// this one.

#if canImport(Configuration)
import Configuration
#endif

/// Called by libFuzzer for each input; always answers 0.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzConfiguration(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
    let configuration = ConfigurationFile.parse(
        text: bytes, path: "fuzz.conf", environment: ["A": "x \"y", "HOME": "/"], reader: InMemoryReader())
    for diagnostic in configuration.diagnostics {
        let text = configuration.render(diagnostic, colour: true)
        precondition(!text.isEmpty && diagnostic.location.line > 0 && diagnostic.location.column > 0)
    }
    let errors = configuration.diagnostics.count { $0.severity == .error }
    precondition(errors <= 101, "more errors are shown than promised")
    return 0
}
