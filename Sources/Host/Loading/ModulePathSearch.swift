import Glibc

/// Finds a module's file by the rules of `loadmodule`: absolute paths only reach the dynamic linker.
struct ModulePathSearch: Sendable {
    /// Directories in the order in which they are searched, absolute.
    var directories: [String]

    enum Outcome: Equatable {
        case found(String)
        case missing(tried: [String])
    }

    /// `flatstore`, `flatstore.so`, `libflatstore.so`, `./x/flatstore.so`, `/usr/lib/x.so`.
    func find(_ name: String, relativeTo base: String) -> Outcome {
        var tried: [String] = []
        func look(_ path: String) -> String? {
            tried.append(path)
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return nil }
            return path
        }
        let last = name.split(separator: "/").last.map(String.init) ?? name
        var names = [last]
        if last.hasSuffix(".so") {
            if !last.hasPrefix("lib") { names.append("lib" + last) }
        } else {
            names.append(last + ".so")
            if !last.hasPrefix("lib") { names.append("lib\(last).so") }
        }
        if name.contains("/") {
            let directory = name.dropLast(last.count)
            let start = name.hasPrefix("/") ? "" : base + "/"
            for name in names {
                if let path = look(start + directory + name) { return .found(path) }
            }
            return .missing(tried: tried)
        }
        // A bare name without .so never means a file of just that name: `acc` would find a data directory's file.
        if !last.hasSuffix(".so") { names.removeFirst() }
        for directory in directories {
            for name in names {
                if let path = look("\(directory)/\(name)") { return .found(path) }
            }
        }
        return .missing(tried: tried)
    }
}

/// A path made absolute against a directory, without touching links.
func absolutePath(_ path: String, relativeTo base: String) -> String {
    if path.hasPrefix("/") { return path }
    var path = Substring(path)
    while path.hasPrefix("./") { path = path.dropFirst(2) }
    return path.isEmpty || path == "." ? base : "\(base)/\(path)"
}

/// The working directory, absolute.
func workingDirectory() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}

/// The directory of a file, absolute.
func directory(of path: String) -> String {
    let whole = absolutePath(path, relativeTo: workingDirectory())
    guard let slash = whole.lastIndex(of: "/") else { return "/" }
    return slash == whole.startIndex ? "/" : String(whole[..<slash])
}
