// Writing over a value where it lies: what a route does in every step. A number over a number touches no counted reference,
// and text over text of one owner uses its memory again.

extension ScriptValue {
    /// Longest text whose memory is used again by the next one in its place.
    private static let mostKept = 4096

    /// Puts a number in place of a value.
    @inline(__always)
    public static func replace(_ value: UnsafeMutablePointer<ScriptValue>, with number: Int64) {
        if case .text = value.pointee {
            value.pointee = .integer(number)
        } else {
            // There is nothing to let go of.
            value.initialize(to: .integer(number))
        }
    }

    /// Puts a copy of another value in place of one.
    @inline(__always)
    static func replace(_ value: UnsafeMutablePointer<ScriptValue>, with other: UnsafeMutablePointer<ScriptValue>) {
        if case .integer(let number) = other.pointee {
            replace(value, with: number)
        } else {
            value.pointee = other.pointee
        }
    }

    /// Puts text in place of a value; the bytes must not be the value's own.
    @inline(never)
    public static func replace(_ value: UnsafeMutablePointer<ScriptValue>, with bytes: UnsafeRawBufferPointer) {
        guard case .text = value.pointee, case .text(var text) = value.move() else {
            value.initialize(to: .text([UInt8](bytes)))
            return
        }
        if text.count == bytes.count {
            text.withUnsafeMutableBytes { if $0.count > 0 { $0.copyMemory(from: bytes) } }
        } else if bytes.count <= text.capacity, text.capacity <= mostKept {
            text.replaceSubrange(text.startIndex..., with: bytes)
        } else {
            text = [UInt8](bytes)
        }
        value.initialize(to: .text(text))
    }
}
