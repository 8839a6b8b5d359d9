import Configuration

/// What is wrong with routes, in the order of the source.
struct ProblemList {
    /// Errors that are shown; one more line says that there are others.
    static let shownErrors = 100

    private struct Entry {
        var route: Int
        var diagnostics: [Diagnostic]
    }

    /// The route that is read at the moment, by its place among the blocks.
    var route = 0
    private var entries: [Entry] = []
    private(set) var errors = 0

    /// Whether so many errors were found that going on serves nobody.
    var isFull: Bool { errors > 2 * Self.shownErrors }

    mutating func error(at location: SourceLocation, _ message: String, hint: String? = nil) {
        errors += 1
        add(Diagnostic(.error, at: location, message, hint: hint))
    }

    mutating func error(_ error: ScriptError, at location: SourceLocation) {
        self.error(at: location, error.message, hint: error.hint)
    }

    mutating func warning(at location: SourceLocation, _ message: String, hint: String? = nil) {
        add(Diagnostic(.warning, at: location, message, hint: hint))
    }

    /// Adds a note to the problem before.
    mutating func note(at location: SourceLocation, _ message: String) {
        guard let last = entries.indices.last else { return }
        entries[last].diagnostics.append(Diagnostic(.note, at: location, message))
    }

    private mutating func add(_ diagnostic: Diagnostic) {
        guard !isFull else { return }
        entries.append(Entry(route: route, diagnostics: [diagnostic]))
    }

    /// All of them, cut after ``shownErrors`` errors.
    func ordered() -> [Diagnostic] {
        let sorted = entries.enumerated().sorted { left, right in
            let first = left.element.diagnostics[0].location
            let second = right.element.diagnostics[0].location
            if left.element.route != right.element.route { return left.element.route < right.element.route }
            // A body may hold lines of included files: those keep the order in which they were found.
            guard first.file == second.file else { return left.offset < right.offset }
            return (first.line, first.column, left.offset) < (second.line, second.column, right.offset)
        }
        var result: [Diagnostic] = []
        var count = 0
        for (_, entry) in sorted {
            if entry.diagnostics[0].severity == .error {
                count += 1
                if count > Self.shownErrors {
                    let advice = "repair the \(Self.shownErrors) above first"
                    result.append(Diagnostic(.error, at: entry.diagnostics[0].location, "too many errors", hint: advice))
                    return result
                }
            }
            result += entry.diagnostics
        }
        return result
    }
}
