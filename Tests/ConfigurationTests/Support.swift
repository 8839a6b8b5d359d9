// What the tests of this folder share: parsing a text in memory and showing the result as one line a statement.

import Configuration
import Testing

/// Parses `text` as the file `m.conf`, with other files served from memory.
func parse(
    _ text: String, files: [String: String] = [:], environment: [String: String] = [:],
    defines: [String: String] = [:], path: String = "m.conf"
) -> ParsedConfiguration {
    let reader = InMemoryReader(files.mapValues { Array($0.utf8) })
    return ConfigurationFile.parse(
        text: text, path: path, environment: environment, defines: defines, reader: reader)
}

/// The diagnostics, one text each.
func complaints(_ text: String, files: [String: String] = [:], environment: [String: String] = [:])
    -> [String]
{
    parse(text, files: files, environment: environment).diagnostics.map(\.description)
}

/// The statements, each as a short text that shows every part of it.
func shown(_ configuration: ParsedConfiguration) -> [String] {
    configuration.statements.map { statement in
        switch statement {
        case .setting(let setting):
            "\(setting.name) = \(setting.values.map(shown).joined(separator: " "))"
        case .modulePath(let path):
            "mpath \(path.directories.map(\.text).joined(separator: " "))"
        case .loadModule(let load):
            "loadmodule \(load.module)\(load.isOptional ? " optional" : "")"
        case .moduleParameter(let parameter):
            "modparam \(parameter.modules) \(parameter.name) \(shown(parameter.value))"
        case .route(let route):
            "\(route.kind)[\(route.name?.text ?? "")] \(route.body.map(shown).joined(separator: " "))"
        }
    }
}

func shown(_ value: Value) -> String {
    switch value.content {
    case .integer(let number): "i:\(number)"
    case .float(let number): "f:\(number)"
    case .string(let text): "s:\(text)"
    case .boolean(let flag): "b:\(flag)"
    case .word(let word): "w:\(word)"
    }
}

func shown(_ token: Token) -> String {
    switch token.kind {
    case .identifier(let word): word
    case .integer(let number): "i:\(number)"
    case .float(let number): "f:\(number)"
    case .quantity(let text): "q:\(text)"
    case .malformedNumber: "bad:\(token.spelling)"
    case .string(let text): "s:\(text)"
    case .variable(let text): text
    case .symbol(let symbol): symbol.rawValue
    case .invalid: "invalid"
    case .endOfFile: "end"
    }
}

/// A case of a table: a text, and what comes of it.
struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    let expected: [String]

    init(_ text: String, _ expected: String...) {
        self.text = text
        self.expected = expected
    }

    var testDescription: String { String(text.debugDescription.prefix(100)) }
}
