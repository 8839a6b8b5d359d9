// The `s` class, third part: texts that are to stand inside others.

extension TextOperations {
    static let escapes: [TextOperation] = [
        .text("escape.common") { text, _ in .text(escapedCommon(text)) },
        .text("unescape.common") { text, _ in .text(unescapedCommon(text)) },
        .text("escape.user") { text, _ in .text(percentEncoded(text, keeping: "-_.!~*'();?&=+$,")) },
        .text("unescape.user") { text, _ in .text(try percentDecoded(text)) },
        .text("escape.param") { text, _ in .text(percentEncoded(text, keeping: "-_.!~*'():/&+$[]")) },
        .text("unescape.param") { text, _ in .text(try percentDecoded(text)) },
        .text("urlencode.param") { text, _ in .text(percentEncoded(text, keeping: "-_.~")) },
        .text("urldecode.param") { text, _ in .text(urlDecoded(text)) },
        .text("escape.csv") { text, _ in .text([0x22] + text.flatMap { $0 == 0x22 ? [0x22, 0x22] : [$0] } + [0x22]) },
    ]
}

/// A backslash before `'`, `"` and `\`, and `\0` for NUL.
private func escapedCommon(_ text: [UInt8]) -> [UInt8] {
    text.flatMap { byte -> [UInt8] in
        switch byte {
        case 0x22, 0x27, 0x5C: [0x5C, byte]
        case 0: [0x5C, 0x30]
        default: [byte]
        }
    }
}

private func unescapedCommon(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
        if text[index] == 0x5C, index + 1 < text.count, [0x22, 0x27, 0x5C, 0x30].contains(text[index + 1]) {
            index += 1
            result.append(text[index] == 0x30 ? 0 : text[index])
        } else {
            result.append(text[index])
        }
        index += 1
    }
    return result
}

/// ASCII letters, digits and the given characters as they are, `%xx` for each other byte.
private func percentEncoded(_ text: [UInt8], keeping kept: String) -> [UInt8] {
    let kept = Array(kept.utf8)
    return text.flatMap { byte -> [UInt8] in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: [byte]
        default: kept.contains(byte) ? [byte] : [UInt8(ascii: "%")] + hexadecimal([byte])
        }
    }
}

/// The byte that `%xx` at the index stands for.
private func percentByte(_ text: [UInt8], _ index: Int) -> UInt8? {
    guard index + 2 < text.count, let high = hexadecimalDigit(text[index + 1]), let low = hexadecimalDigit(text[index + 2])
    else { return nil }
    return high << 4 | low
}

private func percentDecoded(_ text: [UInt8]) throws(ScriptError) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
        if text[index] == UInt8(ascii: "%") {
            guard let byte = percentByte(text, index) else {
                throw ScriptError(
                    "found \(ScriptValue.text(Array(text[index...].prefix(3)))), expected '%' and two hexadecimal digits")
            }
            result.append(byte)
            index += 3
        } else {
            result.append(text[index])
            index += 1
        }
    }
    return result
}

/// As in forms of the web: `+` is a space, and a `%` that begins nothing is itself.
private func urlDecoded(_ text: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    var index = 0
    while index < text.count {
        if text[index] == UInt8(ascii: "%"), let byte = percentByte(text, index) {
            result.append(byte)
            index += 3
        } else {
            result.append(text[index] == UInt8(ascii: "+") ? 0x20 : text[index])
            index += 1
        }
    }
    return result
}
