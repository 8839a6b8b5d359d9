public import ModuleABI

/// The answer of a script function: positive is true, negative false, 0 ends the script.
public typealias ScriptFunction = ([mh_value]) -> Int32

/// A pseudo-variable as the host asks for it; the key is borrowed for the call.
public protocol ScriptVariable: AnyObject {
    /// Checks the text between the parentheses when the config is read.
    func check(_ inner: mh_str) throws(ModuleFailure)
    /// Reads it; text of the value stays valid until the next call on this thread.
    func get(_ key: mh_str) -> mh_value
    /// Writes it, null deletes; negative is an error.
    func set(_ key: mh_str, _ value: mh_value) -> Int32
}

extension ModuleBuilder {
    /// Adds a script function. It runs on workers, several at a time, and must not block.
    public func function(
        _ name: StaticString, summary: StaticString, arguments: [(name: StaticString, kind: UInt32)] = [],
        _ run: @escaping ScriptFunction
    ) {
        var function = mh_script_function()
        function.struct_size = UInt32(MemoryLayout<mh_script_function>.size)
        function.name = mh_str(name)
        function.summary = mh_str(summary)
        function.args = staticArray(
            arguments.map { argument in
                var raw = mh_script_arg()
                raw.struct_size = UInt32(MemoryLayout<mh_script_arg>.size)
                raw.kind = argument.kind
                raw.name = mh_str(argument.name)
                return raw
            })
        function.ctx = Unmanaged.passRetained(Box(run)).toOpaque()
        function.call = { context, _, _, arguments in
            guard let context, let arguments else { return MH_E_INVALID }
            let box = Unmanaged<Box<ScriptFunction>>.fromOpaque(context).takeUnretainedValue()
            return box.value(arguments.pointee.map(as: mh_value.self) { $0 })
        }
        functions.append(function)
    }

    /// Adds a class of pseudo-variables: `name` is "sht" for `$sht(table=>key)`.
    public func variable(
        _ name: StaticString, summary: StaticString, isReadOnly: Bool, _ variable: any ScriptVariable
    ) {
        var raw = mh_script_variable()
        raw.struct_size = UInt32(MemoryLayout<mh_script_variable>.size)
        raw.flags = isReadOnly ? MH_SCRIPT_VARIABLE_READ_ONLY : 0
        raw.name = mh_str(name)
        raw.summary = mh_str(summary)
        raw.ctx = Unmanaged.passRetained(Box(variable)).toOpaque()
        raw.prepare = { context, inner, _, error in
            bridging(error) { () throws(ModuleFailure) in
                try Box<any ScriptVariable>.from(context)?.check(inner)
            }
        }
        raw.get = { context, _, _, key, value in
            guard let variable = Box<any ScriptVariable>.from(context), let value else { return MH_E_INVALID }
            value.pointee = variable.get(key)
            return MH_OK
        }
        if !isReadOnly {
            raw.set = { context, _, _, key, value in
                guard let variable = Box<any ScriptVariable>.from(context), let value else {
                    return MH_E_INVALID
                }
                return variable.set(key, value.pointee)
            }
        }
        variables.append(raw)
    }
}

extension Box where Contents == any ScriptVariable {
    static func from(_ context: UnsafeMutableRawPointer?) -> (any ScriptVariable)? {
        context.map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue().value }
    }
}
