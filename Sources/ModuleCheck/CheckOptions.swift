import Glibc

/// What modcheck is asked to do.
public struct CheckOptions: Sendable {
    /// The modules to check, as paths.
    public var modules: [String] = []
    /// Modules that provide what those require, as paths.
    public var companions: [String] = []
    /// Values of parameters: `NAME=VALUE` for the modules to check, `MODULE:NAME=VALUE` for one by its name.
    public var parameters: [String] = []
    /// Ids of checks whose findings are left out.
    public var muted: [String] = []
    /// A file of lines `mute ID reason`; nil: `.modcheck` in the working directory, if there is one.
    public var configuration: String?
    /// Seed of all that is random; nil: one from the clock, which is printed.
    public var seed: UInt64?
    /// Seconds that one case may take.
    public var timeout = 10.0
    public var isJSON = false
    /// Prints errors only.
    public var isQuiet = false

    public init() {}
}

/// A command line or file that modcheck cannot make sense of.
public struct UsageError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Which findings are left out, and why.
struct Mutes {
    private(set) var reasons: [String: String] = [:]

    init(_ options: CheckOptions) throws(UsageError) {
        for word in options.muted {
            for id in word.split(separator: ",") { try add(String(id), reason: "--mute", at: "--mute") }
        }
        let path = options.configuration ?? ".modcheck"
        guard let text = FileText.read(path) else {
            if options.configuration != nil {
                throw UsageError("\(path) cannot be read: \(String(cString: strerror(errno)))")
            }
            return
        }
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(separator: " ", maxSplits: 2)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard first == "mute", words.count >= 2 else {
                throw UsageError("\(path):\(number + 1):1: found '\(line.prefix(60))', expected: mute ID reason")
            }
            guard words.count == 3 else {
                throw UsageError("\(path):\(number + 1):1: mute \(words[1]) has no reason; write why behind the id")
            }
            try add(String(words[1]), reason: String(words[2]), at: "\(path):\(number + 1)")
        }
    }

    private mutating func add(_ id: String, reason: String, at place: String) throws(UsageError) {
        guard CheckDescription.all.contains(where: { $0.id == id }) else {
            throw UsageError("\(place): there is no check \(id); modcheck --list shows all")
        }
        reasons[id] = reason
    }
}
