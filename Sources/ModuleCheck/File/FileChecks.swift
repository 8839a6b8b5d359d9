import Glibc

/// The checks of the file itself; no code of the module runs.
enum FileChecks {
    static let entry = "mh_module_entry_v1"

    static func run(path: String) -> [Finding] {
        guard let bytes = contents(of: path), let image = ElfImage(bytes: bytes) else { return [] }
        return symbols(image) + linking(image) + searchPaths(image, of: path) + buildPaths(image) + debug(image)
    }

    static func symbols(_ image: ElfImage) -> [Finding] {
        let visible = image.symbols.filter {
            $0.isDefined && ($0.visibility == 0 || $0.visibility == 3) && $0.binding != 0 && !$0.name.isEmpty
                && $0.name != entry && !["_init", "_fini", "__bss_start", "_edata", "_end"].contains($0.name)
        }
        var findings: [Finding] = []
        let strong = visible.filter { $0.binding == 1 }.map(\.name)
        let weak = visible.filter { $0.binding != 1 }.map(\.name)
        if !strong.isEmpty {
            findings.append(Finding(.extraSymbol, "it exports \(list(strong, "symbol")) besides \(entry)"))
        }
        if !weak.isEmpty { findings.append(Finding(.weakSymbol, "it exports \(list(weak, "weak symbol"))")) }
        return findings
    }

    static func linking(_ image: ElfImage) -> [Finding] {
        var findings: [Finding] = []
        if !image.bindsNow { findings.append(Finding(.lazyBinding, "its dynamic section has no BIND_NOW")) }
        if !image.neverUnloads { findings.append(Finding(.unloadable, "its dynamic section has no NODELETE")) }
        if image.hasExecutableStack {
            findings.append(Finding(.executableStack, "its PT_GNU_STACK header is missing or asks for an executable stack"))
        }
        if image.hasTextRelocations { findings.append(Finding(.textRelocations, "its dynamic section has TEXTREL")) }
        return findings
    }

    static func searchPaths(_ image: ElfImage, of path: String) -> [Finding] {
        var findings: [Finding] = []
        let buildDirectories: Set<Substring> = ["build", ".build", "_build", "target", "CMakeFiles", "DerivedData", "obj"]
        for whole in image.searchPaths {
            for part in whole.split(separator: ":", omittingEmptySubsequences: false) {
                let words = part.split(separator: "/")
                let isOrigin = part.hasPrefix("$ORIGIN") || part.hasPrefix("${ORIGIN}")
                let isPrivate = ["/home/", "/root/", "/tmp/", "/var/tmp/", "/build/", "/Users/"].contains {
                    part.hasPrefix($0)
                }
                if isPrivate || words.contains(where: buildDirectories.contains) {
                    findings.append(Finding(.buildTreeRunpath, "its library search path has \(part)"))
                } else if !isOrigin, !part.hasPrefix("/") {
                    findings.append(
                        Finding(
                            .buildTreeRunpath,
                            "its library search path has '\(part)', which counts from the working directory of whoever loads it"
                        ))
                } else if !isOrigin, !["/usr/", "/lib/", "/lib64/"].contains(where: { "\(part)/".hasPrefix($0) }) {
                    findings.append(Finding(.oddRunpath, "its library search path has \(part)"))
                }
            }
        }
        return findings
    }

    /// Absolute paths of source files and of home directories in what is mapped; debug sections are not.
    static func buildPaths(_ image: ElfImage) -> [Finding] {
        var found: [String] = []
        for range in image.loaded.prefix(64) {
            var start: Int?
            for index in range {
                let byte = image.bytes[index]
                if byte >= 0x21 && byte < 0x7F {
                    if start == nil, byte == UInt8(ascii: "/") { start = index }
                } else if let from = start {
                    start = nil
                    guard byte == 0 || byte == 0x20 || byte == 0x0A, index - from >= 6, index - from < 4096 else { continue }
                    let text = String(decoding: image.bytes[from..<index], as: UTF8.self)
                    if isBuildPath(text), !found.contains(text), !image.searchPaths.contains(text) { found.append(text) }
                }
            }
        }
        return found.isEmpty ? [] : [Finding(.buildPath, "it holds \(list(found, "path"))")]
    }

    static func isBuildPath(_ text: String) -> Bool {
        let words = text.split(separator: "/")
        guard words.count >= 2 else { return false }
        if ["/home/", "/root/", "/Users/"].contains(where: { text.hasPrefix($0) }) { return true }
        guard !["/usr/", "/rustc/", "/rust/deps/", "/lib/"].contains(where: { text.hasPrefix($0) }), let last = words.last
        else {
            return false
        }
        return [".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".swift", ".rs", ".o"].contains { last.hasSuffix($0) }
    }

    static func debug(_ image: ElfImage) -> [Finding] {
        let size = image.sectionNames.filter { $0.name.hasPrefix(".debug_") }.reduce(0) { $0 + $1.size }
        return size == 0 ? [] : [Finding(.debugInformation, "it carries \(size / 1024) KiB of debug information")]
    }

    private static func list(_ names: [String], _ word: String) -> String {
        let shown = names.prefix(3).map { $0.count > 80 ? $0.prefix(80) + "…" : $0 }.joined(separator: ", ")
        return names.count > 3
            ? "\(names.count) \(word)s (\(shown), …)" : "the \(word)\(names.count == 1 ? "" : "s") \(shown)"
    }

    /// A whole file; nil when it cannot be read or has more than 1 GiB.
    static func contents(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 30 else {
            return nil
        }
        let size = Int(status.st_size)
        var isShort = false
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { target, used in
            used = 0
            while used < size {
                let got = read(descriptor, target.baseAddress.map { $0 + used }, size - used)
                if got > 0 {
                    used += got
                } else if got == 0 || errno != EINTR {
                    isShort = true
                    return
                }
            }
        }
        return isShort ? nil : bytes
    }
}
