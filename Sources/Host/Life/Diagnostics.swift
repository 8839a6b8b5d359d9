import Configuration
import Glibc

/// Prints what is wrong with a config: to stderr, with the source line and colours on a terminal.
enum Diagnostics {
    /// Prints diagnostics in the order of the source; a note stays behind what it belongs to.
    static func print(_ diagnostics: [Diagnostic], _ configuration: ParsedConfiguration) {
        var groups: [[Diagnostic]] = []
        for diagnostic in diagnostics {
            if diagnostic.severity == .note, !groups.isEmpty {
                groups[groups.count - 1].append(diagnostic)
            } else {
                groups.append([diagnostic])
            }
        }
        func place(_ group: [Diagnostic]) -> (Int, Int, Int) {
            let location = group[0].location
            return (configuration.files.firstIndex(of: location.file) ?? 0, location.line, location.column)
        }
        for group in groups.sorted(by: { place($0) < place($1) }) {
            for diagnostic in group { print(diagnostic, configuration) }
        }
    }

    static func print(_ diagnostic: Diagnostic, _ configuration: ParsedConfiguration) {
        let isTerminal = isatty(STDERR_FILENO) == 1
        let text =
            isTerminal
            ? configuration.render(diagnostic, colour: LogSink.shared.isColoured) : diagnostic.description
        let line = Array((text + (text.hasSuffix("\n") ? "" : "\n")).utf8)
        line.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
