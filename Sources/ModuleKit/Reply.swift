public import ModuleABI

/// What a command answers instead of a result: a code such as 404 and a text.
public struct CommandFault: Error, Sendable {
    public var code: Int32
    public var text: String

    public init(_ code: Int32, _ text: String) {
        self.code = code
        self.text = text
    }
}

/// One call of a management command; valid until its reply is complete.
public struct Call {
    public let raw: UnsafePointer<mh_mi_call>

    init(_ raw: UnsafePointer<mh_mi_call>) { self.raw = raw }

    /// True when the client speaks the classic text protocol.
    public var isClassic: Bool { raw.pointee.classic != 0 }

    /// The name that the command was called by: its own or an alias.
    public var command: String { raw.pointee.command.string }

    /// The argument as it came, borrowed; `MH_NULL` type when it was left out.
    public func argument(_ index: Int) -> mh_value {
        let arguments = raw.pointee.args
        guard let items = arguments.items, index >= 0, index < Int(arguments.count) else { return mh_null() }
        return items.load(fromByteOffset: index * Int(arguments.stride), as: mh_value.self)
    }

    public func value(_ index: Int) -> Value { Value(argument(index)) }

    /// The text of a string argument; nil when it was left out.
    public func string(_ index: Int) -> String? {
        let value = argument(index)
        return value.type == MH_STRING ? value.as.text.string : nil
    }

    /// The number of an integer, boolean, duration (ns) or size (bytes) argument; nil when it was left out.
    public func integer(_ index: Int) -> Int64? {
        let value = argument(index)
        switch value.type {
        case MH_INT, MH_BOOL, MH_DURATION, MH_SIZE, MH_TIME: return value.as.integer
        default: return nil
        }
    }
}

/// Writes a command's reply; see `mh_mi_reply` for what a reply is made of.
///
/// Every function answers false once the client is gone: the handler should stop then.
public struct Reply: @unchecked Sendable {
    private let raw: UnsafePointer<mh_mi_reply>

    init(_ raw: UnsafePointer<mh_mi_reply>) { self.raw = raw }

    @discardableResult
    public func beginMap(_ name: String = "", attributes: Bool = false) -> Bool {
        name.withMHString {
            (raw.pointee.begin_map?(raw.pointee.ctx, $0, attributes ? MH_MI_ATTRIBUTES : 0) ?? MH_E_ABI) >= 0
        }
    }

    @discardableResult
    public func beginList(_ name: String = "") -> Bool {
        name.withMHString { (raw.pointee.begin_list?(raw.pointee.ctx, $0, 0) ?? MH_E_ABI) >= 0 }
    }

    @discardableResult
    public func end() -> Bool { (raw.pointee.end?(raw.pointee.ctx) ?? MH_E_ABI) >= 0 }

    /// A map, its members written by `body`.
    public func map(_ name: String = "", attributes: Bool = false, _ body: () throws(CommandFault) -> Void)
        throws(CommandFault)
    {
        beginMap(name, attributes: attributes)
        try body()
        end()
    }

    /// A list, its elements written by `body`.
    public func list(_ name: String = "", _ body: () throws(CommandFault) -> Void) throws(CommandFault) {
        beginList(name)
        try body()
        end()
    }

    @discardableResult
    public func value(_ name: String = "", _ value: mh_value) -> Bool {
        var value = value
        return name.withMHString { (raw.pointee.value?(raw.pointee.ctx, $0, &value) ?? MH_E_ABI) >= 0 }
    }

    /// A scalar whose name is bytes of any content.
    @discardableResult
    public func value(named name: mh_str, _ value: mh_value) -> Bool {
        var value = value
        return (raw.pointee.value?(raw.pointee.ctx, name, &value) ?? MH_E_ABI) >= 0
    }

    @discardableResult
    public func text(_ name: String = "", _ text: String) -> Bool {
        text.withMHString { value(name, mh_text($0)) }
    }

    @discardableResult
    public func integer(_ name: String = "", _ number: some BinaryInteger) -> Bool {
        value(name, mh_int(Int64(clamping: number)))
    }

    @discardableResult
    public func number(_ name: String = "", _ number: Double) -> Bool { value(name, mh_float(number)) }

    @discardableResult
    public func bool(_ name: String = "", _ truth: Bool) -> Bool { value(name, mh_bool(truth ? 1 : 0)) }

    @discardableResult
    public func null(_ name: String = "") -> Bool { value(name, mh_null()) }

    func fail(_ fault: CommandFault) {
        _ = fault.text.withMHString { raw.pointee.fail?(raw.pointee.ctx, fault.code, $0) }
    }
}
