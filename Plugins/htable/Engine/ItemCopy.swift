// A value that was copied out of a table.
import Glibc

/// A copied value, its bytes in memory that is used again by the next copy.
struct ItemCopy {
    var isInteger = false
    var integer: Int64 = 0
    var bytes: [UInt8] = []
    /// Seconds since 1970; 0 is never.
    var expiry: UInt32 = 0

    @inline(__always) mutating func take(_ value: ItemValue) {
        switch value {
        case .integer(let number):
            isInteger = true
            integer = number
        case .bytes(let source):
            isInteger = false
            bytes.removeAll(keepingCapacity: true)
            bytes.append(contentsOf: source)
        }
    }

    /// The value as text: bytes as they are, integers in decimal.
    var text: String { isInteger ? String(integer) : String(decoding: bytes, as: UTF8.self) }
}

extension [UInt8] {
    /// Lends the bytes for the length of a call.
    @inline(__always) func lend<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try withUnsafeBufferPointer { (bytes) throws(Failure) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}
