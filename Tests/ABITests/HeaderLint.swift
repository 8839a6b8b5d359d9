/// The rules of form that every public header keeps (module-abi rules 1 to 4), checked on its text.
///
/// What needs a compiler, such as padding, is in LayoutTests.
struct HeaderLint {
    /// One offence: the rule's word, where, and what to do.
    struct Finding: CustomStringConvertible, Equatable {
        enum Rule: String, CaseIterable {
            case tags, structSize, forbiddenType, bitField, varargs, include, lineLength, byValue, context,
                union, member
        }
        var rule: Rule
        var line: Int
        var text: String

        var description: String { "line \(line): \(text) [\(rule.rawValue)]" }
    }

    /// Value types without a struct_size; they never grow.
    static let frozen: Set = ["mh_str", "mh_array", "mh_value", "mh_error"]
    /// Structs that fit in two registers and may travel by value.
    static let byValue: Set = ["mh_str", "mh_array"]
    /// C types whose size or meaning differs between compilers, languages or systems.
    static let forbidden: Set = [
        "long", "short", "int", "unsigned", "signed", "enum", "bool", "_Bool", "float", "wchar_t", "time_t",
        "off_t",
        "ssize_t", "FILE",
    ]
    static let threads: Set = ["main", "worker", "any", "command", "caller"]
    static let phases: Set = ["load", "init", "run", "stop"]
    static let longestLine = 125

    private let header: HeaderText
    private let siblings: Set<String>
    private var findings: [Finding] = []

    /// Checks one header; `siblings` are the names of the headers that it may include in quotes.
    static func check(_ text: String, siblings: Set<String>) -> [Finding] {
        var lint = HeaderLint(header: HeaderText(text), siblings: siblings)
        lint.checkLines()
        lint.checkDirectives()
        lint.checkCode()
        lint.header.functions.forEach { lint.checkFunction($0, in: nil) }
        lint.header.structs.forEach { lint.checkStruct($0) }
        return lint.findings
    }

    private init(header: HeaderText, siblings: Set<String>) {
        self.header = header
        self.siblings = siblings
    }

    private mutating func report(_ rule: Finding.Rule, _ line: Int, _ text: String) {
        findings.append(Finding(rule: rule, line: line, text: text))
    }

    // MARK: Lines, directives, words

    private mutating func checkLines() {
        for (index, line) in header.lines.enumerated() where line.unicodeScalars.count > Self.longestLine {
            let length = line.unicodeScalars.count
            report(.lineLength, index + 1, "\(length) columns, expected at most \(Self.longestLine)")
        }
    }

    private mutating func checkDirectives() {
        for directive in header.directives where directive.text.hasPrefix("#include") {
            let name = directive.text.dropFirst("#include".count).drop { $0 == " " }
            switch name.first {
            case "<" where name.hasPrefix("<stdint.h>") || name.hasPrefix("<stddef.h>"): break
            case "\"" where siblings.contains(String(name.dropFirst().prefix { $0 != "\"" })): break
            default:
                report(
                    .include, directive.line,
                    "includes \(name), expected <stdint.h>, <stddef.h> or a header of the same folder")
            }
        }
    }

    private mutating func checkCode() {
        for token in header.code where ["long", "enum", "bool", "_Bool"].contains(token.text) {
            report(
                .forbiddenType, token.line,
                "`\(token.text)` is not the same size everywhere; use int32_t and its kin")
        }
    }

    // MARK: Structs

    private mutating func checkStruct(_ type: HeaderText.Struct) {
        let first = type.members.first?.tokens.map(\.text)
        if !Self.frozen.contains(type.name), first != ["uint32_t", "struct_size", ";"] {
            report(.structSize, type.line, "\(type.name) does not begin with `uint32_t struct_size;`")
        }
        for member in type.members {
            if member.tokens.contains(where: { $0.text == "union" }), type.name != "mh_value" {
                report(
                    .union, member.line, "\(type.name).\(member.name) is a union; mh_value is the only one")
            }
            if member.parameters != nil {
                checkFunction(member, in: type)
            } else {
                checkData(member, in: type)
            }
        }
    }

    private mutating func checkData(_ member: HeaderText.Declaration, in type: HeaderText.Struct) {
        let words = member.tokens.map(\.text)
        let place = "\(type.name).\(member.name)"
        if words.contains(":") {
            report(.bitField, member.line, "\(place) is a bit-field; use a flags field with named bits")
        }
        if words.contains("(") {
            report(
                .member, member.line,
                "\(place) is neither data nor a pointer to a function that the lint can read")
        }
        if words.contains("["), !Self.frozen.contains(type.name) {
            report(.member, member.line, "\(place) is an array inside a struct; use mh_array or mh_str")
        }
        checkTypes(member.tokens, place)
        if words.first == "char" {
            report(.forbiddenType, member.line, "\(place) is a char; use uint8_t")
        }
    }

    private mutating func checkTypes(_ tokens: [HeaderText.Token], _ place: String) {
        let always: Set = ["long", "enum", "bool", "_Bool"]  // reported already, wherever they stand
        for token in tokens where Self.forbidden.contains(token.text) && !always.contains(token.text) {
            report(.forbiddenType, token.line, "\(place) uses `\(token.text)`; use a type of <stdint.h>")
        }
    }

    // MARK: Functions

    private mutating func checkFunction(_ function: HeaderText.Declaration, in type: HeaderText.Struct?) {
        let place = (type.map { "\($0.name)." } ?? "") + function.name
        checkTags(function, place)
        let parameters = function.parameters ?? []
        let inline = function.result.contains { $0.text == "inline" }
        for parameter in parameters {
            if parameter.contains(where: { $0.text == "..." }) {
                report(.varargs, function.line, "\(place) takes varargs; use mh_array")
            }
            checkTypes(parameter, place)
            if !inline { checkByValue(parameter, function.line, "\(place) takes") }
        }
        checkTypes(function.result, place)
        if !inline { checkByValue(function.result, function.line, "\(place) returns") }
        if type != nil { checkContext(function, parameters, place) }
    }

    /// Structs over 16 bytes go by pointer: each ABI passes them in another way.
    private mutating func checkByValue(_ tokens: [HeaderText.Token], _ line: Int, _ place: String) {
        let words = tokens.map(\.text)
        guard !words.contains("*") else { return }
        for word in words where word.hasPrefix("mh_") && !Self.byValue.contains(word) {
            if word == words.last, words.count > 1 { continue }  // a parameter's own name
            report(.byValue, line, "\(place) \(word) by value; pass a pointer")
        }
    }

    /// A callback gets its `void *ctx` first; a service's function gets the module or the object it works on.
    private mutating func checkContext(
        _ function: HeaderText.Declaration, _ parameters: [[HeaderText.Token]], _ place: String
    ) {
        let first = parameters.first?.map(\.text) ?? []
        let isContext = first == ["void", "*", "ctx"]
        let isObject = first.count == 3 && first[0].hasPrefix("mh_") && first[1] == "*"
        if !isContext, !isObject {
            report(.context, function.line, "\(place) begins with neither `void *ctx` nor an object's handle")
        }
    }

    private mutating func checkTags(_ function: HeaderText.Declaration, _ place: String) {
        for name in ["thread", "phase", "blocks", "owns"] {
            let values = Self.values(of: name, in: function.comment)
            guard let value = values.first else {
                report(.tags, function.line, "\(place) has no [\(name): …] in the comment above it")
                continue
            }
            if values.count > 1 {
                report(.tags, function.line, "\(place) has [\(name): …] \(values.count) times")
            }
            let words = value.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
            let allowed: Bool
            switch name {
            case "thread": allowed = words.allSatisfy(Self.threads.contains)
            case "phase": allowed = words.allSatisfy(Self.phases.contains) && Set(words).count == words.count
            case "blocks": allowed = value == "no" || value == "yes"
            default: allowed = value.contains { $0.isLetter }
            }
            if !allowed {
                report(.tags, function.line, "\(place): [\(name): \(value)] is not among the words of base.h")
            }
        }
    }

    /// The texts of `[name: …]` in a comment, its line breaks and asterisks taken out.
    private static func values(of name: String, in comment: String) -> [String] {
        let flat = comment.split(separator: "\n").map { line in
            line.drop { $0 == " " || $0 == "*" || $0 == "/" }
        }.joined(separator: " ")
        return flat.split(separator: "[").compactMap { piece in
            guard piece.hasPrefix("\(name): "), let end = piece.firstIndex(of: "]") else { return nil }
            return String(piece[..<end].dropFirst(name.count + 2))
        }
    }
}
