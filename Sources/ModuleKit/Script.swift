public import ModuleABI

/// Service mh.script/1: the routes of the config, and texts with pseudo-variables.
public struct Script: @unchecked Sendable {
    let module: OpaquePointer
    /// The service itself, for code that may not pay for a wrapper.
    public let table: UnsafePointer<mh_script_service>

    /// What a run of a route came to. The reply's text is valid until the next run on this thread.
    public struct Outcome {
        /// Positive is true.
        public var code: Int32
        public var isEnded: Bool
        public var isDropped: Bool
        /// 0 without a reply.
        public var replyCode: Int32
        public var replyText: mh_str
    }

    /// A text with pseudo-variables that is ready to be expanded.
    public struct Format: @unchecked Sendable {
        let raw: OpaquePointer?
    }

    /// A route's number: "request" is request_route, "NAME" is route[NAME], "event:a:b" is event_route[a:b]; nil when the config
    /// has none. Main thread, in `init`.
    public func find(_ name: String) -> UInt32? {
        var route = MH_SCRIPT_NO_ROUTE
        let code = name.withMHString { table.pointee.find(module, $0, &route) }
        return code < 0 ? nil : route
    }

    /// Runs a route to its end on the calling worker, with arguments (`mh_log_field`s) that it reads as `$arg(name)`.
    @discardableResult
    public func run(
        _ route: UInt32, arguments: UnsafeBufferPointer<mh_log_field> = .init(start: nil, count: 0)
    ) throws(ModuleFailure) -> Outcome {
        var outcome = mh_script_outcome()
        outcome.struct_size = UInt32(MemoryLayout<mh_script_outcome>.size)
        var array = mh_array(
            items: UnsafeRawPointer(arguments.baseAddress), count: UInt32(arguments.count),
            stride: UInt32(MemoryLayout<mh_log_field>.stride))
        try ErrorCollector.check { table.pointee.run(module, route, &array, &outcome, $0) }
        return Outcome(
            code: outcome.code, isEnded: outcome.flags & MH_SCRIPT_ENDED != 0,
            isDropped: outcome.flags & MH_SCRIPT_DROPPED != 0,
            replyCode: outcome.flags & MH_SCRIPT_REPLIED != 0 ? outcome.reply_code : 0, replyText: outcome.reply_text)
    }

    /// Makes a text such as "src_ip=$si" ready. Main thread, in `init`.
    public func format(_ text: String) throws(ModuleFailure) -> Format {
        var raw: OpaquePointer?
        try ErrorCollector.check { error in text.withMHString { table.pointee.format(module, $0, &raw, error) } }
        return Format(raw: raw)
    }

    /// Expands a text; a single pseudo-variable keeps its type. What it points at is valid until the next call on this thread.
    public func expand(_ format: Format, in run: ScriptRun) throws(ModuleFailure) -> mh_value {
        var value = mh_null()
        try ErrorCollector.check { table.pointee.expand(module, format.raw, run.raw, &value, $0) }
        return value
    }

    /// An argument of a run, `$arg(name)`; null when it has none of that name. Text is valid until the run ends.
    public func argument(_ name: mh_str, of run: ScriptRun) -> mh_value {
        var value = mh_null()
        return table.pointee.argument(run.raw, name, &value) < 0 ? mh_null() : value
    }

    /// Sets the reply of a run; the last one counts. `code`: 100 to 999.
    public func reply(_ code: Int32, _ text: mh_str, to run: ScriptRun) throws(ModuleFailure) {
        try ErrorCollector.check { table.pointee.reply(run.raw, code, text, $0) }
    }

    /// Writes to the pseudo-variable of an `MH_SCRIPT_ARG_VARIABLE` argument.
    public func assign(_ value: mh_value, to variable: mh_value, of run: ScriptRun) throws(ModuleFailure) {
        var value = value
        try ErrorCollector.check { table.pointee.assign(module, run.raw, variable.as.integer, &value, $0) }
    }

    /// Runs `ended` on the thread of each run when the outermost one has ended; it lives as long as the process. In `init`.
    public func onEnd(_ ended: @escaping () -> Void) throws(ModuleFailure) {
        let box = Unmanaged.passRetained(Box(ended))
        let code = table.pointee.on_end(module, { Box<() -> Void>.call($0) }, box.toOpaque())
        guard code < 0 else { return }
        box.release()
        throw ModuleFailure(code, "the host does not tell when a route ends (error \(code))")
    }
}

/// One run of a route, as functions and pseudo-variables see it; valid for the call that it came with.
public struct ScriptRun {
    public let raw: OpaquePointer?
    public init(_ raw: OpaquePointer?) { self.raw = raw }
}

/// One call of a script function.
public struct ScriptCall {
    public let run: ScriptRun
    /// What `prepare` made for this place in the config.
    public let site: AnyObject?
    private let arguments: UnsafePointer<mh_array>

    init(run: ScriptRun, site: AnyObject?, arguments: UnsafePointer<mh_array>) {
        self.run = run
        self.site = site
        self.arguments = arguments
    }

    /// An argument, borrowed; null when it was left out.
    public func argument(_ index: Int) -> mh_value {
        guard let items = arguments.pointee.items, index >= 0, index < Int(arguments.pointee.count) else { return mh_null() }
        return items.load(fromByteOffset: index * Int(arguments.pointee.stride), as: mh_value.self)
    }
}

/// One argument of a script function: its name and kind, `MH_SCRIPT_ARG_INT … MH_SCRIPT_ARG_REGEX`.
public struct ScriptArgument {
    var raw = mh_script_arg()

    public init(_ name: StaticString, _ kind: UInt32, optional: Bool = false) {
        raw.struct_size = UInt32(MemoryLayout<mh_script_arg>.size)
        raw.kind = kind
        raw.flags = optional ? MH_SCRIPT_ARG_OPTIONAL : 0
        raw.name = mh_str(name)
    }
}

extension ModuleBuilder {
    private struct Callable {
        var prepare: (([mh_value]) throws(ModuleFailure) -> AnyObject?)?
        var run: (ScriptCall) -> Int32
    }

    /// Adds a script function that sees its run. `prepare` looks at each place in the config that calls it, with the arguments that
    /// are known there; what it makes comes with every call from there. `run` runs on workers, several at a time, and must not block.
    public func function(
        _ name: StaticString, summary: StaticString, arguments: [ScriptArgument],
        prepare: (([mh_value]) throws(ModuleFailure) -> AnyObject?)? = nil, run: @escaping (ScriptCall) -> Int32
    ) {
        var function = mh_script_function()
        function.struct_size = UInt32(MemoryLayout<mh_script_function>.size)
        function.name = mh_str(name)
        function.summary = mh_str(summary)
        function.args = staticArray(arguments.map(\.raw))
        function.ctx = Unmanaged.passRetained(Box(Callable(prepare: prepare, run: run))).toOpaque()
        if prepare != nil {
            function.prepare = { context, arguments, site, error in
                guard let context, let arguments, let site else { return MH_E_INVALID }
                let callable = Unmanaged<Box<Callable>>.fromOpaque(context).takeUnretainedValue().value
                return bridging(error) { () throws(ModuleFailure) in
                    let made = try callable.prepare?(arguments.pointee.map(as: mh_value.self) { $0 })
                    site.pointee = made.map { Unmanaged.passRetained($0).toOpaque() }
                }
            }
            function.release = { _, site in
                if let site { Unmanaged<AnyObject>.fromOpaque(site).release() }
            }
        }
        function.call = { context, site, run, arguments in
            guard let context, let arguments else { return MH_E_INVALID }
            let callable = Unmanaged<Box<Callable>>.fromOpaque(context).takeUnretainedValue().value
            let site = site.map { Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() }
            return callable.run(ScriptCall(run: ScriptRun(run), site: site, arguments: arguments))
        }
        functions.append(function)
    }

    /// Adds a class of pseudo-variables as the ABI has it, for code that may not pay for a wrapper; `struct_size` is filled in.
    public func variable(raw variable: mh_script_variable) {
        var variable = variable
        variable.struct_size = UInt32(MemoryLayout<mh_script_variable>.size)
        variables.append(variable)
    }
}
