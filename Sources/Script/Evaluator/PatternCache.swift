/// The compiled patterns of one evaluator: those of the configuration, and the last few of those made at run time.
struct PatternCache {
    private static let size = 16

    private let sources: [[UInt8]]
    private var sensitive: [ScriptPattern?]
    private var insensitive: [ScriptPattern?]
    private var recent: [(source: [UInt8], pattern: ScriptPattern)] = []
    private var next = 0

    init(_ sources: [[UInt8]]) {
        self.sources = sources
        sensitive = Array(repeating: nil, count: sources.count)
        insensitive = sensitive
    }

    /// A pattern of the configuration by its number.
    mutating func known(_ number: Int, ignoringCase: Bool) throws(ScriptError) -> ScriptPattern {
        if let pattern = ignoringCase ? insensitive[number] : sensitive[number] { return pattern }
        let pattern = try ScriptPattern(sources[number], ignoringCase: ignoringCase)
        if ignoringCase {
            insensitive[number] = pattern
        } else {
            sensitive[number] = pattern
        }
        return pattern
    }

    /// A pattern that was made at run time, letter case ignored.
    mutating func pattern(_ source: [UInt8]) throws(ScriptError) -> ScriptPattern {
        for entry in recent where entry.source == source { return entry.pattern }
        let pattern = try ScriptPattern(source, ignoringCase: true)
        if recent.count < Self.size {
            recent.append((source, pattern))
        } else {
            recent[next] = (source, pattern)
            next = (next + 1) % Self.size
        }
        return pattern
    }
}
