// Calls of functions and routes: arguments are checked against what the function says of them.

import Configuration

extension Compiler {
    /// Compiles a function's call.
    ///
    /// - Returns: False after an error.
    mutating func compile(_ call: CallSyntax, into result: Place, asTruth: Bool, isStatement: Bool) -> Bool {
        let name = call.name.text
        guard let function = environment.functions[name] else {
            let known = environment.functions.keys.sorted() + ["route", "strlen", "strempty", "selval", "defined"]
            let near = nearestName(to: name, in: known).map { "did you mean \($0)?" }
            if !environment.isIncomplete {
                problems.error(
                    at: call.name.location, "found the unknown function \(name)",
                    hint: environment.hintForFunction?(name) ?? near ?? "load the module that has it")
            }
            for argument in call.arguments { check(argument) }
            return false
        }
        let parameters = function.parameters
        let least = parameters.prefix { !$0.isOptional }.count
        guard call.arguments.count >= least, call.arguments.count <= parameters.count else {
            problems.error(
                at: call.name.location,
                "found \(name) with \(Self.count(call.arguments.count)), expected \(Self.range(least, parameters.count))",
                hint: "write \(Self.usage(function))")
            for argument in call.arguments { check(argument) }
            return false
        }
        let mark = nextRegister
        let first = registers(call.arguments.count)
        let location = call.name.location
        let number = Int32(calls.count)
        let end = label()
        if let level = (function as? LogFunction)?.level(of: call.arguments) {
            // What is not kept is not expanded.
            emit(.move, result, b: constant(.integer(1)), at: location)
            emit(.skipLog, end, b: Int32(level.rawValue), at: location)
        }
        let errors = problems.errors
        var known: [ScriptValue?] = []
        // The site keeps its number while arguments with calls of their own are compiled.
        let site = CallSite(function, at: location, arguments: [])
        calls.append(site)
        for (index, argument) in call.arguments.enumerated() {
            let place = first + Place(index)
            known.append(self.argument(argument, parameters[index], of: name, into: place, call: number, index: index))
        }
        let complete = CallSite(function, at: location, arguments: known)
        calls[Int(number)] = complete
        if function.isReadyAtCheck, problems.errors == errors {
            do throws(ScriptError) {
                try complete.prepare()
            } catch {
                problems.error(error, at: location)
            }
        }
        emit(asTruth ? .callTruth : .call, result, b: number, c: first, at: location)
        place(end)
        nextRegister = max(mark, result + 1)
        return problems.errors == errors
    }

    /// Compiles an argument of a function that is not known, for the errors in it.
    private mutating func check(_ argument: Expression) {
        let mark = nextRegister
        if case .text(let text) = argument {
            _ = format(text)
        } else {
            _ = value(argument)
        }
        nextRegister = mark
    }

    /// Compiles an argument into its place, and returns its value where that is known.
    private mutating func argument(
        _ argument: Expression, _ parameter: ScriptParameter, of function: String, into place: Place, call: Int32,
        index: Int
    ) -> ScriptValue? {
        let location = argument.location
        switch parameter.kind {
        case .integer:
            let operand = textOrValue(argument, into: place)
            if let constant = operand.constant {
                guard let number = constant.exactInteger else {
                    problems.error(
                        at: location,
                        "found \(constant) as the argument '\(parameter.name)' of \(function), expected a number")
                    return nil
                }
                emit(.move, place, b: self.constant(.integer(number)), at: location)
                return .integer(number)
            }
            if operand.place != place { emit(.move, place, b: operand.place, at: location) }
            if operand.type != .integer {
                emit(.argumentInteger, place, b: call, c: Int32(index), at: location)
            }
            return nil
        case .text:
            let operand = textOrValue(argument, into: place)
            if let constant = operand.constant {
                let text = constant.isNull ? constant : .text(constant.textValue)
                emit(.move, place, b: self.constant(text), at: location)
                return text
            }
            if operand.place != place { emit(.move, place, b: operand.place, at: location) }
            if operand.type != .text, !isTextFormat(argument) { emit(.argumentText, place, b: place, at: location) }
            return nil
        case .literal, .regularExpression:
            let value: [UInt8]
            switch argument {
            case .text(let text): value = text.bytes
            case .integer(let number, _) where parameter.kind == .literal: value = ScriptValue.decimal(number)
            default:
                let wanted = parameter.kind == .literal ? "a string" : "a pattern in quotes"
                problems.error(
                    at: location,
                    "found an expression as the argument '\(parameter.name)' of \(function), expected \(wanted)",
                    hint: "it must be known when the configuration is read")
                return nil
            }
            if parameter.kind == .regularExpression {
                do throws(ScriptError) {
                    _ = try ScriptPattern(value, ignoringCase: true)
                } catch {
                    problems.error(error, at: location)
                    return nil
                }
            }
            emit(.move, place, b: constant(.text(value)), at: location)
            return .text(value)
        case .variable:
            return variableArgument(argument, parameter, of: function, into: place)
        }
    }

    /// A pseudo-variable to write to: `$var(x)`, or a string that is one.
    private mutating func variableArgument(
        _ argument: Expression, _ parameter: ScriptParameter, of function: String, into place: Place
    ) -> ScriptValue? {
        let location = argument.location
        var found: VariableSite?
        switch argument {
        case .variable(let text):
            found = site(text)
            if found == nil { return nil }
        case .text(let text):
            guard let format = format(text) else { return nil }
            found = format.single
        default: break
        }
        guard let found else {
            problems.error(
                at: location, "found no pseudo-variable as the argument '\(parameter.name)' of \(function), expected one",
                hint: "write $var(x)")
            return nil
        }
        guard found.isWritable else {
            problems.error(
                at: location,
                "found \(found.spelling) as the argument '\(parameter.name)' of \(function), expected a pseudo-variable that can be written"
            )
            return nil
        }
        variables.append(found)
        let value = ScriptValue.integer(Int64(variables.count - 1))
        emit(.move, place, b: constant(value), at: location)
        return value
    }

    /// A string with its pseudo-variables expanded, or an expression.
    private mutating func textOrValue(_ argument: Expression, into place: Place) -> Operand {
        guard case .text(let text) = argument else { return value(argument, into: place) }
        guard let format = format(text) else { return operand(.null) }
        if let constant = format.constant { return operand(constant) }
        formats.append(format)
        emit(.expand, place, b: Int32(formats.count - 1), at: text.location)
        return Operand(place: place, type: .unknown)
    }

    /// Whether the argument is a string that is more than one pseudo-variable: it is text when it is expanded.
    private func isTextFormat(_ argument: Expression) -> Bool {
        guard case .text = argument, let last = formats.last else { return false }
        return last.single == nil
    }

    private static func count(_ count: Int) -> String {
        count == 0 ? "no arguments" : count == 1 ? "one argument" : "\(count) arguments"
    }

    private static func range(_ least: Int, _ most: Int) -> String {
        if least == most { return most == 0 ? "none" : "\(most)" }
        return most == least + 1 ? "\(least) or \(most)" : "\(least) to \(most)"
    }

    /// `name(first, second [, third])`
    private static func usage(_ function: any ScriptFunction) -> String {
        var text = function.name + "("
        for (index, parameter) in function.parameters.enumerated() {
            let separator = index == 0 ? "" : ", "
            text += parameter.isOptional ? "[\(separator)\(parameter.name)]" : separator + parameter.name
        }
        return text + ")"
    }

    // MARK: - Routes

    /// Compiles a route's call.
    mutating func compile(_ call: RouteCallSyntax, into result: Place, asTruth: Bool) {
        switch call.target {
        case .name(let name):
            guard let number = namedRoutes[name.text] else {
                let near = nearestName(to: name.text, in: namedRoutes.keys.sorted()).map { "did you mean route(\($0))?" }
                problems.error(
                    at: name.location, "found a call of the unknown route '\(name.text)'",
                    hint: near ?? "write route[\(name.text)] { … } somewhere outside of routes")
                return
            }
            emit(asTruth ? .routeTruth : .route, result, b: Int32(number), at: call.location)
        case .variable(let text):
            let name = value(.variable(text))
            emit(.routeNamed, result, b: name.place, c: asTruth ? 1 : 0, at: call.location)
        }
    }
}
