// Turns the trees of all routes into instructions, and checks on the way everything that names something: functions,
// pseudo-variables, transformations, routes, and the kinds of values that operators want.

import Configuration

/// Compiles routes; what it has built makes a program.
struct Compiler {
    /// What is known of a value while it is compiled.
    enum StaticType {
        case integer, text, unknown
    }

    /// Where a value will be, and what is known about it.
    struct Operand {
        var place: Place
        var type: StaticType
        /// Its value where that is known already.
        var constant: ScriptValue?
    }

    /// A label: the index of an instruction that may not be there yet.
    typealias Label = Int32

    let environment: ScriptEnvironment
    var problems = ProblemList()

    var code: [Instruction] = []
    var places: [InstructionPlace] = []
    /// The worker's variables and the constants as they are at first.
    var globals: [ScriptValue] = []
    var variables: [VariableSite] = []
    var formats: [ScriptFormat] = []
    var calls: [CallSite] = []
    var patterns: [[UInt8]] = []
    /// The sites of all pseudo-variables whose classes came from outside, those within texts included.
    var outside: [VariableSite] = []
    /// The numbers of the names of `$avp` and of `$shv`.
    var stacks: [[UInt8]: Int] = [:]
    var shared: [[UInt8]: Int] = [:]
    /// The numbers of route[NAME] by their names.
    var namedRoutes: [String: Int] = [:]
    /// Registers that each route needs, and its first instruction.
    var registerCounts: [Int] = []
    var entryPoints: [Int] = []

    private var constants: [ScriptValue: Place] = [:]
    private var workerVariables: [String: Place] = [:]
    private var labels: [Int32] = []

    /// How deep the pseudo-variable at hand stands in others.
    var variableNesting = 0
    /// The route at hand.
    var route = 0
    var nextRegister: Place = 0
    private var registerCount: Place = 0
    /// Where the statement at hand goes on after an error.
    var recovery: Label = 0
    /// Where `break` goes: the ends of the loops and switches around the statement at hand.
    var exits: [Label] = []

    init(_ environment: ScriptEnvironment) {
        self.environment = environment
    }

    /// Compiles one route. Routes are compiled in the order of their numbers.
    mutating func compile(_ statements: [StatementSyntax], route number: Int, end: SourceLocation) {
        route = number
        let first = code.count
        entryPoints.append(first)
        nextRegister = 0
        registerCount = 0
        labels = []
        exits = []
        let last = label()
        recovery = last
        if statements.isEmpty { emit(.setCode, b: 1, at: end) }
        compile(statements, isTail: true)
        place(last)
        emit(.finishWithCode, at: end)
        resolve(from: first)
        registerCounts.append(Int(registerCount))
    }

    // MARK: - Code

    mutating func emit(
        _ operation: Instruction.Operation, _ a: Int32 = 0, b: Int32 = 0, c: Int32 = 0, at location: SourceLocation
    ) {
        code.append(Instruction(operation: operation, a: a, b: b, c: c))
        places.append(InstructionPlace(location: location, recovery: recovery, route: Int32(route)))
    }

    mutating func label() -> Label {
        labels.append(-1)
        return Label(labels.count - 1)
    }

    /// The label stands for the next instruction.
    mutating func place(_ label: Label) {
        labels[Int(label)] = Int32(code.count)
    }

    /// Replaces labels with the indexes that they stand for.
    private mutating func resolve(from first: Int) {
        for index in first..<code.count {
            if code[index].operation.hasLabel { code[index].a = labels[Int(code[index].a)] }
            places[index].recovery = labels[Int(places[index].recovery)]
        }
    }

    /// A register for a value that is needed for a while.
    mutating func register() -> Place {
        registers(1)
    }

    /// The first of several registers in a row.
    mutating func registers(_ count: Int) -> Place {
        let first = nextRegister
        nextRegister += Place(count)
        registerCount = max(registerCount, nextRegister)
        return first
    }

    // MARK: - Values in globals

    /// The place of a constant.
    mutating func constant(_ value: ScriptValue) -> Place {
        if let place = constants[value] { return place }
        globals.append(value)
        let place = -Place(globals.count)
        constants[value] = place
        return place
    }

    mutating func operand(_ value: ScriptValue) -> Operand {
        let type: StaticType =
            switch value {
            case .null: .unknown
            case .integer: .integer
            case .text: .text
            }
        return Operand(place: constant(value), type: type, constant: value)
    }

    /// The place of one of the worker's variables. `$var` and `$vz` are two families of names.
    mutating func workerVariable(_ kind: BuiltInVariable, _ name: [UInt8]) -> Place {
        let key = "\(kind.rawValue):\(String(decoding: name, as: UTF8.self))"
        if let place = workerVariables[key] { return place }
        globals.append(kind == .nullable ? .null : .integer(0))
        let place = -Place(globals.count)
        workerVariables[key] = place
        return place
    }

    /// The number of a pattern, which is good; nil after an error.
    mutating func pattern(_ bytes: [UInt8], at location: SourceLocation) -> Int32? {
        do throws(ScriptError) {
            _ = try ScriptPattern(bytes, ignoringCase: true)
        } catch {
            problems.error(error, at: location)
            return nil
        }
        patterns.append(bytes)
        return Int32(patterns.count - 1)
    }
}

extension Instruction.Operation {
    /// Whether `a` is a label.
    var hasLabel: Bool {
        switch self {
        case .jump, .jumpIfPositive, .jumpUnlessPositive, .jumpIfTrue, .jumpUnlessTrue, .jumpIfEqual, .jumpIfNotEqual,
            .jumpIfLess, .jumpIfGreater, .jumpIfLessOrEqual, .jumpIfGreaterOrEqual, .caseInteger, .caseText,
            .casePattern, .turn, .turnIfLess, .skipLog:
            true
        default: false
        }
    }
}
