// The loop that runs instructions. Numbers are worked on in place; everything else goes through functions that are kept
// out of the loop.

import Configuration

/// A route that called another: where it goes on.
struct Frame {
    var next: Int
    var registers: UnsafeMutablePointer<ScriptValue>
    var route: Int32
    /// Where the called route's code goes.
    var result: Place
    var asTruth: Bool
}

extension Evaluator {
    /// How many turns of loops and calls of routes pass between two looks at the clock. A step that leaves the loop of
    /// instructions, for a function or a pseudo-variable, counts as `slowStep` of them.
    private static let patience = 256
    private static let slowStep = 32

    @inline(__always)
    static func at(
        _ place: Place, _ registers: UnsafeMutablePointer<ScriptValue>, _ globals: UnsafeMutablePointer<ScriptValue>
    ) -> UnsafeMutablePointer<ScriptValue> {
        (place < 0 ? globals : registers) + Int(place)
    }

    /// Runs a route from its first instruction.
    func execute(_ run: ScriptRun, _ route: Int) throws(ScriptStop) -> ScriptOutcome {
        let code = program.code.start
        let globals = self.globals.end
        let bottom = frames.count
        currentRoute = Int32(route)
        var registers = self.registers.push(registerCounts[route])
        defer {
            self.registers.pop(registerCounts[Int(currentRoute)])
            while frames.count > bottom {
                let frame = frames.removeLast()
                self.registers.pop(registerCounts[Int(frame.route)])
            }
        }
        var index = entryPoints[route]
        var routeCode: Int32 = 1
        var patience = Self.patience

        while true {
            let step = code[index]
            index += 1
            switch step.operation {
            case .move:
                ScriptValue.replace(Self.at(step.a, registers, globals), with: Self.at(step.b, registers, globals))
            case .moveNotNull:
                let target = Self.at(step.a, registers, globals)
                ScriptValue.replace(target, with: Self.at(step.b, registers, globals))
                if case .null = target.pointee { target.initialize(to: .integer(0)) }
            case .add:
                if case .integer(let left) = Self.at(step.b, registers, globals).pointee,
                    case .integer(let right) = Self.at(step.c, registers, globals).pointee,
                    case (let sum, false) = left.addingReportingOverflow(right)
                {
                    ScriptValue.replace(Self.at(step.a, registers, globals), with: sum)
                } else if !add(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
            case .subtract:
                if case .integer(let left) = Self.at(step.b, registers, globals).pointee,
                    case .integer(let right) = Self.at(step.c, registers, globals).pointee,
                    case (let difference, false) = left.subtractingReportingOverflow(right)
                {
                    ScriptValue.replace(Self.at(step.a, registers, globals), with: difference)
                } else if !binary(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
            case .multiply:
                if case .integer(let left) = Self.at(step.b, registers, globals).pointee,
                    case .integer(let right) = Self.at(step.c, registers, globals).pointee,
                    case (let product, false) = left.multipliedReportingOverflow(by: right)
                {
                    ScriptValue.replace(Self.at(step.a, registers, globals), with: product)
                } else if !binary(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
            case .bitAnd:
                if case .integer(let left) = Self.at(step.b, registers, globals).pointee,
                    case .integer(let right) = Self.at(step.c, registers, globals).pointee
                {
                    ScriptValue.replace(Self.at(step.a, registers, globals), with: left & right)
                } else {
                    _ = binary(step, index, registers)
                }
            case .divide, .remainder, .bitOr, .bitXor, .shiftLeft, .shiftRight, .equal, .notEqual, .less, .greater,
                .lessOrEqual, .greaterOrEqual, .textEqual, .textNotEqual, .integerEqual, .integerNotEqual:
                if !binary(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
            case .negate, .complement, .not, .truth, .toInteger, .toText, .length, .isEmpty, .isNull, .isDefined:
                if !unary(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
            case .match, .noMatch, .matchKnown, .noMatchKnown:
                if !match(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
                patience -= Self.slowStep
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .jump:
                index = Int(step.a)
            case .jumpIfPositive:
                if number(Self.at(step.b, registers, globals), index) > 0 { index = Int(step.a) }
            case .jumpUnlessPositive:
                if number(Self.at(step.b, registers, globals), index) <= 0 { index = Int(step.a) }
            case .jumpIfTrue:
                if number(Self.at(step.b, registers, globals), index) != 0 { index = Int(step.a) }
            case .jumpUnlessTrue:
                if number(Self.at(step.b, registers, globals), index) == 0 { index = Int(step.a) }
            case .jumpIfEqual:
                if case .integer(let left) = Self.at(step.b, registers, globals).pointee,
                    case .integer(let right) = Self.at(step.c, registers, globals).pointee
                {
                    if left == right { index = Int(step.a) }
                } else if holds(step, index, registers) {
                    index = Int(step.a)
                }
            case .jumpIfNotEqual:
                if case .integer(let left) = Self.at(step.b, registers, globals).pointee,
                    case .integer(let right) = Self.at(step.c, registers, globals).pointee
                {
                    if left != right { index = Int(step.a) }
                } else if holds(step, index, registers) {
                    index = Int(step.a)
                }
            case .jumpIfLess:
                if number(Self.at(step.b, registers, globals), index) < number(Self.at(step.c, registers, globals), index) {
                    index = Int(step.a)
                }
            case .jumpIfGreater:
                if number(Self.at(step.b, registers, globals), index) > number(Self.at(step.c, registers, globals), index) {
                    index = Int(step.a)
                }
            case .jumpIfLessOrEqual:
                if number(Self.at(step.b, registers, globals), index) <= number(Self.at(step.c, registers, globals), index) {
                    index = Int(step.a)
                }
            case .jumpIfGreaterOrEqual:
                if number(Self.at(step.b, registers, globals), index) >= number(Self.at(step.c, registers, globals), index) {
                    index = Int(step.a)
                }
            case .caseInteger, .caseText, .casePattern:
                if isCase(step, index, registers) { index = Int(step.a) }
            case .turn:
                if Self.turns(Self.at(step.b, registers, globals), limits.loopTurns) {
                    patience -= 1
                    if patience <= 0 {
                        patience = Self.patience
                        try checkTime(index)
                    }
                } else {
                    tooManyTurns(index)
                    routeCode = -1
                    index = Int(step.a)
                }
            case .turnIfLess:
                if number(Self.at(step.b, registers, globals), index) < number(Self.at(step.c, registers, globals), index) {
                    let turn = code[Int(step.a)]
                    index = Int(step.a) + 1
                    if Self.turns(Self.at(turn.b, registers, globals), limits.loopTurns) {
                        patience -= 1
                        if patience <= 0 {
                            patience = Self.patience
                            try checkTime(index)
                        }
                    } else {
                        tooManyTurns(index)
                        routeCode = -1
                        index = Int(turn.a)
                    }
                }
            case .clear:
                ScriptValue.replace(Self.at(step.a, registers, globals), with: 0)
            case .get:
                read(Int(step.b), run, into: Self.at(step.a, registers, globals))
                patience -= Self.slowStep
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .getNotNull:
                let target = Self.at(step.a, registers, globals)
                read(Int(step.b), run, into: target)
                if case .null = target.pointee { target.initialize(to: .integer(0)) }
                patience -= Self.slowStep
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .set:
                if !write(Int(step.a), run, Self.at(step.b, registers, globals)) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
                patience -= Self.slowStep
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .expand:
                expand(formats[Int(step.b)], run, into: Self.at(step.a, registers, globals))
                patience -= Self.slowStep
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .argumentInteger:
                if !argumentInteger(step, index, registers) {
                    routeCode = -1
                    index = Int(places[index - 1].recovery)
                }
            case .argumentText:
                argumentText(Self.at(step.a, registers, globals))
            case .skipLog:
                if !log.keeps(ScriptLogLevel(rawValue: Int(step.b)) ?? .error) {
                    run.returnCode = 1
                    index = Int(step.a)
                }
            case .call, .callTruth:
                let result = call(step, registers, run)
                if result == 0 { return ScriptOutcome(code: 0, hasEnded: true, wasDropped: false) }
                ScriptValue.replace(
                    Self.at(step.a, registers, globals),
                    with: step.operation == .call ? Int64(result) : (result > 0 ? 1 : 0))
                patience -= Self.slowStep
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .route, .routeTruth, .routeNamed:
                var target = Int(step.b)
                if step.operation == .routeNamed {
                    guard let found = namedRoute(step, index, registers) else {
                        routeCode = -1
                        index = Int(places[index - 1].recovery)
                        continue
                    }
                    target = found
                }
                guard frames.count - bottom + 1 < limits.nestedRoutes else { throw tooManyRoutes(index) }
                let asTruth = step.operation == .routeTruth || (step.operation == .routeNamed && step.c == 1)
                frames.append(
                    Frame(next: index, registers: registers, route: currentRoute, result: step.a, asTruth: asTruth))
                currentRoute = Int32(target)
                registers = self.registers.push(registerCounts[target])
                index = entryPoints[target]
                routeCode = 1
                patience -= 1
                if patience <= 0 {
                    patience = Self.patience
                    try checkTime(index)
                }
            case .setCode:
                if step.c > 0 {
                    routeCode = Self.code(number(registers + Int(step.c - 1), index))
                } else {
                    routeCode = step.b
                }
            case .finish, .finishWithCode:
                if step.operation == .finish {
                    routeCode = Self.code(number(Self.at(step.a, registers, globals), index))
                    if routeCode == 0 { return ScriptOutcome(code: 0, hasEnded: true, wasDropped: false) }
                }
                guard frames.count > bottom else {
                    return ScriptOutcome(code: routeCode, hasEnded: false, wasDropped: false)
                }
                self.registers.pop(registerCounts[Int(currentRoute)])
                let frame = frames.removeLast()
                registers = frame.registers
                currentRoute = frame.route
                index = frame.next
                run.returnCode = routeCode
                ScriptValue.replace(
                    Self.at(frame.result, registers, globals),
                    with: frame.asTruth ? (routeCode > 0 ? 1 : 0) : Int64(routeCode))
            case .exit:
                return ScriptOutcome(code: 0, hasEnded: true, wasDropped: false)
            case .drop:
                return ScriptOutcome(code: 0, hasEnded: true, wasDropped: true)
            }
        }
    }

    /// Counts a turn of a loop; false when there were as many as there may be.
    @inline(__always)
    private static func turns(_ counter: UnsafeMutablePointer<ScriptValue>, _ most: Int) -> Bool {
        // Nothing but `clear` and this writes to the counter.
        guard case .integer(let turns) = counter.pointee, turns < most else { return false }
        counter.initialize(to: .integer(turns &+ 1))
        return true
    }

    /// A return code: numbers beyond 32 bits are cut to the nearest that fits.
    private static func code(_ number: Int64) -> Int32 {
        Int32(clamping: number)
    }

    /// A value as a number; `index` is that of the instruction behind the one at hand.
    @inline(__always)
    private func number(_ value: UnsafeMutablePointer<ScriptValue>, _ index: Int) -> Int64 {
        if case .integer(let number) = value.pointee { return number }
        return converted(value, index)
    }
}
