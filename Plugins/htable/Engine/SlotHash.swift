// Kamailio's hash of a key, which numbers the entries of a dump and the slots that `sht_lock` locks. It never places an item:
// for decimal, address and phone keys it leaves most slots empty.

/// Kamailio's case-insensitive key hash and the slot that follows from it.
enum SlotHash {
    /// The 32-bit id of a key. Bytes are lower-cased if ASCII, then taken as signed; groups of four, then the rest.
    static func id(_ key: UnsafeRawBufferPointer) -> UInt32 {
        var sum: UInt32 = 0
        var group: UInt32 = 0
        var filled = 0
        for byte in key {
            let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
            let signed = UInt32(bitPattern: Int32(Int8(bitPattern: lower)))
            group = (group << 8) &+ signed
            filled += 1
            if filled == 4 {
                sum = sum &+ (group ^ (group >> 3))
                group = 0
                filled = 0
            }
        }
        sum = sum &+ (group ^ (group >> 3))
        return sum &+ (sum >> 11) &+ (sum >> 13) &+ (sum >> 23)
    }
}
