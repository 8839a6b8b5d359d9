/// The least ELF file that is a module: a header, two segments and one note, built byte by byte so that tests can spoil each.
struct SmallModule {
    var machine: UInt16 = 62
    var type: UInt16 = 3
    var headerSize: UInt16 = 56
    var owner = Array("modhost\0".utf8)
    var noteType: UInt32 = 1
    var content = Array("name=small\nversion=1\nabi=1.0\n\0\0\0".utf8)
    /// The content's length as the note states it; nil: the truth.
    var statedLength: UInt32?

    static let headerEnd = 64 + 2 * 56

    var bytes: [UInt8] {
        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        file += little(type) + little(machine) + little(UInt32(1)) + little(UInt64(0)) + little(UInt64(64))
        file += little(UInt64(0)) + little(UInt32(0)) + little(UInt16(64)) + little(headerSize) + little(UInt16(2))
        file += [UInt8](repeating: 0, count: 64 - file.count)
        var note = little(UInt32(owner.count)) + little(statedLength ?? UInt32(content.count)) + little(noteType)
        note += owner + [UInt8](repeating: 0, count: -owner.count & 3)
        note += content + [UInt8](repeating: 0, count: -content.count & 3)
        let end = UInt64(Self.headerEnd + note.count)
        file += segment(kind: 1, offset: 0, length: end)
        file += segment(kind: 4, offset: UInt64(Self.headerEnd), length: UInt64(note.count))
        return file + note
    }

    private func segment(kind: UInt32, offset: UInt64, length: UInt64) -> [UInt8] {
        little(kind) + little(UInt32(4)) + little(offset) + little(offset) + little(offset) + little(length)
            + little(length) + little(UInt64(4))
    }

    private func little<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
