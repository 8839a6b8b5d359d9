/// Records as they are on the wire and on disk: 8 bytes each, an unsigned 32-bit time in seconds since 1970 and an IEEE-754 single
/// value, both little-endian (timestore reference, "Wire" and "Files").
public enum RecordBytes {
    public static let size = 8

    /// The time of a record.
    @inline(__always) static func time(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * size, as: UInt32.self))
    }

    /// The value of a record.
    @inline(__always) static func value(_ bytes: UnsafeRawBufferPointer, _ index: Int) -> Float {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index * size + 4, as: UInt32.self)))
    }

    /// Appends a record.
    public static func append(_ time: UInt32, _ value: Float, to bytes: inout [UInt8]) {
        append(time, to: &bytes)
        append(value.bitPattern, to: &bytes)
    }

    /// Appends four bytes, little-endian.
    public static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// How many records from `start` on do not descend and are at `limit` at the latest.
    static func run(_ bytes: UnsafeRawBufferPointer, from start: Int, upTo limit: UInt32) -> Int {
        let count = bytes.count / size
        var index = start
        var last: UInt32 = 0
        // Whole blocks first: without a way out in their middle they are compared several at a time.
        if let base = bytes.baseAddress {
            while count - index > block, time(bytes, index) >= last, time(bytes, index + block) <= limit,
                isAscending(base + index * size)
            {
                index += block
                last = time(bytes, index)
            }
        }
        while index < count {
            let time = time(bytes, index)
            guard time >= last, time <= limit else { break }
            last = time
            index += 1
        }
        return index - start
    }

    private static let block = 64

    /// Whether the records of a block and the one behind it do not descend. `records` points at the first of them.
    @inline(__always)
    private static func isAscending(_ records: UnsafeRawPointer) -> Bool {
        // The difference of two times in 64 bits is negative where they descend.
        var differences: UInt64 = 0
        for index in 0..<block {
            let place = index &* size
            let these = UInt64(littleEndian: records.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            let next = UInt64(littleEndian: records.loadUnaligned(fromByteOffset: place &+ size, as: UInt64.self))
            differences |= (next & 0xFFFF_FFFF) &- (these & 0xFFFF_FFFF)
        }
        return differences >> 63 == 0
    }

    /// The index of the first record that descends; nil when none does.
    static func firstDescent(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let count = bytes.count / size
        var last: UInt32 = 0
        for index in 0..<count {
            let time = time(bytes, index)
            if time < last { return index }
            last = time
        }
        return nil
    }

    /// The records in ascending order of time, those of equal time in the order in which they stand.
    static func sorted(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let count = bytes.count / size
        // Time above, place below: one comparison, and stable.
        var keys = (0..<count).map { UInt64(time(bytes, $0)) << 32 | UInt64($0) }
        keys.sort()
        return [UInt8](unsafeUninitializedCapacity: count * size) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(buffer)
            for (place, key) in keys.enumerated() {
                let from = Int(key & 0xFFFF_FFFF) * size
                target.storeBytes(
                    of: bytes.loadUnaligned(fromByteOffset: from, as: UInt64.self), toByteOffset: place * size,
                    as: UInt64.self)
            }
            initialized = count * size
        }
    }

    /// Two sorted runs as one; of equal times those of `old` come first.
    static func merged(_ old: UnsafeRawBufferPointer, _ new: UnsafeRawBufferPointer) -> [UInt8] {
        let (oldCount, newCount) = (old.count / size, new.count / size)
        return [UInt8](unsafeUninitializedCapacity: (oldCount + newCount) * size) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(buffer)
            var (left, right) = (0, 0)
            while left < oldCount || right < newCount {
                let takesOld = right == newCount || left < oldCount && time(old, left) <= time(new, right)
                let record =
                    takesOld
                    ? old.loadUnaligned(fromByteOffset: left * size, as: UInt64.self)
                    : new.loadUnaligned(fromByteOffset: right * size, as: UInt64.self)
                target.storeBytes(of: record, toByteOffset: (left + right) * size, as: UInt64.self)
                if takesOld { left += 1 } else { right += 1 }
            }
            initialized = (oldCount + newCount) * size
        }
    }
}
