// include_file and import_file, with or without `#!`. A relative name is looked for beside the file that includes it,
// and then in the working directory.

extension Preprocessor {
    /// Obeys `#!include_file "name"`.
    mutating func include(_ directive: Directive, in source: Source, mayBeMissing: Bool) {
        guard let (name, location) = quotedArgument(directive, in: source, what: "a file name in quotes")
        else {
            return
        }
        include(name, at: location, mayBeMissing: mayBeMissing)
    }

    /// Obeys `include_file "name"` without `#!`, of which the word has been read.
    mutating func include(after word: Token, lexer: inout Lexer, mayBeMissing: Bool) {
        closeString()
        let before = lexer
        let lexeme = lexer.next()
        guard case .token(let token) = lexeme, case .string(let string) = token.kind else {
            return reportFileName(after: word, found: lexeme, before: before, lexer: &lexer)
        }
        guard let name = string.text else {
            return log.error(
                at: token.location, "found bytes that are not text in \(token.summary), expected UTF-8")
        }
        include(name, at: token.location, mayBeMissing: mayBeMissing)
        beginLine()
    }

    /// Says that no file name follows, and goes on with the next line.
    private mutating func reportFileName(after word: Token, found: Lexeme, before: Lexer, lexer: inout Lexer) {
        var text = "the end of the line"
        var place = word.end ?? word.location
        var isOnLine = false
        if case .token(let token) = found, !token.startsLine {
            isOnLine = true
            text = token.summary
            place = token.location
            if token.kind == .invalid { text = "" }
        }
        if !text.isEmpty {
            log.error(
                at: place, "found \(text) after '\(word.spelling)', expected a file name in quotes",
                hint: "write \(word.spelling) \"name.conf\"")
        }
        if isOnLine { lexer.passLine() } else { lexer = before }
        beginLine()
    }

    private mutating func include(_ written: String, at location: SourceLocation, mayBeMissing: Bool) {
        guard let changed = substituted(Array(written.utf8), at: location) else { return }
        guard let name = ByteString(bytes: changed).text, !name.isEmpty else {
            return log.error(at: location, "found an empty file name, expected the file to include")
        }
        guard openFiles.count <= Limit.includeDepth else {
            return log.error(
                at: location,
                "found files that include one another more than \(Limit.includeDepth) deep: \(chain(to: name, at: location))"
            )
        }
        guard filesRead < Limit.files else {
            log.error(at: location, "found more than \(Limit.files) files to include, expected fewer")
            return stop()
        }
        guard let (path, file) = find(name, at: location, mayBeMissing: mayBeMissing) else { return }
        guard !openFiles.contains(where: { $0.identity == file.identity }) else {
            return log.error(
                at: location, "found a file that includes itself: \(chain(to: path, at: location))",
                hint: "remove one of these lines")
        }
        read(file, path: path, includedFrom: location)
    }

    /// Reads a file that was found, unless it is no text.
    mutating func read(_ file: SourceFile, path: String, includedFrom: SourceLocation?) {
        filesRead += 1
        bytesRead += file.bytes.count
        if sources[path] == nil { files.append(path) }
        guard bytesRead <= Limit.bytes else {
            log.error(
                at: includedFrom ?? SourceLocation(file: path, line: 1, column: 1),
                "found more than \(Limit.bytes >> 20) MiB in all files together, expected a smaller configuration"
            )
            return stop()
        }
        let source = Source(path: path, bytes: file.bytes)
        sources[path] = source
        if let problem = source.problem() { return log.report(problem) }
        openFiles.append(OpenFile(path: path, identity: file.identity, includedFrom: includedFrom))
        process(source)
        openFiles.removeLast()
    }

    /// The file that a name means. Kamailio looks in the working directory first; a daemon's working directory is
    /// often `/` and says nothing about its configuration, so the including file's directory goes first here. Where
    /// both have such a file and the two differ, a warning says which one was taken.
    private func find(
        _ name: String, at location: SourceLocation, mayBeMissing: Bool
    ) -> (path: String, file: SourceFile)? {
        let beside = Self.path(of: name, besides: openFiles.last?.path ?? "")
        let candidates = beside == name ? [name] : [beside, name]
        for (index, path) in candidates.enumerated() {
            do {
                let file = try reader.read(path)
                if index == 0, candidates.count == 2, let other = try? reader.read(name),
                    other.identity != file.identity, other.bytes != file.bytes
                {
                    log.report(
                        Diagnostic(
                            .warning, at: location,
                            "found \"\(name)\" beside the including file and in the working directory; "
                                + "the one beside it is read: \(path)",
                            hint: "Kamailio takes the other one; give a full path"))
                }
                return (path, file)
            } catch .missing {
                continue
            } catch {
                log.error(at: location, "cannot include \"\(path)\": \(error)")
                return nil
            }
        }
        if !mayBeMissing {
            let places = candidates.map { "\"\($0)\"" }.joined(separator: " and ")
            log.error(
                at: location, "found no file \(places), expected the file to include",
                hint: "import_file passes over a missing file")
        }
        return nil
    }

    /// `name` in the directory of the file at `path`; `name` itself if it is absolute.
    static func path(of name: String, besides path: String) -> String {
        guard !name.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return name }
        return String(path[...slash]) + name
    }

    /// `a.conf:3 -> b.conf:1 -> name`: how the files led here.
    private func chain(to name: String, at location: SourceLocation) -> String {
        var steps: [String] = []
        for (index, file) in openFiles.enumerated() {
            let next = index + 1 < openFiles.count ? openFiles[index + 1].includedFrom : location
            steps.append("\(file.path):\((next ?? location).line)")
        }
        steps.append(name)
        return steps.joined(separator: " -> ")
    }
}
