// Pseudo-variables and texts that hold some: what their names mean, and what is wrong with them.

import Configuration

extension Compiler {
    /// How deep pseudo-variables may stand in one another's names and parameters: what reads them is recursive.
    static let maximumVariableNesting = 30

    /// The site of a pseudo-variable as written; nil after an error.
    mutating func site(_ text: TextSyntax) -> VariableSite? {
        do throws(ScriptError) {
            return try makeSite(text)
        } catch {
            problems.error(error, at: text.location(of: error.offset))
            return nil
        }
    }

    /// The number of a text with pseudo-variables; nil after an error.
    mutating func format(_ text: TextSyntax) -> ScriptFormat? {
        do throws(ScriptError) {
            return try makeFormat(text)
        } catch {
            problems.error(error, at: text.location(of: error.offset))
            return nil
        }
    }

    /// Makes a text ready. Errors have offsets in it.
    mutating func makeFormat(_ text: TextSyntax) throws(ScriptError) -> ScriptFormat {
        var pieces: [ScriptFormat.Piece] = []
        var offset = 0
        for piece in try text.pieces() {
            switch piece {
            case .literal(let bytes):
                pieces.append(.literal(bytes))
                // A dollar sign is written twice.
                offset += bytes.count + bytes.count { $0 == dollar }
            case .variable(let variable):
                pieces.append(.variable(try makeSite(variable, at: offset)))
                offset += variable.bytes.count
            }
        }
        return ScriptFormat(pieces)
    }

    /// Makes the site of a pseudo-variable. Errors have offsets in its text.
    mutating func makeSite(_ text: TextSyntax) throws(ScriptError) -> VariableSite {
        guard variableNesting < Self.maximumVariableNesting else {
            throw ScriptError(
                "found more than \(Self.maximumVariableNesting) pseudo-variables within one another",
                hint: "assign one of them to a variable first")
        }
        variableNesting += 1
        defer { variableNesting -= 1 }
        let variable = try text.variable()
        let value = try value(of: variable)
        var index = VariableSite.Index.known(.none)
        switch variable.index {
        case nil: break
        case .number(let number): index = .known(.at(number))
        case .all: index = .known(.all)
        case .variable(let inner): index = .variable(try makeSite(inner, at: variable.indexOffset))
        }
        if variable.index != nil, !value.takesIndex {
            throw ScriptError("found an index behind $\(variable.name), which has none", hint: "leave '[…]' out")
        }
        var transformations: [any Transformation] = []
        for transformation in variable.transformations {
            transformations.append(try prepare(transformation, in: text))
        }
        let site = VariableSite(
            storage: value.storage, constant: value.constant, counted: value.counted, origin: value.origin, key: value.key,
            index: index, transformations: transformations, location: text.location,
            spelling: String(decoding: text.bytes.prefix(60), as: UTF8.self))
        if let origin = value.origin {
            if origin.variableClass.isReadyAtCheck { try site.prepare() }
            outside.append(site)
        }
        return site
    }

    /// The same for a pseudo-variable at an offset in the text at hand.
    private mutating func makeSite(_ text: TextSyntax, at offset: Int) throws(ScriptError) -> VariableSite {
        do throws(ScriptError) {
            return try makeSite(text)
        } catch {
            throw ScriptError(error.message, hint: error.hint, offset: offset + error.offset)
        }
    }

    private mutating func makeFormat(_ text: TextSyntax, at offset: Int) throws(ScriptError) -> ScriptFormat {
        do throws(ScriptError) {
            return try makeFormat(text)
        } catch {
            throw ScriptError(error.message, hint: error.hint, offset: offset + error.offset)
        }
    }

    /// What a pseudo-variable's name and inner text mean.
    private struct Meaning {
        var storage: VariableSite.Storage
        var constant = ScriptValue.null
        var counted: VariableSite?
        var origin: VariableSite.Origin?
        var key = VariableSite.Key.none

        /// Whether an index in brackets makes sense.
        var takesIndex: Bool {
            switch storage {
            case .stack, .stackByName: true
            case .outside: origin?.variableClass.takesIndex ?? true
            default: false
            }
        }
    }

    private mutating func value(of variable: VariableSyntax) throws(ScriptError) -> Meaning {
        let name = variable.name
        guard let kind = BuiltInVariable(rawValue: name) else { return try outsideValue(of: variable) }
        switch kind {
        case .null, .returnCode, .returnCodeLong:
            guard variable.inner == nil else {
                throw ScriptError("found '(' behind $\(name), which takes no name", hint: "write $\(name)")
            }
            return Meaning(storage: kind == .null ? .null : .returnCode)
        case .variable, .nullable, .zeroed:
            let place = workerVariable(kind == .zeroed ? .zeroed : kind, try plainName(of: variable))
            return Meaning(storage: .worker(place, isNullable: kind == .nullable))
        case .shared:
            return Meaning(storage: .shared(number(of: try plainName(of: variable), in: &shared)))
        case .stack:
            let inner = try innerText(of: variable)
            if inner.bytes.contains(dollar) {
                let format = try makeFormat(inner, at: variable.innerOffset)
                if format.constant == nil { return Meaning(storage: .stackByName, key: .format(format)) }
            }
            return Meaning(storage: .stack(number(of: Self.stackName(inner.bytes), in: &stacks)))
        case .count:
            let inner = try innerText(of: variable)
            guard inner.bytes.first == dollar else {
                throw ScriptError(
                    "found '\(inner.string)' in $cnt(…), expected a pseudo-variable", hint: "write $cnt($avp(x))",
                    offset: variable.innerOffset)
            }
            return Meaning(storage: .count, counted: try makeSite(inner, at: variable.innerOffset))
        case .define:
            let define = try plainName(of: variable)
            guard let text = environment.defines[String(decoding: define, as: UTF8.self)] else {
                return Meaning(storage: .null)
            }
            return Meaning(storage: .constant, constant: .text(text))
        }
    }

    private mutating func outsideValue(of variable: VariableSyntax) throws(ScriptError) -> Meaning {
        let name = variable.name
        guard let variableClass = environment.variables[name] else {
            // Its module was refused; nothing runs this.
            if environment.isIncomplete { return Meaning(storage: .outside) }
            let known = environment.variables.keys.sorted() + BuiltInVariable.allCases.map(\.rawValue)
            let near = nearestName(to: name, in: known).map { "did you mean $\($0)?" }
            let hint = environment.hintForVariable?(name) ?? near ?? "load the module that has it"
            throw ScriptError("found the unknown pseudo-variable $\(name)", hint: hint)
        }
        var key = VariableSite.Key.none
        var isDynamic = false
        if let inner = variable.inner {
            let format = try makeFormat(inner, at: variable.innerOffset)
            if let constant = format.constant {
                key = .constant(constant.textValue)
            } else {
                key = .format(format)
                isDynamic = true
            }
        }
        let use = VariableUse(
            name: name, inner: variable.inner?.bytes, isDynamic: isDynamic, location: variable.text.location)
        return Meaning(storage: .outside, origin: .init(variableClass: variableClass, use: use), key: key)
    }

    /// The text in the parentheses, which must be there.
    private func innerText(of variable: VariableSyntax) throws(ScriptError) -> TextSyntax {
        guard let inner = variable.inner, !inner.bytes.isEmpty else {
            throw ScriptError("found $\(variable.name) without a name, expected $\(variable.name)(NAME)")
        }
        return inner
    }

    /// The text in the parentheses, in which nothing is expanded.
    private func plainName(of variable: VariableSyntax) throws(ScriptError) -> [UInt8] {
        let inner = try innerText(of: variable)
        guard !inner.bytes.contains(dollar) else {
            throw ScriptError(
                "found '\(inner.string)' as a name of $\(variable.name), expected a name without pseudo-variables",
                hint: "$avp and hash tables take names that change", offset: variable.innerOffset)
        }
        return inner.bytes
    }

    private func number(of name: [UInt8], in names: inout [[UInt8]: Int]) -> Int {
        if let number = names[name] { return number }
        let number = names.count
        names[name] = number
        return number
    }

    /// `s:name` is `name`: the letter tells that it is no number.
    static func stackName(_ name: [UInt8]) -> [UInt8] {
        name.starts(with: [UInt8(ascii: "s"), UInt8(ascii: ":")]) ? Array(name.dropFirst(2)) : name
    }

    private mutating func prepare(
        _ transformation: VariableSyntax.Transformation, in text: TextSyntax
    ) throws(ScriptError) -> any Transformation {
        // The transformation's place in the text of the pseudo-variable.
        let start = Self.offset(of: transformation.text.bytes, in: text.bytes)
        guard let transformationClass = environment.transformations[transformation.className] else {
            let known = environment.transformations.keys.sorted()
            let near = nearestName(to: transformation.className, in: known).map {
                "did you mean {\($0).\(transformation.name)}?"
            }
            throw ScriptError(
                "found the unknown transformation {\(transformation.className).\(transformation.name)}",
                hint: near ?? "the classes are \(known.joined(separator: ", "))", offset: start)
        }
        let compiler = Nested(self)
        let use = TransformationUse(
            className: transformation.className, name: transformation.name, parameters: transformation.parameters,
            parametersOffset: transformation.parametersOffset, location: transformation.text.location
        ) { bytes throws(ScriptError) in
            try compiler.state.makeFormat(TextSyntax(bytes: bytes, location: transformation.text.location, lead: nil))
        }
        defer { self = compiler.state }
        do throws(ScriptError) {
            return try transformationClass.prepare(use)
        } catch {
            throw ScriptError(error.message, hint: error.hint, offset: start + error.offset)
        }
    }

    private static func offset(of part: [UInt8], in text: [UInt8]) -> Int {
        guard part.count <= text.count else { return 0 }
        return (0...(text.count - part.count)).first { text[$0...].starts(with: part) } ?? 0
    }

    /// Lends the compiler to a transformation that makes its parameters ready.
    private final class Nested {
        var state: Compiler

        init(_ state: Compiler) {
            self.state = state
        }
    }
}

extension TextSyntax {
    /// The text for an error.
    var string: String { String(decoding: bytes.prefix(60), as: UTF8.self) }
}
