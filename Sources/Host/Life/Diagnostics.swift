import Configuration
import Glibc

/// Prints what is wrong with a config: to stderr, with the source line and colours on a terminal.
enum Diagnostics {
    static func print(_ diagnostic: Diagnostic, _ configuration: ParsedConfiguration) {
        let isTerminal = isatty(STDERR_FILENO) == 1
        let text =
            isTerminal
            ? configuration.render(diagnostic, colour: LogSink.shared.isColoured) : diagnostic.description
        let line = Array((text + (text.hasSuffix("\n") ? "" : "\n")).utf8)
        line.withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
