// What routes do straight in memory: pseudo-variables that are reached directly, values written over, texts put together.

import Script
import Synchronization
import Testing

/// `$slot(key)`: values that can be written; what is not there is null. `$slot(fail)` fails, and `$slot(run)` runs route[INNER] first.
private final class Slots: ScriptVariableClass {
    let name = "slot"
    let isReadOnly = false
    let values = Mutex<[String: ScriptValue]>([:])

    func prepare(_ use: VariableUse) throws(ScriptError) -> any ScriptVariable { Slot(self) }
}

private final class Slot: DirectVariable, @unchecked Sendable {
    private let slots: Slots

    init(_ slots: Slots) { self.slots = slots }

    override func read(
        _ run: ScriptRun, key: UnsafeRawBufferPointer, into value: UnsafeMutablePointer<ScriptValue>
    ) -> Bool {
        let name = String(decoding: key, as: UTF8.self)
        if name == "fail" { return fail(run) }
        if name == "run", let inner = run.evaluator.program.route(named: "INNER") { _ = try? run.evaluator.run(inner) }
        // The nested run has made texts of its own: this one must be as it was.
        #expect(String(decoding: key, as: UTF8.self) == name)
        switch slots.values.withLock({ $0[name] ?? .null }) {
        case .null: value.pointee = .null
        case .integer(let number): ScriptValue.replace(value, with: number)
        case .text(let text): text.withUnsafeBytes { ScriptValue.replace(value, with: $0) }
        }
        return true
    }

    private func fail(_ run: ScriptRun) -> Bool {
        run.failure = ScriptError("the slot is stuck")
        return false
    }

    override func write(_ run: ScriptRun, key: UnsafeRawBufferPointer, _ value: UnsafePointer<ScriptValue>) -> Bool {
        let name = String(decoding: key, as: UTF8.self)
        if name == "fail" { return fail(run) }
        let new = value.pointee
        slots.values.withLock { $0[name] = new.isNull ? nil : new }
        return true
    }
}

private func slotLines(of body: String, routes: String = "") throws -> [String] {
    var environment = try testEnvironment()
    try environment.add(Slots())
    let running = try RunningProgram("\(routes)\nrequest_route {\n\(body)\n}", in: environment)
    try running.run()
    return running.log.lines
}

@Suite("Values in place")
struct DirectVariableTests {
    @Test(
        "A direct pseudo-variable is read and written under keys that are written there or made of others, and null deletes")
    func keys() throws {
        #expect(
            try slotLines(
                of: """
                    $var(i) = 7;
                    $slot(a) = 1; $slot(row$var(i)) = "seven"; $slot($(var(i){s.len})x) = $slot(a) + 1;
                    $var(x) = $slot(a); $var(y) = $slot(row7); $var(z) = $slot(1x);
                    xlog("$var(x) $var(y) $var(z) $slot(row$var(i))");
                    $slot(a) = $null;
                    $var(x) = $slot(a); $vn(x) = $slot(a); $slot(copy) = $slot(row7);
                    xlog("$var(x) $vn(x) $slot(copy)");
                    """) == ["1 seven 2 seven", "0 <null> seven"])
    }

    @Test("A key may hold the variable that the value goes to, and another direct pseudo-variable")
    func keyFromTarget() throws {
        #expect(
            try slotLines(
                of: """
                    $slot(start) = "middle"; $slot(middle) = "end"; $slot(end) = 5;
                    $var(x) = "start"; $var(x) = $slot($var(x)); $var(y) = $slot($slot($var(x))); $var(x) = $slot($var(x));
                    xlog("$var(x) $var(y)");
                    """) == ["end 5"])
    }

    @Test("What fails is null or leaves the value as it is, told with its place and the pseudo-variable as written")
    func failures() throws {
        #expect(
            try slotLines(of: "$var(x) = 3; $var(x) = $slot(fail);\n$slot(fail) = 1;\nxlog(\"$var(x) $rc\");") == [
                "m.conf:3:24: request_route: $slot(fail): the slot is stuck",
                "m.conf:4:1: request_route: $slot(fail): the slot is stuck", "0 1",
            ])
    }

    @Test("A run within the reading of a pseudo-variable does not disturb its key, its text or its target")
    func nestedRun() throws {
        #expect(
            try slotLines(
                of: """
                    $slot(run) = "kept"; $var(r) = "ru"; $var(x) = "before";
                    $var(x) = $slot($var(r)n);
                    xlog("$var(x) <$slot($var(r)n) $var(x)> $var(t)");
                    """,
                routes: "route[INNER] { $var(x) = \"inner\"; $var(t) = \"a long text \" + $slot(nothing$var(x)) + 123456; }")
                == ["kept <kept inner> a long text 123456"])
    }

    @Test("Text that is written over is not what another variable, a stack or a constant holds")
    func textOverText() throws {
        #expect(
            try slotLines(
                of: """
                    $var(a) = "abc"; $var(b) = $var(a); $avp(s) = $var(a); $var(c) = "abc";
                    $var(a) = "x" + 12; $slot(t) = "xyz"; $var(c) = $slot(t);
                    xlog("$var(a) $var(b) $avp(s) $var(c)");
                    $var(a) = $var(a) + $var(a); $var(b) = $var(b) + ""; $var(c) = 5 + 5;
                    xlog("$var(a) $var(b) $(var(b){s.len}) $var(c) $(var(c){s.len}) abc");
                    """) == ["x12 abc abc xyz", "x12x12 abc 3 10 2 abc"])
    }

    @Test("A number in a text is its decimal digits, whatever its size")
    func digits() throws {
        var numbers: [Int64] = [0, .max, .min, .max - 1, .min + 1]
        var power: Int64 = 1
        for _ in 0..<19 {
            numbers += [power - 1, power, power + 1, -power, 7 &* power]
            power &*= 10
        }
        let body = numbers.map { number in
            number == .min
                ? "$var(n) = -9223372036854775807 - 1; xlog(\"<$var(n)>\");" : "$var(n) = \(number); xlog(\"<$var(n)>\");"
        }
        #expect(try lines(of: body.joined(separator: "\n")) == numbers.map { "<\($0)>" })
    }

    @Test(
        "A loop may turn max_while_loops times, whatever its condition",
        arguments: [
            "$var(i) < $var(n)", "$var(n) > $var(i)", "!($var(i) >= $var(n))", "$var(i) != $var(n)",
            "$var(i) < $var(n) && 1",
            "1 || $var(i) < $var(n)",
        ])
    func turns(_ condition: String) throws {
        let limits = ScriptLimits(loopTurns: 20)
        let ended = "m.conf:4:14: request_route: found a while loop of more than 20 turns: it was ended (max_while_loops)"
        let isEndless = condition.hasPrefix("1")
        func run(_ turns: Int) throws -> [String] {
            try lines(
                of: "$var(n) = \(turns);\n             while (\(condition)) { $var(i) = $var(i) + 1; } xlog(\"$var(i)\");",
                limits: limits)
        }
        #expect(try run(20) == (isEndless ? [ended, "20"] : ["20"]))
        if condition.contains("$var(n)") { #expect(try run(21) == [ended, "20"]) }
    }
}
