// The `s` class, first part: length, pieces, case, white space and replacement. The rules are those of Kamailio's
// transformations cookbook.

extension TextOperations {
    /// `{s.…}`
    static let string = TextOperations(
        name: "s",
        pieces + cuts + spaces + [
            .measure("len") { Int64($0.count) },
            .text("int") { text, _ in ScriptValue.decimalInteger(in: text).map { .integer($0) } ?? .null },
            .text("toupper") { text, _ in .text(text.map { (0x61...0x7A).contains($0) ? $0 - 0x20 : $0 }) },
            .text("tolower") { text, _ in .text(text.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }) },
            .text("numeric") { text, _ in .text(text.filter { (0x30...0x39).contains($0) }) },
            .text("rm", .text) { text, arguments in .text(try text.replacing(arguments.text(0), with: [])) },
            .text("replace", .text, .text) { text, arguments in
                .text(try text.replacing(arguments.text(0), with: arguments.text(1)))
            },
            .text("count", .byte) { text, arguments in
                let wanted = try arguments.byte(0)
                return .integer(Int64(text.count { $0 == wanted }))
            },
            .text("unquote") { text, _ in .text(text.unwrapped { $0 == $1 && ($0 == 0x22 || $0 == 0x27) }) },
            .text("unbracket") { text, _ in
                .text(
                    text.unwrapped { first, last in
                        switch (first, last) {
                        case (0x28, 0x29), (0x3C, 0x3E), (0x5B, 0x5D), (0x7B, 0x7D): true
                        default: false
                        }
                    })
            },
            .text("corehash", .number, optional: 1) { text, arguments in
                let size = arguments.count == 0 ? 0 : try arguments.number(0)
                let hash = coreHash(text)
                return .text(ScriptValue.decimal(Int64(size > 0 ? hash & UInt32(truncatingIfNeeded: size &- 1) : hash)))
            },
            .text("ftime", .text) { text, arguments in
                guard let seconds = ScriptValue.integer(in: text) else {
                    throw ScriptError("found \(shown(text)) in {s.ftime}, expected seconds since 1970")
                }
                return .text(CalendarTime(local: seconds).formatted(arguments.text(0)))
            },
        ] + encodings + escapes + digests + lines)

    private static let pieces: [TextOperation] = [
        .text("substr", .number, .length) { text, arguments in
            let written = try arguments.number(0)
            let length = try arguments.length(1)
            let (sum, overflow) = written.addingReportingOverflow(Int64(text.count))
            let offset = written < 0 && !overflow ? sum : written
            guard offset >= 0, offset < text.count else {
                throw ScriptError("found the offset \(written) in {s.substr}, expected one in a text of \(text.count) bytes")
            }
            return .text(Array(text[Int(offset)...].prefix(length == 0 ? text.count : length)))
        },
        .text("select", .number, .separator) { text, arguments in
            .text(try Separator(arguments.text(1)).field(arguments.number(0), of: text))
        },
        .text("selectws", .number) { text, arguments in
            .text(try Separator(Separator.whiteSpace).field(arguments.number(0), of: text))
        },
        .text("prefixes", .number, optional: 1) { text, arguments in
            .text(try text.prefixes(upTo: arguments.count == 0 ? 0 : arguments.number(0), quote: []))
        },
        .text("prefixes.quoted", .number, optional: 1) { text, arguments in
            .text(try text.prefixes(upTo: arguments.count == 0 ? 0 : arguments.number(0), quote: [0x27]))
        },
    ]

    private static let cuts: [TextOperation] = [
        .text("strip", .number) { text, arguments in .text(Array(text.dropFirst(try arguments.count(0)))) },
        .text("striptail", .number) { text, arguments in .text(Array(text.dropLast(try arguments.count(0)))) },
        .text("stripto", .byte) { text, arguments in
            let byte = try arguments.byte(0)
            return .text(Array(text.drop { $0 != byte }))
        },
        .text("before", .byte) { text, arguments in
            let byte = try arguments.byte(0)
            return .text(Array(text.prefix { $0 != byte }))
        },
        .text("after", .byte) { text, arguments in
            let byte = try arguments.byte(0)
            return .text(Array(text.drop { $0 != byte }.dropFirst()))
        },
        .text("rbefore", .byte) { text, arguments in
            let byte = try arguments.byte(0)
            return .text(Array(text[..<(text.lastIndex(of: byte) ?? text.count)]))
        },
        .text("rafter", .byte) { text, arguments in
            let byte = try arguments.byte(0)
            return .text(text.lastIndex(of: byte).map { Array(text[($0 + 1)...]) } ?? [])
        },
    ]

    private static let spaces: [TextOperation] = [
        .text("trim") { text, _ in .text(text.trimmed(left: true, right: true)) },
        .text("ltrim") { text, _ in .text(text.trimmed(left: true, right: false)) },
        .text("rtrim") { text, _ in .text(text.trimmed(left: false, right: true)) },
        .text("rmws") { text, _ in .text(text.filter { !$0.isTrimmed }) },
        .text("rmhdws") { text, _ in .text(text.joiningHeaderLines(with: [0x20])) },
        .text("rmhlws") { text, _ in .text(text.joiningHeaderLines(with: [])) },
    ]

    private static let lines: [TextOperation] = [
        .text("fmtlines", .length, .length) { text, arguments in
            .text(try text.wrapped(every: arguments.length(0), indent: 0x20, count: arguments.length(1)))
        },
        .text("fmtlinet", .length, .length) { text, arguments in
            .text(try text.wrapped(every: arguments.length(0), indent: 0x09, count: arguments.length(1)))
        },
    ]
}

extension TransformationArguments {
    /// A number of bytes to leave out; a negative one is 0, as in Kamailio.
    fileprivate func count(_ index: Int) throws(ScriptError) -> Int {
        Int(max(try number(index), 0))
    }
}

extension ScriptValue {
    /// The number that a text of decimal digits is, perhaps with a sign; nil for anything else.
    fileprivate static func decimalInteger(in text: [UInt8]) -> Int64? {
        text.contains { $0 | 0x20 == 0x78 } ? nil : integer(in: text)
    }
}
