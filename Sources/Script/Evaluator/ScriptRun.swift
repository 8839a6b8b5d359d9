import Glibc

/// One run of a route on one thread: what functions, pseudo-variables and transformations are given.
///
/// It is valid until the run ends, and belongs to the run's thread. The object itself lives as long as its evaluator,
/// which uses it again for a later run.
public final class ScriptRun {
    /// The evaluator that runs it.
    public unowned let evaluator: Evaluator
    /// What ``Evaluator/run(_:context:)`` was given: the owner keeps arguments and the reply there.
    public internal(set) var context: AnyObject?
    /// The return code of the last function or route: `$rc`.
    @exclusivity(unchecked) public internal(set) var returnCode: Int32 = 1
    /// Why a ``DirectVariable`` has just failed.
    @exclusivity(unchecked) public var failure: ScriptError?
    private var cachedTime: (seconds: Int64, microseconds: Int64)?

    /// The stacks of `$avp` by the numbers of their names, the newest value last.
    @exclusivity(unchecked) private var stacks: [[ScriptValue]] = []
    /// The stacks of names that no place in the configuration spells out.
    private var namedStacks: [[UInt8]: [ScriptValue]] = [:]

    init(_ evaluator: Evaluator) {
        self.evaluator = evaluator
    }

    /// The time of day, read when the run first asks for it and the same until it ends: seconds since 1970-01-01 UTC, and
    /// microseconds of the second.
    public var startTime: (seconds: Int64, microseconds: Int64) {
        if let cachedTime { return cachedTime }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let time = (seconds: Int64(now.tv_sec), microseconds: Int64(now.tv_nsec) / 1000)
        cachedTime = time
        return time
    }

    /// Expands a text; one that is a single pseudo-variable keeps its type.
    public func expand(_ format: ScriptFormat) -> ScriptValue {
        evaluator.expand(format, in: self)
    }

    /// Writes to the pseudo-variable that a ``ScriptParameter/Kind/variable`` argument named.
    public func assign(_ value: ScriptValue, to variable: Int64) throws(ScriptError) {
        guard let number = Int(exactly: variable), evaluator.sites.indices.contains(number) else {
            throw ScriptError("found the pseudo-variable number \(variable), expected one that an argument gave")
        }
        try evaluator.assign(value, to: evaluator.sites[number], self)
    }

    /// Writes a line to the log.
    public func log(_ level: ScriptLogLevel, _ text: String) {
        guard evaluator.log.keeps(level) else { return }
        evaluator.log.write(level, Array(text.utf8))
    }

    /// What ``failure`` says; it is told once.
    func takeFailure() -> ScriptError {
        defer { failure = nil }
        return failure ?? ScriptError("it failed")
    }

    // MARK: - Life

    /// Makes it ready for the next run.
    func begin(_ context: AnyObject?) {
        self.context = context
        returnCode = 1
    }

    /// Forgets everything of the run.
    func end() {
        context = nil
        cachedTime = nil
        if !stacks.isEmpty { stacks.removeAll(keepingCapacity: true) }
        if !namedStacks.isEmpty { namedStacks = [:] }
    }

    // MARK: - $avp

    /// A value of a stack.
    func stackValue(_ number: Int, _ index: ScriptIndex) -> ScriptValue {
        number < stacks.count ? value(of: stacks[number], index) : .null
    }

    func stackCount(_ number: Int) -> Int {
        number < stacks.count ? stacks[number].count : 0
    }

    func assignStack(_ number: Int, _ index: ScriptIndex, _ value: ScriptValue) {
        while stacks.count <= number { stacks.append([]) }
        Self.assign(value, to: &stacks[number], index)
    }

    /// The same for a name that is known only now.
    func stackValue(_ name: [UInt8], _ index: ScriptIndex) -> ScriptValue {
        if let number = evaluator.program.compiler.stacks[name] { return stackValue(number, index) }
        return value(of: namedStacks[name] ?? [], index)
    }

    func stackCount(_ name: [UInt8]) -> Int {
        if let number = evaluator.program.compiler.stacks[name] { return stackCount(number) }
        return namedStacks[name]?.count ?? 0
    }

    func assignStack(_ name: [UInt8], _ index: ScriptIndex, _ value: ScriptValue) {
        if let number = evaluator.program.compiler.stacks[name] { return assignStack(number, index, value) }
        Self.assign(value, to: &namedStacks[name, default: []], index)
    }

    private func value(of stack: [ScriptValue], _ index: ScriptIndex) -> ScriptValue {
        switch index {
        case .none: return stack.last ?? .null
        case .at(let distance):
            guard let place = Self.place(distance, in: stack) else { return .null }
            return stack[place]
        case .all:
            guard let newest = stack.last else { return .null }
            var text = newest.textValue
            for value in stack.reversed().dropFirst() {
                let length = text.count
                text += [UInt8(ascii: ","), UInt8(ascii: " ")]
                value.append(to: &text)
                if text.count > Operations.longestText {
                    text.removeLast(text.count - length)
                    let found = "found more than \(Operations.longestText) bytes in the values of a stack"
                    evaluator.report("\(found): the older ones are left out", at: nil)
                    break
                }
            }
            return .text(text)
        }
    }

    /// Where in the stack an index is: 0 the newest, -1 the oldest.
    private static func place(_ distance: Int64, in stack: [ScriptValue]) -> Int? {
        let count = Int64(stack.count)
        if distance >= 0 { return distance < count ? Int(count - 1 - distance) : nil }
        return distance >= -count ? Int(-1 - distance) : nil
    }

    /// Null removes one or all; a value goes on top, or with `[*]` takes the place of all.
    private static func assign(_ value: ScriptValue, to stack: inout [ScriptValue], _ index: ScriptIndex) {
        if value.isNull {
            switch index {
            case .none: _ = stack.popLast()
            case .at(let distance): if let place = place(distance, in: stack) { stack.remove(at: place) }
            case .all: stack.removeAll()
            }
            return
        }
        if index == .all { stack.removeAll(keepingCapacity: true) }
        stack.append(value)
    }
}
