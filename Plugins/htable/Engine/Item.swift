// How an item lies in its arena: links of the expiry wheel (tables with expiry only), a header of 16 bytes, the key, the value.
// Items of more than 1 KiB keep key and value in a block of their own, which readers hold on to instead of copying under a lock.
import Glibc
import Synchronization

/// A value on its way into a table: borrowed for the call.
public enum ItemValue {
    case integer(Int64)
    case bytes(UnsafeRawBufferPointer)

    @inline(__always) var length: Int {
        switch self {
        case .integer: 8
        case .bytes(let bytes): bytes.count
        }
    }
}

/// An item's header. The expiry is seconds since 1970, 0 is never.
struct ItemHead {
    var expiry: UInt32
    /// Grows with each new item: orders the items whose ids are equal.
    var sequence: UInt32
    /// The key's length, and the two marks below.
    var keyWord: UInt32
    /// The value's length, and whether it is an integer.
    var valueWord: UInt32

    static let size = 16
    static let isInteger: UInt32 = 1 << 31
    /// The wheel has come to its expiry: it stands in the list of the expired and is counted there.
    static let isDue: UInt32 = 1 << 31
    /// Its expiry is being told to subscribers, one of which may rescue it.
    static let isTold: UInt32 = 1 << 30
    static let lengthBits: UInt32 = (1 << 30) - 1

    @inline(__always) var keyLength: Int { Int(keyWord & Self.lengthBits) }
    @inline(__always) var valueLength: Int { Int(valueWord & ~Self.isInteger) }
    @inline(__always) var holdsInteger: Bool { valueWord & Self.isInteger != 0 }
}

/// Key and value of a large item: counted references in front of the bytes, freed with the last of them. Any thread.
struct Block {
    private static let head = 16
    private let raw: UnsafeMutableRawPointer
    private var count: UnsafeMutablePointer<Atomic<Int>> { raw.assumingMemoryBound(to: Atomic<Int>.self) }

    init(_ raw: UnsafeMutableRawPointer) { self.raw = raw }
    var address: UnsafeMutableRawPointer { raw }
    var bytes: UnsafeMutableRawPointer { raw + Self.head }

    /// A block with one reference, its content copied; nil without memory.
    init?(key: UnsafeRawBufferPointer, value: ItemValue) {
        guard let raw = malloc(Self.head + key.count + value.length) else { return nil }
        self.raw = raw
        count.initialize(to: Atomic(1))
        copyItem(key, value, to: bytes)
    }

    func retain() { count.pointee.add(1, ordering: .relaxed) }

    func release() {
        guard count.pointee.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        count.deinitialize(count: 1)
        free(raw)
    }
}

/// Writes a key and its value one behind the other.
@inline(__always) func copyItem(
    _ key: UnsafeRawBufferPointer, _ value: ItemValue, to target: UnsafeMutableRawPointer
) {
    if let start = key.baseAddress { target.copyMemory(from: start, byteCount: key.count) }
    copyValue(value, to: target + key.count)
}

@inline(__always) func copyValue(_ value: ItemValue, to target: UnsafeMutableRawPointer) {
    switch value {
    case .integer(let number): target.storeBytes(of: number, as: Int64.self)
    case .bytes(let bytes):
        if let start = bytes.baseAddress { target.copyMemory(from: start, byteCount: bytes.count) }
    }
}
