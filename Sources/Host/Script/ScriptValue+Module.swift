// Values of routes as modules see them, and back. Text is lent, not copied, on its way to a module.
import ModuleABI
import Script

extension ScriptValue {
    /// Copies a value of a module: floats become their text, booleans 0 or 1, what routes do not know becomes null.
    init(_ value: mh_value) {
        switch value.type {
        case MH_INT, MH_BOOL, MH_TIME, MH_DURATION, MH_SIZE: self = .integer(value.as.integer)
        case MH_STRING, MH_BLOB: self = .text([UInt8](value.as.text.bytes))
        case MH_FLOAT: self = .text(value.as.real.description)
        default: self = .null
        }
    }

    /// Puts a copy of a module's value in place of a value.
    @inline(__always)
    static func replace(_ value: UnsafeMutablePointer<ScriptValue>, with other: mh_value) {
        if other.type == MH_INT {
            replace(value, with: other.as.integer)
        } else if other.type == MH_STRING {
            replace(value, with: other.as.text.bytes)
        } else {
            value.pointee = ScriptValue(other)
        }
    }

    /// Lends it to a module for the length of a call.
    @inline(__always)
    func lend<Result>(_ body: (mh_value) -> Result) -> Result {
        switch self {
        case .null: body(mh_null())
        case .integer(let number): body(mh_int(number))
        case .text(let bytes): bytes.withUnsafeBytes { body(mh_text(mh_str($0))) }
        }
    }
}

extension mh_str {
    /// Lends bytes.
    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        self.init(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
    }
}

/// Lends values to a module as an array of `mh_value` for the length of a call.
@inline(__always)
func lend<Result>(_ values: UnsafeBufferPointer<ScriptValue>, _ body: (UnsafePointer<mh_array>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: mh_value.self, capacity: max(values.count, 1)) { raw in
        var array = mh_array(
            items: UnsafeRawPointer(raw.baseAddress), count: UInt32(values.count),
            stride: UInt32(MemoryLayout<mh_value>.stride))
        return lend(values, from: 0, into: raw) { body(&array) }
    }
}

private func lend<Result>(
    _ values: UnsafeBufferPointer<ScriptValue>, from index: Int, into raw: UnsafeMutableBufferPointer<mh_value>,
    _ body: () -> Result
) -> Result {
    guard index < values.count else { return body() }
    return values[index].lend { value in
        raw.initializeElement(at: index, to: value)
        return lend(values, from: index + 1, into: raw, body)
    }
}
