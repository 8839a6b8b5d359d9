// What makes a POSIX extended pattern too costly for the C library, which would take memory without end or overflow its stack.

/// Looks at a pattern before `regcomp` does.
struct PatternDanger {
    /// Longest pattern, in bytes: glibc compiles recursively, so this bounds its stack.
    static let longest = 1024
    /// Largest product of the counts of `{m,n}`: glibc writes repeats out in memory.
    static let mostRepeats = 1000
    /// Most parts that a pattern stands for, repeats within repeats written out; `+` writes its part out twice.
    static let mostParts = 10_000

    /// The reason not to compile a pattern, nil for a harmless one.
    static func find(in pattern: [UInt8]) -> String? {
        if pattern.isEmpty { return "it is empty" }
        if pattern.count > longest { return "it is longer than \(longest) bytes" }
        if pattern.contains(0) { return "it contains a NUL byte" }
        var scan = PatternDanger(pattern: pattern)
        return scan.run()
    }

    private let pattern: [UInt8]
    private var index = 0
    /// What stands in a group: the parts but the last, and the last, which a repeat behind it multiplies.
    private var group = (sum: 0, last: 0)
    private var outer: [(sum: Int, last: Int)] = []
    private var product = 1

    private init(pattern: [UInt8]) { self.pattern = pattern }

    private mutating func run() -> String? {
        while index < pattern.count {
            switch pattern[index] {
            case UInt8(ascii: "\\"):
                if index + 1 < pattern.count, (0x30...0x39).contains(pattern[index + 1]) {
                    return "back-references are not a part of POSIX extended expressions"
                }
                index += 1
                take(1)
            case UInt8(ascii: "["):
                skipBracket()
                take(1)
            case UInt8(ascii: "("):
                outer.append(group)
                group = (0, 0)
            case UInt8(ascii: ")"):
                let inner = group.sum + group.last + 1
                if let around = outer.popLast() { group = around }
                take(inner)
            case UInt8(ascii: "|"):
                take(1)
            case UInt8(ascii: "*"), UInt8(ascii: "?"): multiply(1)
            case UInt8(ascii: "+"): multiply(2)
            case UInt8(ascii: "{"):
                let count = largestCount()
                product *= count
                if product > Self.mostRepeats { return "its repeat counts multiply to more than \(Self.mostRepeats)" }
                multiply(count)
            default: take(1)
            }
            if group.sum + group.last > Self.mostParts {
                return "its repeats within repeats stand for more than \(Self.mostParts) parts"
            }
            index += 1
        }
        return nil
    }

    private mutating func take(_ parts: Int) {
        group.sum += group.last
        group.last = parts
    }

    /// Numbers stay small: `run` ends when the group is over the limit.
    private mutating func multiply(_ factor: Int) { group.last = group.last * factor + 1 }

    /// The larger of the counts in `{m,n}`: it decides how often the part before is written out.
    private mutating func largestCount() -> Int {
        var largest = 0
        var count = 0
        while index + 1 < pattern.count, (0x30...0x39).contains(pattern[index + 1]) || pattern[index + 1] == 0x2C {
            index += 1
            count = pattern[index] == 0x2C ? 0 : min(count * 10 + Int(pattern[index] - 0x30), 1 << 20)
            largest = max(largest, count)
        }
        return max(largest, 1)
    }

    /// Goes to the `]` of a bracket expression, or to the end.
    private mutating func skipBracket() {
        index += 1
        if index < pattern.count, pattern[index] == UInt8(ascii: "^") { index += 1 }
        if index < pattern.count, pattern[index] == UInt8(ascii: "]") { index += 1 }
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") {
            // Classes such as [:alpha:] have a bracket of their own.
            if pattern[index] == UInt8(ascii: "["), index + 1 < pattern.count, ":.=".utf8.contains(pattern[index + 1]) {
                let mark = pattern[index + 1]
                index += 2
                while index + 1 < pattern.count, pattern[index] != mark || pattern[index + 1] != UInt8(ascii: "]") {
                    index += 1
                }
                index += 1
            }
            index += 1
        }
    }
}
