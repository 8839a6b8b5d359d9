import Glibc

/// What the host reads of an ELF file before the dynamic linker sees it: that it is a shared object for this machine, and its
/// notes. Source of the format: System V ABI, chapter 4 and 5, and elf(5). Never trusts an offset.
struct ElfFile {
    enum Fault: Error, Equatable {
        case notELF
        case truncated(String)
        case wrong(String)
    }

    private let bytes: [UInt8]

    /// Largest file that is looked at, bytes.
    static let maximumSize = 1 << 30

    /// The contents of all notes with this owner, in file order.
    private(set) var notes: [(type: UInt32, content: [UInt8])] = []
    /// Whether a note of this owner says that it is longer than the segment that holds it.
    private(set) var hasOverlongNote = false

    /// Checks a file that is wholly in memory.
    init(bytes: [UInt8], owner: String) throws(Fault) {
        self.bytes = bytes
        guard bytes.count >= 4, bytes[0...3].elementsEqual([0x7F, 0x45, 0x4C, 0x46]) else { throw .notELF }
        guard bytes.count >= 64 else { throw .truncated("the header ends after \(bytes.count) of 64 bytes") }
        guard bytes[4] == 2 else { throw .wrong("it is a 32-bit file, expected a 64-bit one") }
        guard bytes[5] == 1 else { throw .wrong("it is big-endian, expected little-endian") }
        let machine = Int(number16(18))
        guard machine == Self.machine else {
            throw .wrong("it is for \(Self.name(of: machine)), this machine is \(Self.name(of: Self.machine))")
        }
        let type = number16(16)
        guard type == 3 else {
            throw .wrong(
                type == 1
                    ? "it is an object file; link it with -shared"
                    : type == 2
                        ? "it is a program, expected a shared object" : "its type is \(type), expected a shared object")
        }
        let table = number64(32)
        let size = Int(number16(54))
        let count = Int(number16(56))
        guard size >= 56 else { throw .wrong("its program headers have \(size) bytes each, expected 56") }
        guard let start = Int(exactly: table), start <= bytes.count, count * size <= bytes.count - start else {
            throw .truncated("the program headers lie beyond its end at byte \(bytes.count)")
        }
        for index in 0..<count {
            let header = start + index * size
            let kind = number32(header)
            let offset = number64(header + 8)
            let length = number64(header + 32)
            guard kind == 1 || kind == 4 else { continue }
            guard let offset = Int(exactly: offset), let length = Int(exactly: length), offset <= bytes.count,
                length <= bytes.count - offset
            else {
                throw .truncated("a segment ends at byte \(offset &+ length), the file at byte \(bytes.count)")
            }
            if kind == 4 { readNotes(offset..<offset + length, owner: owner) }
        }
    }

    private mutating func readNotes(_ range: Range<Int>, owner: String) {
        let wanted = Array(owner.utf8) + [0]
        var position = range.lowerBound
        while range.upperBound - position >= 12 {
            let ownerSize = Int(number32(position))
            let contentSize = Int(number32(position + 4))
            let type = number32(position + 8)
            let ownerStart = position + 12
            let contentStart = ownerStart + (ownerSize + 3) & ~3
            let end = contentStart + (contentSize + 3) & ~3
            guard contentStart <= range.upperBound else { return }
            let isOurs = ownerSize == wanted.count && bytes[ownerStart..<ownerStart + ownerSize].elementsEqual(wanted)
            guard contentStart + contentSize <= range.upperBound else {
                hasOverlongNote = isOurs
                return
            }
            if isOurs {
                notes.append((type, Array(bytes[contentStart..<contentStart + contentSize])))
            }
            position = end
        }
    }

    #if arch(x86_64)
    static let machine = 62
    #elseif arch(arm64)
    static let machine = 183
    #elseif arch(riscv64)
    static let machine = 243
    #endif

    private static func name(of machine: Int) -> String {
        switch machine {
        case 3: "i386"
        case 40: "arm"
        case 62: "x86-64"
        case 183: "aarch64"
        case 243: "riscv"
        default: "machine \(machine)"
        }
    }

    private func number16(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }
    private func number32(_ offset: Int) -> UInt32 {
        UInt32(number16(offset)) | UInt32(number16(offset + 2)) << 16
    }
    private func number64(_ offset: Int) -> UInt64 {
        UInt64(number32(offset)) | UInt64(number32(offset + 4)) << 32
    }
}
