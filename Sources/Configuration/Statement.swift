/// A statement outside of routes. Its syntax is good; whether its names mean anything is for the host to say.
public enum Statement: Hashable, Sendable {
    /// `workers = 4`
    case setting(Setting)
    /// `mpath "/usr/lib/modhost/modules"`
    case modulePath(ModulePath)
    /// `loadmodule "flatstore.so"`
    case loadModule(LoadModule)
    /// `modparam("flatstore", "flush", 0)`
    case moduleParameter(ModuleParameter)
    /// `request_route { … }`
    case route(Route)

    /// Where the statement begins.
    public var location: SourceLocation {
        switch self {
        case .setting(let setting): setting.name.location
        case .modulePath(let path): path.location
        case .loadModule(let load): load.location
        case .moduleParameter(let parameter): parameter.location
        case .route(let route): route.location
        }
    }
}

/// A core parameter: `name = value` or `name = value value …`.
public struct Setting: Hashable, Sendable {
    /// The name; a dot may separate a group from it: `core.debug`.
    public var name: LocatedString
    /// The values, at least one. Most settings have one; lists such as `listen = udp:eth0 tcp:eth0` have more.
    public var values: [Value]

    /// Makes a setting.
    public init(name: LocatedString, values: [Value]) {
        self.name = name
        self.values = values
    }
}

/// The directories in which modules are looked for: `mpath` or `loadpath`, with or without `=`.
public struct ModulePath: Hashable, Sendable {
    /// Where the statement begins.
    public var location: SourceLocation
    /// The directories in their order; empty parts between colons are left out, and one remains at least.
    public var directories: [LocatedString]

    /// Makes a module path.
    public init(location: SourceLocation, directories: [LocatedString]) {
        self.location = location
        self.directories = directories
    }
}

/// A module to load: `loadmodule "name"`, perhaps with the word `optional`.
public struct LoadModule: Hashable, Sendable {
    /// Where the statement begins.
    public var location: SourceLocation
    /// The name or path as written; `.so` and a directory may be a part of it. In a loadmodulex `$env(NAME)` and
    /// `$def(NAME)` are resolved.
    public var module: LocatedString
    /// Whether the host goes on without the module when it cannot be loaded.
    public var isOptional: Bool

    /// Makes a load statement.
    public init(location: SourceLocation, module: LocatedString, isOptional: Bool) {
        self.location = location
        self.module = module
        self.isOptional = isOptional
    }
}

/// A parameter of one or more modules: `modparam("acc|flatstore", "name", value)`.
public struct ModuleParameter: Hashable, Sendable {
    /// Where the statement begins.
    public var location: SourceLocation
    /// Which modules are meant.
    public var modules: ModulePattern
    /// The parameter's name.
    public var name: LocatedString
    /// The value: an integer, float, string, boolean, or a quantity such as the word `5s`. In a modparamx
    /// `$env(NAME)` and `$def(NAME)` in a string are resolved.
    public var value: Value

    /// Makes a parameter statement.
    public init(location: SourceLocation, modules: ModulePattern, name: LocatedString, value: Value) {
        self.location = location
        self.modules = modules
        self.name = name
        self.value = value
    }
}

/// A block of script, its body not yet parsed.
public struct Route: Hashable, Sendable {
    /// The kinds of blocks, by their keyword.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// `request_route { }`, also written `route { }`. A configuration may hold several: they are one.
        case request = "request_route"
        /// `route[NAME] { }`
        case named = "route"
        /// `reply_route { }`
        case reply = "reply_route"
        /// `onreply_route { }` or `onreply_route[NAME] { }`
        case onReply = "onreply_route"
        /// `failure_route[NAME] { }`
        case failure = "failure_route"
        /// `branch_route[NAME] { }`
        case branch = "branch_route"
        /// `onsend_route { }`
        case onSend = "onsend_route"
        /// `event_route[module:event] { }`
        case event = "event_route"
    }

    /// Which kind of block it is.
    public var kind: Kind
    /// The name in brackets, nil where there is none.
    public var name: LocatedString?
    /// Where the keyword is.
    public var location: SourceLocation
    /// Where the body's `{` is.
    public var openingBrace: SourceLocation
    /// Where the body's `}` is.
    public var closingBrace: SourceLocation
    /// The tokens between the two; braces in them are balanced. May be empty.
    public var body: [Token]

    /// Makes a route.
    public init(
        kind: Kind, name: LocatedString?, location: SourceLocation, openingBrace: SourceLocation,
        closingBrace: SourceLocation, body: [Token]
    ) {
        self.kind = kind
        self.name = name
        self.location = location
        self.openingBrace = openingBrace
        self.closingBrace = closingBrace
        self.body = body
    }
}
