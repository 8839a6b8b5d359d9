public import ModuleABI

/// Counted strings of the ABI from and to Swift.
extension mh_str {
    /// The static text of a literal: valid for ever, so fit for descriptors.
    public init(_ literal: StaticString) {
        self.init(
            ptr: UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self),
            len: literal.utf8CodeUnitCount)
    }

    /// Borrows bytes; the caller keeps them alive for as long as the value is used.
    public init(borrowing bytes: UnsafeRawBufferPointer) {
        self.init(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
    }

    /// A copy of some text that is never freed, for descriptors built when the module is loaded.
    public init(leaking text: String) {
        let utf8 = Array(text.utf8)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(utf8.count, 1), alignment: 1)
        copy.copyBytes(from: utf8)
        self.init(ptr: UnsafePointer(copy.baseAddress?.assumingMemoryBound(to: CChar.self)), len: utf8.count)
    }

    /// The bytes, borrowed for as long as the owner of the string allows.
    @inlinable public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(ptr), count: ptr == nil ? 0 : len)
    }

    /// A copy as text; invalid UTF-8 becomes U+FFFD.
    public var string: String { String(decoding: bytes, as: UTF8.self) }
}

extension String {
    /// Lends the text as a counted string for the length of a call.
    public func withMHString<Result, Failure: Error>(
        _ body: (mh_str) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var copy = self
        var outcome: Swift.Result<Result, Failure>?
        copy.withUTF8 { utf8 in
            do throws(Failure) {
                outcome = .success(try body(mh_str(borrowing: UnsafeRawBufferPointer(utf8))))
            } catch {
                outcome = .failure(error)
            }
        }
        guard let outcome else { preconditionFailure("withUTF8 runs its body exactly once") }
        return try outcome.get()
    }
}

/// A value of the ABI, copied into Swift.
public enum Value: Sendable, Equatable {
    case null
    case integer(Int64)
    case float(Double)
    case string(String)
    case bool(Bool)
    /// Microseconds since 1970-01-01T00:00:00Z.
    case time(Int64)
    case blob([UInt8])
    /// Nanoseconds.
    case duration(Int64)
    /// Bytes.
    case size(Int64)
    case list([Value])

    /// Copies a value of the ABI; an unknown type reads as null.
    public init(_ value: mh_value) {
        switch value.type {
        case MH_INT: self = .integer(value.as.integer)
        case MH_FLOAT: self = .float(value.as.real)
        case MH_STRING: self = .string(value.as.text.string)
        case MH_BOOL: self = .bool(value.as.integer != 0)
        case MH_TIME: self = .time(value.as.integer)
        case MH_BLOB: self = .blob(Array(value.as.text.bytes))
        case MH_DURATION: self = .duration(value.as.integer)
        case MH_SIZE: self = .size(value.as.integer)
        case MH_LIST: self = .list(value.as.list.map(as: mh_value.self, Value.init))
        default: self = .null
        }
    }
}

extension mh_array {
    /// Copies each element by the reader's rule and maps it: at most `MemoryLayout<Element>.size` bytes are read, fewer when the
    /// other side's elements are smaller.
    @inlinable
    public func map<Element, Result>(as type: Element.Type, _ transform: (Element) -> Result) -> [Result] {
        guard let items, count > 0 else { return [] }
        var results: [Result] = []
        results.reserveCapacity(Int(count))
        withUnsafeTemporaryAllocation(of: Element.self, capacity: 1) { local in
            let raw = UnsafeMutableRawBufferPointer(local)
            let size = min(Int(stride), raw.count)
            for index in 0..<Int(count) {
                raw.initializeMemory(as: UInt8.self, repeating: 0)
                raw.copyMemory(from: UnsafeRawBufferPointer(start: items + index * Int(stride), count: size))
                results.append(transform(local[0]))
            }
        }
        return results
    }
}
