import JSON

/// What a probe process is asked to do; travels as JSON in its argument vector.
struct ProbeRequest: Sendable {
    enum Probe: String, CaseIterable, Sendable {
        case rules, entry, behaviour
    }

    /// A value for a parameter: of the module under test when `module` is empty.
    struct Setting: Sendable {
        var module: String
        var name: String
        var value: String
    }

    var probe: Probe
    /// Absolute path of the module under test.
    var module: String
    /// Absolute paths of modules that provide what it requires.
    var companions: [String]
    var settings: [Setting]
    var seed: UInt64
    /// Seconds that one case may take.
    var limit: Double
    /// An empty directory of this probe's own.
    var directory: String

    var json: JSONValue {
        .object([
            .init("probe", .string(probe.rawValue)), .init("module", .string(module)),
            .init("companions", .array(companions.map { .string($0) })),
            .init("settings", .array(settings.map { .array([.string($0.module), .string($0.name), .string($0.value)]) })),
            .init("seed", .integer(Int64(bitPattern: seed))), .init("limit", .double(limit)),
            .init("directory", .string(directory)),
        ])
    }

    init(
        probe: Probe, module: String, companions: [String], settings: [Setting], seed: UInt64, limit: Double,
        directory: String
    ) {
        self.probe = probe
        self.module = module
        self.companions = companions
        self.settings = settings
        self.seed = seed
        self.limit = limit
        self.directory = directory
    }

    init?(json: JSONValue) {
        guard let probe = json["probe"]?.string.flatMap(Probe.init), let module = json["module"]?.string,
            let companions = json["companions"]?.array, let settings = json["settings"]?.array,
            let seed = json["seed"]?.integer, let limit = json["limit"]?.double, let directory = json["directory"]?.string
        else { return nil }
        self.init(
            probe: probe, module: module, companions: companions.compactMap(\.string),
            settings: settings.compactMap { item in
                guard let words = item.array?.compactMap(\.string), words.count == 3 else { return nil }
                return Setting(module: words[0], name: words[1], value: words[2])
            },
            seed: UInt64(bitPattern: seed), limit: limit, directory: directory)
    }
}
