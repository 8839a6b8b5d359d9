/// Serves the files that a configuration consists of.
///
/// ``FileReader`` reads the real ones; a test or an editor can serve others.
public protocol SourceReader: Sendable {
    /// Reads one file.
    ///
    /// - Parameter path: The path, absolute or relative to the working directory.
    /// - Throws: ``SourceReadError``.
    func read(_ path: String) throws(SourceReadError) -> SourceFile
}

/// A file as read.
public struct SourceFile: Hashable, Sendable {
    /// The content.
    public var bytes: [UInt8]
    /// The same for two paths exactly when they lead to the same file; include loops are found by it.
    public var identity: String

    /// Makes a file.
    public init(bytes: [UInt8], identity: String) {
        self.bytes = bytes
        self.identity = identity
    }
}

/// Why a file could not be read.
public enum SourceReadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is none.
    case missing
    /// The path leads to something else: "a directory", "a FIFO"…
    case notAFile(kind: String)
    /// It has more bytes than a configuration may have.
    case tooLarge(limit: Int)
    /// The system refuses, with its reason.
    case refused(reason: String)

    /// What was found, and what was expected where that is not plain.
    public var description: String {
        switch self {
        case .missing: "found no such file"
        case .notAFile(let kind): "found \(kind), expected a regular file"
        case .tooLarge(let limit): "found more than \(limit >> 20) MiB, expected a configuration file"
        case .refused(let reason): "found a file that cannot be read: \(reason)"
        }
    }
}

/// Serves files from memory, by their exact path.
public struct InMemoryReader: SourceReader {
    private let files: [String: [UInt8]]

    /// Makes a reader that serves `files`, none by default.
    public init(_ files: [String: [UInt8]] = [:]) {
        self.files = files
    }

    public func read(_ path: String) throws(SourceReadError) -> SourceFile {
        guard let bytes = files[path] else { throw .missing }
        guard bytes.count <= ConfigurationFile.maximumFileSize else {
            throw .tooLarge(limit: ConfigurationFile.maximumFileSize)
        }
        return SourceFile(bytes: bytes, identity: path)
    }
}
