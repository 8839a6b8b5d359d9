import ModuleABI

/// A management command: the host's own or a module's.
final class Command: @unchecked Sendable {
    // @unchecked: a module's context pointer is its own to share; handlers run as the ABI says.
    enum ArgumentType: UInt32, Sendable {
        case any = 0
        case int = 1
        case float = 2
        case string = 3
        case bool = 4
        case duration = 7
        case size = 8

        init?(raw: UInt32) { self.init(rawValue: raw) }

        var name: String {
            switch self {
            case .any: "scalar"
            case .int: "int"
            case .float: "float"
            case .string: "string"
            case .bool: "bool"
            case .duration: "duration"
            case .size: "size"
            }
        }
    }

    struct Argument: Sendable {
        var name: String
        var type: ArgumentType
        var isOptional = false
        var isRest = false
        var help = ""
    }

    enum Action {
        case module(
            handler: (
                @convention(c) (
                    UnsafeMutableRawPointer?, UnsafePointer<mh_mi_call>?, UnsafePointer<mh_mi_reply>?
                ) -> Int32
            )?,
            context: UnsafeMutableRawPointer?)
        case host(@Sendable (CoreCall, ReplyWriter) throws(Fault) -> Void)
        /// Answers later: it calls the last argument exactly once, with what writes the reply on the management thread.
        case deferred(@Sendable (CoreCall, @escaping DeferredReply) throws(Fault) -> Void)
    }

    /// Takes what writes a reply that is ready. Any thread.
    typealias DeferredReply = @Sendable (@escaping @Sendable (ReplyWriter) throws(Fault) -> Void) -> Void

    let name: String
    let aliases: [String]
    let isChange: Bool
    let isSlow: Bool
    let summary: String
    let example: String
    let arguments: [Argument]
    /// It takes arguments of any name and number, as they were sent; `arguments` is for the help only.
    let takesAny: Bool
    /// The module that it belongs to; nil for the host's own.
    let module: String?
    let action: Action

    init(
        name: String, aliases: [String], isChange: Bool, isSlow: Bool, summary: String, example: String,
        arguments: [Argument], takesAny: Bool = false, module: String? = nil, action: Action
    ) {
        self.name = name
        self.aliases = aliases
        self.isChange = isChange
        self.isSlow = isSlow
        self.summary = summary
        self.example = example
        self.arguments = arguments
        self.takesAny = takesAny
        self.module = module
        self.action = action
    }

    /// `htable.get TABLE KEY [LIMIT]`
    var usage: String {
        arguments.reduce(into: name) { text, argument in
            let word = argument.name.uppercased() + (argument.isRest ? "…" : "")
            text += argument.isOptional ? " [\(word)]" : " \(word)"
        }
    }
}

/// What a command answers instead of a result.
struct Fault: Error, Sendable, Equatable {
    var code: Int32
    var text: String

    init(_ code: Int32, _ text: String) {
        self.code = code
        self.text = text
    }

    static let parseError: Int32 = -32700
    static let invalidRequest: Int32 = -32600
    static let methodNotFound: Int32 = -32601
    static let invalidParams: Int32 = -32602
}
