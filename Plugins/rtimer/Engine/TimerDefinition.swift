import ModuleABI
public import ModuleKit

/// A timer as the config defines it: `modparam("rtimer", "timer", "name=t1;interval=10;mode=1;")`, and the routes that it runs.
public struct TimerDefinition: Equatable, Sendable {
    public var name: String
    /// Nanoseconds.
    public var interval: Int64
    /// 0: on worker 1; N: on N workers.
    public var mode: Int
    /// In the order of the `exec` lines.
    public var routes: [String] = []

    private static let example = "name=t1;interval=10;mode=1;"
    private static let shortest: Int64 = 1_000_000
    private static let longest: Int64 = 366 * 86_400 * 1_000_000_000

    /// Reads the value of `timer`.
    public init(_ text: String) throws(ModuleFailure) {
        let attributes = try Attributes(text, known: ["name", "interval", "mode"], example: Self.example)
        guard let name = attributes["name"] else {
            throw ModuleFailure(MH_E_INVALID, "the timer has no name, expected such as \"\(Self.example)\"")
        }
        guard (1...64).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else {
            throw ModuleFailure(
                MH_E_INVALID, "the timer's name is \"\(name)\", expected 1 to 64 letters, digits, \"_\", \"-\" or \".\"")
        }
        guard let interval = attributes["interval"] else {
            throw ModuleFailure(
                MH_E_INVALID, "timer \(name) has no interval: add interval=SECONDS, such as \"name=\(name);interval=10;\"")
        }
        self.name = name
        self.interval = try Self.nanoseconds(interval)
        mode = 0
        if let text = attributes["mode"] {
            guard let mode = Int(text), (0...1024).contains(mode) else {
                throw ModuleFailure(
                    MH_E_INVALID,
                    "mode is \"\(text)\", expected 0 (worker 1) or the number of workers that run it, up to 1024")
            }
            self.mode = mode
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Reads an interval: a number of seconds, or one with a unit: u (microseconds, as in Kamailio), us, ms, s, m, h.
    static func nanoseconds(_ text: String) throws(ModuleFailure) -> Int64 {
        let units: [String: Int64] = [
            "": 1_000_000_000, "s": 1_000_000_000, "u": 1000, "us": 1000, "ms": 1_000_000, "m": 60_000_000_000,
            "h": 3_600_000_000_000,
        ]
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), let unit = units[String(text.dropFirst(digits.count))] else {
            throw ModuleFailure(
                MH_E_INVALID,
                "interval is \"\(text)\", expected a whole number of seconds, or one with u (microseconds), ms, s, m or h")
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, product >= shortest, product <= longest else {
            throw ModuleFailure(MH_E_INVALID, "interval is \"\(text)\", expected 1ms to 366 days")
        }
        return product
    }
}

/// The value of `exec`: which timer runs which route.
public struct TimerExecution: Equatable, Sendable {
    public var timer: String
    public var route: String

    /// Reads "timer=t1;route=NAME".
    public init(_ text: String) throws(ModuleFailure) {
        let example = "timer=t1;route=NAME"
        let attributes = try Attributes(text, known: ["timer", "route"], example: example)
        guard let timer = attributes["timer"] else {
            throw ModuleFailure(MH_E_INVALID, "no timer is named, expected such as \"\(example)\"")
        }
        guard let route = attributes["route"] else {
            throw ModuleFailure(MH_E_INVALID, "no route is named, expected such as \"\(example)\"")
        }
        self.timer = timer
        self.route = route
    }
}
