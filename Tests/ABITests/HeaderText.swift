/// A C header, cut into what the lint speaks of: comments, directives, structs with their members, functions.
///
/// It knows as much C as our headers use, and no more: `typedef struct`, one level of `union`, prototypes and inline functions.
struct HeaderText {
    struct Token: Equatable {
        enum Kind { case word, mark, comment, directive }
        var kind: Kind
        var text: String
        var line: Int
    }

    /// A struct's member or a function at file scope, with the comments before it and behind it on its last line.
    struct Declaration {
        var name: String
        var tokens: [Token]
        var comment: String
        var line: Int

        /// The parameters of a function or function pointer; nil for data.
        var parameters: [[Token]]?
        /// A function's result type.
        var result: [Token] = []
    }

    struct Struct {
        var name: String
        var members: [Declaration]
        var line: Int
    }

    private(set) var lines: [String]
    private(set) var directives: [Token] = []
    /// Every word and mark outside comments and directives.
    private(set) var code: [Token] = []
    private(set) var structs: [Struct] = []
    private(set) var functions: [Declaration] = []

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let tokens = Self.withoutLinkage(Self.tokens(of: Array(text.utf8)))
        directives = tokens.filter { $0.kind == .directive }
        code = tokens.filter { $0.kind == .word || $0.kind == .mark }
        for statement in Self.statements(of: tokens.filter { $0.kind != .directive }) {
            if let opening = statement.tokens.firstIndex(where: { $0.text == "{" }),
                opening >= 2, statement.tokens[opening - 2].text == "struct"
            {
                let inside = Array(statement.all.drop { $0.text != "{" }.dropFirst())
                structs.append(
                    Struct(
                        name: statement.tokens[opening - 1].text,
                        members: Self.statements(of: inside).compactMap { $0.member() },
                        line: statement.tokens[opening].line))
            } else if let function = statement.function() {
                functions.append(function)
            }
        }
    }

    // MARK: Tokens

    private static func tokens(of text: [UInt8]) -> [Token] {
        var tokens: [Token] = []
        var at = 0
        var line = 1
        var atLineStart = true
        func string(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        func isWord(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || (48...57).contains(byte) || (65...90).contains(byte)
                || (97...122).contains(byte)
        }
        while at < text.count {
            let start = at
            let byte = text[at]
            if byte == UInt8(ascii: "\n") {
                line += 1
                at += 1
                atLineStart = true
                continue
            }
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                at += 1
                continue
            }
            let startLine = line
            if byte == UInt8(ascii: "/"), at + 1 < text.count, text[at + 1] == UInt8(ascii: "*") {
                at += 2
                while at < text.count,
                    !(text[at] == UInt8(ascii: "/") && text[at - 1] == UInt8(ascii: "*") && at > start + 2)
                {
                    if text[at] == UInt8(ascii: "\n") { line += 1 }
                    at += 1
                }
                at = min(at + 1, text.count)
                tokens.append(Token(kind: .comment, text: string(start..<at), line: startLine))
                continue
            }
            if byte == UInt8(ascii: "#"), atLineStart {
                while at < text.count, text[at] != UInt8(ascii: "\n") || text[at - 1] == UInt8(ascii: "\\") {
                    if text[at] == UInt8(ascii: "\n") { line += 1 }
                    at += 1
                }
                tokens.append(Token(kind: .directive, text: string(start..<at), line: startLine))
                continue
            }
            atLineStart = false
            if byte == UInt8(ascii: "\"") {
                at += 1
                while at < text.count, text[at] != byte { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
                at = min(at + 1, text.count)
                tokens.append(Token(kind: .word, text: string(start..<at), line: startLine))
            } else if isWord(byte) {
                while at < text.count, isWord(text[at]) { at += 1 }
                tokens.append(Token(kind: .word, text: string(start..<at), line: startLine))
            } else {
                at += text[at...].starts(with: Array("...".utf8)) ? 3 : 1
                tokens.append(Token(kind: .mark, text: string(start..<at), line: startLine))
            }
        }
        return tokens
    }

    /// Drops what stands between `#ifdef __cplusplus` and its `#endif`: the linkage braces would unbalance the rest.
    private static func withoutLinkage(_ tokens: [Token]) -> [Token] {
        var kept: [Token] = []
        var inside = false
        for token in tokens {
            if token.kind == .directive, token.text == "#ifdef __cplusplus" { inside = true }
            if !inside { kept.append(token) }
            if token.kind == .directive, token.text.hasPrefix("#endif") { inside = false }
        }
        return kept
    }

    // MARK: Statements

    private struct Statement {
        /// Comments included, up to and including the `;` or the closing brace of a function.
        var all: [Token]
        /// Words and marks only.
        var tokens: [Token]
        var comment: String

        func member() -> Declaration? {
            guard let first = tokens.first, tokens.count > 1 else { return nil }
            if let pointer = functionPointer() { return pointer }
            let name = tokens.last { $0.kind == .word }?.text ?? ""
            return Declaration(name: name, tokens: tokens, comment: comment, line: first.line)
        }

        /// `result (*name)(parameters);`
        private func functionPointer() -> Declaration? {
            guard let open = tokens.firstIndex(where: { $0.text == "(" || $0.text == "{" }),
                tokens[open].text == "(", open + 4 < tokens.count, tokens[open + 1].text == "*",
                tokens[open + 3].text == ")", tokens[open + 4].text == "("
            else { return nil }
            return Declaration(
                name: tokens[open + 2].text, tokens: tokens, comment: comment, line: tokens[open].line,
                parameters: HeaderText.parameters(of: tokens, from: open + 4), result: Array(tokens[..<open]))
        }

        /// `result name(parameters);` or an inline function with its body.
        func function() -> Declaration? {
            guard let open = tokens.firstIndex(where: { $0.text == "(" }), open > 0,
                tokens[open - 1].kind == .word
            else { return nil }
            return Declaration(
                name: tokens[open - 1].text, tokens: tokens, comment: comment, line: tokens[open].line,
                parameters: HeaderText.parameters(of: tokens, from: open),
                result: Array(tokens[..<(open - 1)]))
        }
    }

    private static func statements(of tokens: [Token]) -> [Statement] {
        var statements: [Statement] = []
        var all: [Token] = []
        var depth = 0
        var lastLine = 0
        func finish() {
            let words = all.filter { $0.kind != .comment }
            let comments = all.prefix { $0.kind == .comment }.map(\.text).joined(separator: "\n")
            if !words.isEmpty { statements.append(Statement(all: all, tokens: words, comment: comments)) }
            all = []
        }
        for token in tokens {
            if token.kind == .comment, all.isEmpty, token.line == lastLine, !statements.isEmpty {
                statements[statements.count - 1].comment += "\n" + token.text
                continue
            }
            all.append(token)
            if token.text == "{" { depth += 1 }
            if token.text == "}" {
                depth -= 1
                if depth < 0 { break }  // the end of the struct that these tokens are inside of
                // A parenthesis before the first brace: the body of a function, which no semicolon ends.
                if depth == 0, all.first(where: { $0.text == "{" || $0.text == "(" })?.text == "(" {
                    lastLine = token.line
                    finish()
                }
            }
            if token.text == ";", depth == 0 {
                lastLine = token.line
                finish()
            }
        }
        return statements
    }

    /// The parameters between the parenthesis at `open` and its partner, split at commas.
    private static func parameters(of tokens: [Token], from open: Int) -> [[Token]] {
        var parameters: [[Token]] = [[]]
        var depth = 0
        for token in tokens[open...] {
            if token.text == ")" {
                depth -= 1
                if depth == 0 { break }
            }
            if token.text == ",", depth == 1 {
                parameters.append([])
            } else if depth > 0 {
                parameters[parameters.count - 1].append(token)
            }
            if token.text == "(" { depth += 1 }
        }
        return parameters.filter { !$0.isEmpty && $0.map(\.text) != ["void"] }
    }
}
