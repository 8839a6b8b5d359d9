// How an item lies in its bucket: ten bytes of header, the key, the value. Items too long for a bucket leave there only where key and
// value are: in a piece of the stripe's slab or, over 1 KiB, in a block of their own, which readers hold on to instead of copying
// under a lock.
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

/// An item in its bucket: valid under the stripe's lock, until something is put into the stripe or taken out of it.
struct Item {
    let raw: UnsafeMutableRawPointer

    @inline(__always) init(_ raw: UnsafeMutableRawPointer) { self.raw = raw }

    // Bytes 0 and 1: the lengths of key and value, or these marks.
    private static let isInteger: UInt8 = 255
    private static let liesOutside: UInt8 = 255
    private static let inSlab: UInt8 = 0
    private static let inBlock: UInt8 = 1
    // Bytes 2…5 the sequence, 6…9 the expiry.
    static let headSize = 10
    /// What an item outside leaves: the upper hash bits and the address of its body.
    static let outsideSize = headSize + 4 + 8
    /// The largest item in a bucket: four such fit. With larger ones, more of a bucket would be lost to what does not fit any more than
    /// a piece of a slab costs.
    static let largestInside = (Bucket.size - Bucket.headSize) / 4

    /// Its bytes in a bucket when it lies there.
    @inline(__always) static func size(_ keyLength: Int, _ valueLength: Int) -> Int {
        headSize &+ keyLength &+ valueLength
    }

    @inline(__always) private var keyByte: UInt8 { raw.load(as: UInt8.self) }
    @inline(__always) private var valueByte: UInt8 { raw.load(fromByteOffset: 1, as: UInt8.self) }

    @inline(__always) var isOutside: Bool { keyByte == Self.liesOutside }

    /// Orders the items whose ids are equal: it grows with each new item.
    @inline(__always) var sequence: UInt32 { raw.loadUnaligned(fromByteOffset: 2, as: UInt32.self) }

    /// Seconds since 1970, 0 is never.
    @inline(__always) var expiry: UInt32 {
        get { raw.loadUnaligned(fromByteOffset: 6, as: UInt32.self) }
        nonmutating set { raw.storeBytes(of: newValue, toByteOffset: 6, as: UInt32.self) }
    }

    /// Its bytes in the bucket.
    @inline(__always) var size: Int {
        if isOutside { return Self.outsideSize }
        return Self.size(Int(keyByte), valueByte == Self.isInteger ? 8 : Int(valueByte))
    }

    // MARK: Key and value

    /// Where key and value of an item outside are.
    private var body: ItemBody {
        // Never null: `leave` was given an address.
        ItemBody(raw.loadUnaligned(fromByteOffset: Self.headSize + 4, as: UnsafeMutableRawPointer?.self).unsafelyUnwrapped)
    }
    /// The upper hash bits that an item outside keeps.
    @inline(__always) var upper: UInt32 { raw.loadUnaligned(fromByteOffset: Self.headSize, as: UInt32.self) }

    @inline(__always) var key: UnsafeRawBufferPointer {
        if isOutside { return body.key }
        return UnsafeRawBufferPointer(start: raw + Self.headSize, count: Int(keyByte))
    }

    @inline(__always) var value: ItemValue {
        if isOutside { return body.value }
        let start = raw + Self.headSize + Int(keyByte)
        if valueByte == Self.isInteger { return .integer(start.loadUnaligned(as: Int64.self)) }
        return .bytes(UnsafeRawBufferPointer(start: start, count: Int(valueByte)))
    }

    @inline(__always) var valueLength: Int {
        if isOutside { return body.value.length }
        return valueByte == Self.isInteger ? 8 : Int(valueByte)
    }

    /// Whether it lies in its bucket and has this key.
    @inline(__always) func isInside(_ key: UnsafeRawBufferPointer) -> Bool {
        guard Int(keyByte) == key.count, let start = key.baseAddress else { return keyByte == 0 && key.count == 0 }
        return !isOutside && isEqual(raw + Self.headSize, start, key.count)
    }

    /// Whether it lies outside and has this key.
    @inline(never) func isOutside(_ upper: UInt32, _ key: UnsafeRawBufferPointer) -> Bool {
        guard isOutside, self.upper == upper else { return false }
        let own = body.key
        guard own.count == key.count else { return false }
        guard let a = own.baseAddress, let b = key.baseAddress else { return true }
        return memcmp(a, b, key.count) == 0
    }

    func hasKey(_ key: UnsafeRawBufferPointer) -> Bool { isInside(key) || (isOutside && isOutside(upper, key)) }

    /// Where the integer of an item inside lies; nil for all others.
    @inline(__always) var integer: UnsafeMutableRawPointer? {
        valueByte == Self.isInteger && !isOutside ? raw + Self.headSize + Int(keyByte) : nil
    }

    /// The block of a large item.
    @inline(__always) var block: Block? {
        guard isOutside, valueByte == Self.inBlock else { return nil }
        return body.block
    }

    /// The piece of a slab of an item outside that has no block.
    var piece: UnsafeMutableRawPointer? { isOutside && valueByte == Self.inSlab ? body.address : nil }

    /// Asks for what an item outside has elsewhere.
    @inline(__always) func prefetchBody(_ prefetch: (UnsafeRawPointer) -> Void) {
        if isOutside { prefetch(body.address) }
    }

    // MARK: Writing

    @inline(__always) private func start(_ keyByte: UInt8, _ valueByte: UInt8, _ sequence: UInt32, _ expiry: UInt32) {
        raw.storeBytes(of: keyByte, as: UInt8.self)
        raw.storeBytes(of: valueByte, toByteOffset: 1, as: UInt8.self)
        raw.storeBytes(of: sequence, toByteOffset: 2, as: UInt32.self)
        raw.storeBytes(of: expiry, toByteOffset: 6, as: UInt32.self)
    }

    /// Writes an item of at most `largestInside` bytes.
    @inline(__always) func put(_ key: UnsafeRawBufferPointer, _ value: ItemValue, sequence: UInt32, expiry: UInt32) {
        start(UInt8(truncatingIfNeeded: key.count), Self.valueByte(value), sequence, expiry)
        copyItem(key, value, to: raw + Self.headSize)
    }

    /// Writes what an item outside leaves here.
    func leave(_ body: ItemBody, inBlock: Bool, upper: UInt32, sequence: UInt32, expiry: UInt32) {
        start(Self.liesOutside, inBlock ? Self.inBlock : Self.inSlab, sequence, expiry)
        raw.storeBytes(of: upper, toByteOffset: Self.headSize, as: UInt32.self)
        raw.storeBytes(of: body.address, toByteOffset: Self.headSize + 4, as: UnsafeMutableRawPointer?.self)
    }

    @inline(__always) private static func valueByte(_ value: ItemValue) -> UInt8 {
        switch value {
        case .integer: isInteger
        case .bytes(let bytes): UInt8(truncatingIfNeeded: bytes.count)
        }
    }

    /// Overwrites the value if the new one is as long; false: put a new item in its place. Blocks are never written to: readers may
    /// hold on to them.
    @inline(__always) func overwrite(_ value: ItemValue) -> Bool {
        guard !isOutside else { return overwriteOutside(value) }
        guard value.length == valueLength else { return false }
        raw.storeBytes(of: Self.valueByte(value), toByteOffset: 1, as: UInt8.self)
        copyValue(value, to: raw + Self.headSize + Int(keyByte))
        return true
    }
}

extension Item {
    @inline(never) private func overwriteOutside(_ value: ItemValue) -> Bool {
        guard valueByte == Self.inSlab, value.length == valueLength else { return false }
        body.overwrite(value)
        return true
    }
}

/// Key and value of an item outside its bucket: their lengths, then their bytes.
struct ItemBody {
    static let headSize = 8
    private static let isInteger: UInt32 = 1 << 31

    let address: UnsafeMutableRawPointer
    init(_ address: UnsafeMutableRawPointer) { self.address = address }

    /// Writes lengths, key and value.
    init(_ address: UnsafeMutableRawPointer, _ key: UnsafeRawBufferPointer, _ value: ItemValue) {
        self.address = address
        address.storeBytes(of: UInt32(truncatingIfNeeded: key.count), as: UInt32.self)
        address.storeBytes(of: Self.word(value), toByteOffset: 4, as: UInt32.self)
        copyItem(key, value, to: address + Self.headSize)
    }

    /// Writes a value of the same length over the old one.
    func overwrite(_ value: ItemValue) {
        address.storeBytes(of: Self.word(value), toByteOffset: 4, as: UInt32.self)
        copyValue(value, to: address + Self.headSize + keyLength)
    }

    private static func word(_ value: ItemValue) -> UInt32 {
        let length = UInt32(truncatingIfNeeded: value.length)
        if case .integer = value { return length | isInteger }
        return length
    }

    private var keyLength: Int { Int(address.load(as: UInt32.self)) }

    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: address + Self.headSize, count: keyLength) }

    var value: ItemValue {
        let word = address.load(fromByteOffset: 4, as: UInt32.self)
        let start = address + Self.headSize + keyLength
        if word & Self.isInteger != 0 { return .integer(start.loadUnaligned(as: Int64.self)) }
        return .bytes(UnsafeRawBufferPointer(start: start, count: Int(word)))
    }

    /// The block that this is the body of.
    var block: Block { Block(address - Block.headSize) }
}

/// A large item: counted references in front of its body, freed with the last of them. Any thread.
struct Block {
    static let headSize = 8
    private let raw: UnsafeMutableRawPointer
    private var count: UnsafeMutablePointer<Atomic<Int>> { raw.assumingMemoryBound(to: Atomic<Int>.self) }

    init(_ raw: UnsafeMutableRawPointer) { self.raw = raw }
    var body: ItemBody { ItemBody(raw + Self.headSize) }

    /// A block with one reference, its content copied; nil without memory.
    init?(key: UnsafeRawBufferPointer, value: ItemValue) {
        guard let raw = malloc(Self.headSize + ItemBody.headSize + key.count + value.length) else { return nil }
        self.raw = raw
        count.initialize(to: Atomic(1))
        _ = ItemBody(raw + Self.headSize, key, value)
    }

    func retain() { count.pointee.add(1, ordering: .relaxed) }

    func release() {
        guard count.pointee.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
        count.deinitialize(count: 1)
        free(raw)
    }
}

// MARK: Bytes

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

/// Compares short runs of bytes without a call: eight at a time, the last eight perhaps twice.
@inline(__always) func isEqual(_ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
    if count >= 8 {
        var offset = 0
        while offset &+ 8 < count {
            guard word(a, offset) == word(b, offset) else { return false }
            offset &+= 8
        }
        return word(a, count &- 8) == word(b, count &- 8)
    }
    for offset in 0..<count
    where a.load(fromByteOffset: offset, as: UInt8.self) != b.load(fromByteOffset: offset, as: UInt8.self) {
        return false
    }
    return true
}

@inline(__always) private func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    start.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
}
