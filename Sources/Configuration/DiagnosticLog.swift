/// Collects what the phases find and puts it into the order of the source.
///
/// The preprocessor runs over all files before the parser starts; `position`, the index of the token at hand, is
/// what brings both phases' findings back into one order.
final class DiagnosticLog {
    /// Errors that are shown; one more line says that there are others.
    static let shownErrors = 100
    /// Errors that a phase records before it gives up.
    static let recordedErrors = 200

    /// The index of the token at which a report is made.
    var position = 0
    private var entries: [(position: Int, diagnostic: Diagnostic)] = []
    private var errorsOfPhase = 0

    /// Whether the phase found so many errors that going on serves nobody.
    var isFull: Bool { errorsOfPhase >= Self.recordedErrors }

    /// Begins the next phase with an allowance of its own.
    func beginPhase() {
        errorsOfPhase = 0
    }

    /// Records one diagnostic at the current position.
    func report(_ diagnostic: Diagnostic) {
        if diagnostic.severity == .error { errorsOfPhase += 1 }
        guard errorsOfPhase <= Self.recordedErrors, entries.count < 8 * Self.recordedErrors else { return }
        entries.append((position, diagnostic))
    }

    /// Records an error at the current position.
    func error(at location: SourceLocation, _ message: String, hint: String? = nil) {
        report(Diagnostic(.error, at: location, message, hint: hint))
    }

    /// Records a note to the diagnostic before.
    func note(at location: SourceLocation, _ message: String) {
        report(Diagnostic(.note, at: location, message))
    }

    /// Everything in the order of the source, cut after ``shownErrors`` errors.
    func ordered() -> [Diagnostic] {
        // The sort must be stable: notes stand behind what they explain.
        let sorted = entries.enumerated().sorted {
            ($0.element.position, $0.offset) < ($1.element.position, $1.offset)
        }
        var result: [Diagnostic] = []
        var errors = 0
        for (_, entry) in sorted {
            if entry.diagnostic.severity == .error {
                errors += 1
                if errors > Self.shownErrors {
                    let advice = "repair the \(Self.shownErrors) above first"
                    result.append(
                        Diagnostic(.error, at: entry.diagnostic.location, "too many errors", hint: advice))
                    return result
                }
            }
            result.append(entry.diagnostic)
        }
        return result
    }
}
