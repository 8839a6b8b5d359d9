import ModuleABI

/// A generator whose sequence depends on its seed alone (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// Values that break code which expects ordinary ones.
enum OddValues {
    static let texts: [[UInt8]] = [
        [], Array("x".utf8), Array(" ".utf8), Array("0".utf8), Array("a\0b".utf8), [0xFF, 0xFE, 0x80, 0xC3],
        Array("\"'\\`;$(x)".utf8),
        Array("%s%s%n%d".utf8), Array("../../x".utf8), Array("line\r\nline\t".utf8), Array("=>".utf8),
        Array("(((([[[{{{".utf8),
        Array("Grüße 🎉".utf8), Array(repeating: UInt8(ascii: "A"), count: 300),
        Array(repeating: UInt8(ascii: "9"), count: 70_000),
        Array(repeating: 0xE2, count: 4096), Array("-1".utf8), Array("99999999999999999999".utf8), Array("1e999".utf8),
        Array(repeating: UInt8(ascii: "{"), count: 2000),
    ]

    static let integers: [Int64] = [0, 1, -1, 7, .max, .min, 4_294_967_296, -2_147_483_649, 65536]
    static let floats: [Double] = [
        0, -0.0, 1.5, -1, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNonzeroMagnitude,
    ]

    /// Bytes as a peer might send them.
    static func bytes(_ random: inout SeededRandom) -> [UInt8] {
        switch random.below(4) {
        case 0: return texts[random.below(texts.count)]
        case 1: return (0..<random.below(600)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        case 2:
            // Small binary numbers, as lengths and types are.
            return (0..<random.below(64)).map { _ in UInt8(random.below(4)) }
        default:
            let text = texts[random.below(texts.count)]
            return Array((text + [0x0A]).prefix(1 + random.below(text.count + 1)))
        }
    }

    /// Values that the host's check lets through for a parameter.
    static func values(for parameter: mh_param, _ random: inout SeededRandom) -> [TypedValue] {
        let isBounded = parameter.minimum != 0 || parameter.maximum != 0
        func whole(_ make: (Int64) -> TypedValue, least: Int64 = .min) -> [TypedValue] {
            var numbers = integers + [Int64(bitPattern: random.next()) >> Int64(random.below(60))]
            if isBounded {
                let (low, high) = (parameter.minimum, parameter.maximum)
                numbers = [low, high] + numbers.filter { $0 >= low && $0 <= high }
            }
            var seen: Set<Int64> = []
            return numbers.filter { $0 >= least && seen.insert($0).inserted }.map(make)
        }
        switch parameter.type {
        case MH_INT: return whole { .integer($0) }
        case MH_DURATION: return whole({ .duration($0) }, least: 0)
        case MH_SIZE: return whole({ .size($0) }, least: 0)
        case MH_BOOL: return [.bool(true), .bool(false)]
        case MH_FLOAT:
            let (low, high) = (parameter.float_minimum, parameter.float_maximum)
            if low == 0, high == 0 { return floats.map { .float($0) } }
            return ([low, high, (low + high) / 2]).map { .float($0) }
        case MH_STRING:
            let choices = strings(parameter.choices)
            if !choices.isEmpty { return choices.map { .text(Array($0.utf8)) } }
            return texts.map { .text($0) } + [.text(bytes(&random))]
        case MH_LIST:
            return [
                .list([]), .list(texts.filter { !$0.isEmpty }.map { .text($0) }),
                .list((0..<2000).map { .text(Array("element\($0)".utf8)) }),
            ]
        default: return []
        }
    }

    /// Values that the host's check lets through for an argument of a command; the first is the most ordinary one.
    static func values(for argument: mh_mi_arg, _ random: inout SeededRandom) -> [TypedValue] {
        let single = values(ofType: argument.type, &random)
        guard argument.flags & MH_MI_ARG_REST != 0 else { return single }
        let lists = [Array(single.prefix(1)), single, Array(repeating: single[0], count: 500)].map { TypedValue.list($0) }
        return argument.flags & MH_MI_ARG_OPTIONAL != 0 ? lists + [.list([])] : lists
    }

    private static func values(ofType type: UInt32, _ random: inout SeededRandom) -> [TypedValue] {
        switch type {
        case MH_INT: [.integer(1)] + integers.map { .integer($0) } + [.integer(Int64(bitPattern: random.next()))]
        case MH_FLOAT: [.float(1)] + floats.map { .float($0) }
        case MH_BOOL: [.bool(true), .bool(false)]
        case MH_DURATION: [.duration(1_000_000)] + integers.filter { $0 >= 0 }.map { .duration($0) }
        case MH_SIZE: [.size(1)] + integers.filter { $0 >= 0 }.map { .size($0) }
        case MH_STRING: [.text(Array("x".utf8))] + texts.map { .text($0) } + [.text(bytes(&random))]
        default:
            [.text(Array("x".utf8)), .integer(1), .integer(.min), .float(.nan), .bool(true)] + texts.map { .text($0) }
        }
    }

    /// Values for an argument of a script function, by its kind.
    static func values(forScript argument: mh_script_arg, _ random: inout SeededRandom) -> [TypedValue] {
        switch argument.kind {
        case MH_SCRIPT_ARG_INT: integers.map { .integer($0) } + [.null]
        case MH_SCRIPT_ARG_VARIABLE: [.integer(1)]
        case MH_SCRIPT_ARG_REGEX: ["x", ".*", "^(a|b)+$", ""].map { .text(Array($0.utf8)) }
        case MH_SCRIPT_ARG_LITERAL: texts.map { .text($0) }
        default: texts.map { .text($0) } + [.null, .text(bytes(&random))]
        }
    }
}
