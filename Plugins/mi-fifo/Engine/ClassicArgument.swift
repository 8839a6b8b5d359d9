// One argument of the classic text protocol and how its lines are read. The grammar is the one that clients of
// Kamailio 4's mi_fifo use, without that module's slips: see Documentation/modules/mi-fifo.md.

/// An argument: `value`, `"value"`, `name::value` or `name:: "value"`.
public struct ClassicArgument: Equatable, Sendable {
    /// Empty: positional.
    public var name: [UInt8]
    public var value: [UInt8]
    /// The whole argument as it was written, blanks at both ends removed: `c::d`, which may turn out to be a
    /// value.
    public var text: [UInt8]

    public init(name: [UInt8] = [], value: [UInt8], text: [UInt8]? = nil) {
        self.name = name
        self.value = value
        self.text = text ?? value
    }
}

/// Reads argument lines one after another; a quoted value may span several.
struct ArgumentReader {
    enum Outcome: Equatable {
        case argument(ClassicArgument)
        /// A quoted value goes on in the next line.
        case unfinished
        case invalid(String)
    }

    /// The argument whose quotes are open.
    private var open: ClassicArgument?

    var isInQuotes: Bool { open != nil }

    /// Takes one line, without its line end; it holds something other than blanks, or quotes are open.
    mutating func take(_ line: ArraySlice<UInt8>) -> Outcome {
        if var argument = open {
            open = nil
            argument.value.append(UInt8(ascii: "\n"))
            argument.text.append(UInt8(ascii: "\n"))
            return readQuoted(line, into: argument)
        }
        let text = trimmed(line)
        if text.first == UInt8(ascii: "\"") {
            return readQuoted(text.dropFirst(), into: ClassicArgument(value: [], text: [UInt8(ascii: "\"")]))
        }
        let separator = Self.separator(in: text)
        if let separator, separator > text.startIndex {
            let name = trimmed(text[..<separator])
            let value = trimmed(text[(separator + 2)...])
            if let problem = Self.strayQuote(in: name) { return problem }
            if value.first == UInt8(ascii: "\"") {
                let start = value.startIndex + 1
                return readQuoted(
                    text[start...],
                    into: ClassicArgument(name: Array(name), value: [], text: Array(text[..<start])))
            }
            if let problem = Self.strayQuote(in: value) { return problem }
            return .argument(ClassicArgument(name: Array(name), value: Array(value), text: Array(text)))
        }
        if let problem = Self.strayQuote(in: text) { return problem }
        return .argument(ClassicArgument(value: Array(text)))
    }

    /// Reads on in quotes: only `\"` is an escape; after the closing quote only blanks may follow.
    private mutating func readQuoted(_ line: ArraySlice<UInt8>, into begun: ClassicArgument) -> Outcome {
        var argument = begun
        var index = line.startIndex
        while index < line.endIndex {
            let byte = line[index]
            if byte == UInt8(ascii: "\\"), index + 1 < line.endIndex, line[index + 1] == UInt8(ascii: "\"") {
                argument.value.append(UInt8(ascii: "\""))
                index += 2
                continue
            }
            if byte == UInt8(ascii: "\"") {
                let rest = trimmed(line[(index + 1)...])
                guard rest.isEmpty else {
                    return .invalid(
                        "found \(quoted(rest)) after the closing quote, expected the end of the line")
                }
                argument.text += line[...index]
                return .argument(argument)
            }
            argument.value.append(byte)
            index += 1
        }
        argument.text += line
        open = argument
        return .unfinished
    }

    private static func strayQuote(in text: ArraySlice<UInt8>) -> Outcome? {
        guard text.contains(UInt8(ascii: "\"")) else { return nil }
        return .invalid(
            "found a quote inside the unquoted text \(quoted(text)); put the whole value in quotes and write \\\" inside"
        )
    }

    /// The position of the first `::`.
    private static func separator(in text: ArraySlice<UInt8>) -> Int? {
        var index = text.startIndex
        while index + 1 < text.endIndex {
            if text[index] == UInt8(ascii: ":"), text[index + 1] == UInt8(ascii: ":") { return index }
            index += 1
        }
        return nil
    }
}

/// Space, tab, carriage return and line feed.
@inline(__always)
func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
        || byte == UInt8(ascii: "\n")
}

func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var text = text
    while let first = text.first, isBlank(first) { text.removeFirst() }
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
}
