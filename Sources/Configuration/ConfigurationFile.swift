import Glibc

/// A configuration as it was read: its statements, and everything that is wrong with it.
public struct ParsedConfiguration: Sendable {
    /// The good statements of all files, in order. With errors among the diagnostics some are missing.
    public let statements: [Statement]
    /// Errors, warnings and notes in the order of the source; at most 100 errors and then one that says so.
    public let diagnostics: [Diagnostic]
    /// The paths of all files that were read, the first one first, each once.
    public let files: [String]
    /// The defines as they were at the end, name to text, for `$def(NAME)` in scripts.
    public let defines: [String: String]
    private let sources: [String: Source]

    init(
        statements: [Statement], diagnostics: [Diagnostic], files: [String], defines: [String: String],
        sources: [String: Source]
    ) {
        self.statements = statements
        self.diagnostics = diagnostics
        self.files = files
        self.defines = defines
        self.sources = sources
    }

    /// Whether any diagnostic is an error: the configuration must not be used then.
    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// A diagnostic with its source line and a caret, for a terminal; also for one that the host made.
    public func render(_ diagnostic: Diagnostic, colour: Bool) -> String {
        let text = sources[diagnostic.location.file].map { source in
            String(decoding: source.bytes[source.start...], as: UTF8.self)
        }
        return diagnostic.render(source: text, colour: colour)
    }
}

/// Reads `modules.conf` and the files that it includes.
public enum ConfigurationFile {
    /// Largest file that is read, in bytes: 16 MiB.
    public static let maximumFileSize = 16 << 20

    /// Reads and parses a file with all that it includes. Never fails: what is wrong is in the diagnostics.
    ///
    /// - Parameters:
    ///   - path: The file, absolute or relative to the working directory.
    ///   - environment: What `#!defenv` and `$env(NAME)` see; the process's environment by default.
    ///   - defines: Names defined before the first line, with their values; `#!trydefine` keeps them.
    ///   - reader: Serves the files.
    public static func parse(
        path: String, environment: [String: String] = processEnvironment(), defines: [String: String] = [:],
        reader: any SourceReader = FileReader()
    ) -> ParsedConfiguration {
        let file: SourceFile
        do {
            file = try reader.read(path)
        } catch {
            let location = SourceLocation(file: path, line: 1, column: 1)
            let hint = error == .missing ? "give the configuration file with -f FILE" : nil
            let problem = Diagnostic(
                .error, at: location, "cannot read the configuration: \(error)", hint: hint)
            return ParsedConfiguration(
                statements: [], diagnostics: [problem], files: [], defines: defines, sources: [:])
        }
        return parse(file, path: path, environment: environment, defines: defines, reader: reader)
    }

    /// Parses a text with all that it includes. Never fails: what is wrong is in the diagnostics.
    ///
    /// - Parameters:
    ///   - text: The content, up to ``maximumFileSize`` bytes; need not be well-formed.
    ///   - path: The path that diagnostics name and beside which included files are looked for.
    ///   - environment: What `#!defenv` and `$env(NAME)` see.
    ///   - defines: Names defined before the first line, with their values.
    ///   - reader: Serves the included files.
    public static func parse(
        text: [UInt8], path: String, environment: [String: String] = [:], defines: [String: String] = [:],
        reader: any SourceReader
    ) -> ParsedConfiguration {
        guard text.count <= maximumFileSize else {
            let location = SourceLocation(file: path, line: 1, column: 1)
            let reason = SourceReadError.tooLarge(limit: maximumFileSize)
            let problem = Diagnostic(.error, at: location, "cannot read the configuration: \(reason)")
            return ParsedConfiguration(
                statements: [], diagnostics: [problem], files: [], defines: defines, sources: [:])
        }
        let file = SourceFile(bytes: text, identity: path)
        return parse(file, path: path, environment: environment, defines: defines, reader: reader)
    }

    /// Parses a text with all that it includes, as the function for bytes does.
    public static func parse(
        text: String, path: String, environment: [String: String] = [:], defines: [String: String] = [:],
        reader: any SourceReader
    ) -> ParsedConfiguration {
        parse(text: Array(text.utf8), path: path, environment: environment, defines: defines, reader: reader)
    }

    private static func parse(
        _ file: SourceFile, path: String, environment: [String: String], defines: [String: String],
        reader: any SourceReader
    ) -> ParsedConfiguration {
        let log = DiagnosticLog()
        var preprocessor = Preprocessor(reader: reader, environment: environment, log: log)
        for (name, value) in defines {
            let location = SourceLocation(file: "command line", line: 1, column: 1)
            preprocessor.defines[name] = Define(name: name, location: location, value: .text(value))
        }
        preprocessor.read(file, path: path, includedFrom: nil)
        let definesAtEnd = preprocessor.defines.mapValues(\.text)
        log.beginPhase()
        var parser = Parser(
            preprocessor.tokens, behind: preprocessor.pendingSeparation, of: path,
            text: VariableText(environment: environment, defines: definesAtEnd), log: log)
        // A list of tokens that ends early would only look wrong in ways that it is not.
        let statements = preprocessor.isStopped ? [] : parser.parse()
        return ParsedConfiguration(
            statements: statements, diagnostics: log.ordered(), files: preprocessor.files,
            defines: definesAtEnd,
            sources: preprocessor.sources)
    }

    /// The environment of this process. Call it before other threads change the environment.
    public static func processEnvironment() -> [String: String] {
        var result: [String: String] = [:]
        // The header promises an address; after clearenv() it is null all the same.
        var next: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        while let entry = next, let text = entry.pointee {
            let pair = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            next = entry + 1
        }
        return result
    }
}
