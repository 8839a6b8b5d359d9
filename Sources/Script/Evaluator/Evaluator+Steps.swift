// The steps of the loop that are not the quick case: values that are not both numbers, patterns, calls, and what stops a
// run. In all of them `index` is that of the instruction behind the one at hand.

import Configuration

extension Evaluator {
    @inline(never)
    func converted(_ value: UnsafeMutablePointer<ScriptValue>, _ index: Int) -> Int64 {
        Operations.number(value.pointee) { complain($0, at: places[index - 1].location) }
    }

    @inline(never)
    func binary(_ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>) -> Bool {
        let left = Self.at(step.b, registers, globals.end)
        let right = Self.at(step.c, registers, globals.end)
        do throws(ScriptError) {
            let value = try Operations.binary(step.operation, left.pointee, right.pointee) {
                complain($0, at: places[index - 1].location)
            }
            Self.at(step.a, registers, globals.end).pointee = value
            return true
        } catch {
            report(error, at: places[index - 1].location)
            return false
        }
    }

    /// `a = b + c` where not both are numbers, or the sum is none; false after an error.
    @inline(never)
    func add(_ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>) -> Bool {
        guard case .text = Self.at(step.b, registers, globals.end).pointee else { return binary(step, index, registers) }
        let buffer = buffers.take()
        defer { buffers.giveBack(buffer) }
        buffer.pointee.append(Self.at(step.b, registers, globals.end).pointee)
        buffer.pointee.append(Self.at(step.c, registers, globals.end).pointee)
        guard buffer.pointee.count <= Operations.longestText else {
            report(Operations.tooLong(buffer.pointee.count), at: places[index - 1].location)
            return false
        }
        ScriptValue.replace(Self.at(step.a, registers, globals.end), with: buffer.pointee.bytes)
        return true
    }

    @inline(never)
    func unary(_ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>) -> Bool {
        do throws(ScriptError) {
            let value = try Operations.unary(step.operation, Self.at(step.b, registers, globals.end).pointee) {
                complain($0, at: places[index - 1].location)
            }
            Self.at(step.a, registers, globals.end).pointee = value
            return true
        } catch {
            report(error, at: places[index - 1].location)
            return false
        }
    }

    /// Whether a comparison of values that are not both numbers holds.
    @inline(never)
    func holds(_ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>) -> Bool {
        let left = Self.at(step.b, registers, globals.end).pointee
        let right = Self.at(step.c, registers, globals.end).pointee
        let equal = Operations.equal(left, right) { complain($0, at: places[index - 1].location) }
        return equal == (step.operation == .jumpIfEqual)
    }

    @inline(never)
    func match(_ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>) -> Bool {
        let text = Self.at(step.b, registers, globals.end).pointee.textValue
        do throws(ScriptError) {
            let pattern: ScriptPattern
            let isPositive: Bool
            if step.operation == .matchKnown || step.operation == .noMatchKnown {
                pattern = try patterns.known(Int(step.c), ignoringCase: true)
                isPositive = step.operation == .matchKnown
            } else {
                pattern = try patterns.pattern(Self.at(step.c, registers, globals.end).pointee.textValue)
                isPositive = step.operation == .match
            }
            Self.at(step.a, registers, globals.end).pointee = .integer(pattern.matches(text) == isPositive ? 1 : 0)
            return true
        } catch {
            report(error, at: places[index - 1].location)
            return false
        }
    }

    @inline(never)
    func isCase(_ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>) -> Bool {
        let value = Self.at(step.b, registers, globals.end).pointee
        switch step.operation {
        case .caseInteger:
            let label = Self.at(step.c, registers, globals.end).pointee.integerValue
            return value.isNull ? label == 0 : value.exactInteger == label
        case .caseText:
            return value.textValue == Self.at(step.c, registers, globals.end).pointee.textValue
        default:
            do throws(ScriptError) {
                return try patterns.known(Int(step.c), ignoringCase: false).matches(value.textValue)
            } catch {
                report(error, at: places[index - 1].location)
                return false
            }
        }
    }

    @inline(never)
    func argumentInteger(
        _ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>
    ) -> Bool {
        let value = Self.at(step.a, registers, globals.end)
        if case .integer = value.pointee { return true }
        guard let number = value.pointee.exactInteger else {
            let function = calls[Int(step.b)].function
            let name = function.parameters[Int(step.c)].name
            report(
                "found \(value.pointee) as the argument '\(name)' of \(function.name), expected a number: it was not called",
                at: places[index - 1].location)
            return false
        }
        value.pointee = .integer(number)
        return true
    }

    func argumentText(_ value: UnsafeMutablePointer<ScriptValue>) {
        if case .integer(let number) = value.pointee { value.pointee = .text(ScriptValue.decimal(number)) }
    }

    /// Calls a function; what it throws is logged and counts as -1.
    @inline(never)
    func call(
        _ step: Instruction, _ registers: UnsafeMutablePointer<ScriptValue>, _ run: ScriptRun
    ) -> Int32 {
        let site = calls[Int(step.b)]
        guard let prepared = site.prepared else {
            report("\(site.function.name) was not asked to prepare; this is a fault of the host", at: site.location)
            run.returnCode = -1
            return -1
        }
        let arguments = UnsafeBufferPointer(start: registers + Int(step.c), count: site.arguments.count)
        let result: Int32
        do throws(ScriptError) {
            result = try prepared.call(run, arguments.span)
        } catch {
            report(ScriptError("\(site.function.name): \(error.message)", hint: error.hint), at: site.location)
            result = -1
        }
        run.returnCode = result
        return result
    }

    /// The number of a route whose name is known only now.
    @inline(never)
    func namedRoute(
        _ step: Instruction, _ index: Int, _ registers: UnsafeMutablePointer<ScriptValue>
    ) -> Int? {
        let name = String(decoding: Self.at(step.b, registers, globals.end).pointee.textValue, as: UTF8.self)
        if let number = program.compiler.namedRoutes[name] { return number }
        let near = nearestName(to: name, in: program.compiler.namedRoutes.keys.sorted()).map { "; did you mean \($0)?" }
        report("found a call of the unknown route '\(name)'\(near ?? "")", at: places[index - 1].location)
        return nil
    }

    // MARK: - Stops

    func checkTime(_ index: Int) throws(ScriptStop) {
        guard Self.now() >= deadline else { return }
        let location = places[index - 1].location
        counters.timeouts += 1
        report("it ran longer than \(Self.text(limits.time)) (route_timeout): it was stopped here", at: location)
        throw .timeout(location)
    }

    @inline(never)
    func tooManyTurns(_ index: Int) {
        report(
            "found a while loop of more than \(limits.loopTurns) turns: it was ended (max_while_loops)",
            at: places[index - 1].location)
    }

    func tooManyRoutes(_ index: Int) -> ScriptStop {
        let location = places[index - 1].location
        report(
            "found more than \(limits.nestedRoutes) routes within one another: the run was stopped; a route may call itself",
            at: location)
        return .tooDeep(location)
    }

    private static func text(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        if milliseconds >= 1000, milliseconds.truncatingRemainder(dividingBy: 1000) == 0 {
            return "\(Int(milliseconds / 1000)) s"
        }
        return "\(Int(milliseconds)) ms"
    }
}
