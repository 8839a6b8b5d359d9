import Foundation
import Glibc

/// A directory of a test's own, removed with all that is in it when the last reference goes.
public final class TemporaryDirectory: Sendable {
    /// Its absolute path, without links and short enough for the sockets in it.
    public let path: String

    /// Makes an empty directory under TMPDIR, else under /tmp.
    public init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/modhost.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, let resolved = realpath(template, nil) else {
            throw TestFailure("no temporary directory in \(parent): \(systemText(errno))")
        }
        defer { free(resolved) }
        path = String(cString: resolved)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a name in the directory.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and the directories above it; returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String {
        try write(Array(text.utf8), to: name)
    }

    /// Writes a file of any bytes and the directories above it; returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let url = URL(fileURLWithPath: file(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        return url.path
    }

    /// Makes a directory and those above it; returns its path.
    @discardableResult
    public func makeDirectory(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: file(name), withIntermediateDirectories: true)
        return file(name)
    }

    /// The content of a file; empty where there is none.
    public func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }

    /// The content of a file as bytes; empty where there is none.
    public func bytes(_ name: String) -> [UInt8] {
        FileManager.default.contents(atPath: file(name)).map { [UInt8]($0) } ?? []
    }

    /// Whether something of that name exists; a dangling link counts.
    public func contains(_ name: String) -> Bool {
        var status = stat()
        return lstat(file(name), &status) == 0
    }

    /// The names in the directory, or in one below it, sorted.
    public func names(in name: String = "") -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: file(name))) ?? []).sorted()
    }
}
