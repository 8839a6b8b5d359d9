import Glibc
import ModuleABI

/// What modcheck reads of a module's ELF file without loading it: dynamic section, dynamic symbols, section names and the bytes
/// that are mapped. Never trusts an offset. Source of the format: System V ABI, chapters 4 and 5, and elf(5).
struct ElfImage {
    struct Symbol: Equatable {
        var name: String
        var isDefined: Bool
        /// STB_GLOBAL 1, STB_WEAK 2, STB_GNU_UNIQUE 10.
        var binding: UInt8
        /// STV_DEFAULT 0, STV_PROTECTED 3 are visible from outside.
        var visibility: UInt8
    }

    let bytes: [UInt8]
    private(set) var symbols: [Symbol] = []
    private(set) var sectionNames: [(name: String, size: Int)] = []
    /// RPATH and RUNPATH, unsplit.
    private(set) var searchPaths: [String] = []
    private(set) var bindsNow = false
    private(set) var neverUnloads = false
    private(set) var hasTextRelocations = false
    private(set) var hasExecutableStack = false
    /// File ranges of the segments that are mapped.
    private(set) var loaded: [Range<Int>] = []
    private var mappings: [(address: UInt64, range: Range<Int>)] = []

    /// Nil when the file is no whole 64-bit little-endian ELF file; the host's own rules say so better.
    init?(bytes: [UInt8]) {
        self.bytes = bytes
        guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else { return nil }
        guard let table = Int(exactly: number(32, 8)), table <= bytes.count else { return nil }
        let size = Int(number(54, 2))
        var dynamic: Range<Int>?
        hasExecutableStack = true
        for index in 0..<Int(number(56, 2)) {
            let header = table + index * size
            guard size >= 56, header + 56 <= bytes.count else { return nil }
            let kind = number(header, 4)
            let flags = number(header + 4, 4)
            guard let range = range(number(header + 8, 8), number(header + 32, 8)) else { return nil }
            switch kind {
            case 1:
                loaded.append(range)
                mappings.append((number(header + 16, 8), range))
            case 2: dynamic = range
            case 0x6474_E551: hasExecutableStack = flags & 1 != 0
            default: break
            }
        }
        if let dynamic { readDynamic(dynamic) }
        readSections()
    }

    private mutating func readDynamic(_ range: Range<Int>) {
        var texts: Int?
        var paths: [Int] = []
        for entry in stride(from: range.lowerBound, to: range.upperBound - 15, by: 16) {
            let value = number(entry + 8, 8)
            switch number(entry, 8) {
            case 0: break
            case 5: texts = offset(of: value)
            case 15, 29: paths.append(Int(truncatingIfNeeded: value))
            case 22: hasTextRelocations = true
            case 24: bindsNow = true
            case 30:
                if value & 8 != 0 { bindsNow = true }
                if value & 4 != 0 { hasTextRelocations = true }
            case 0x6FFF_FFFB:
                if value & 1 != 0 { bindsNow = true }
                if value & 8 != 0 { neverUnloads = true }
            default: continue
            }
            if number(entry, 8) == 0 { break }
        }
        if let texts { searchPaths = paths.map { text(at: texts &+ $0) } }
    }

    private mutating func readSections() {
        guard let table = Int(exactly: number(40, 8)), table > 0 else { return }
        let size = Int(number(58, 2))
        let count = Int(number(60, 2))
        guard size >= 64, table <= bytes.count, count * size <= bytes.count - table else { return }
        func header(_ index: Int) -> Int { table + index * size }
        let names = Int(number(62, 2)) < count ? range(number(header(Int(number(62, 2))) + 24, 8), 0)?.lowerBound : nil
        for index in 0..<count {
            let kind = number(header(index) + 4, 4)
            if let names {
                sectionNames.append(
                    (
                        text(at: names + Int(number(header(index), 4))),
                        Int(clamping: min(number(header(index) + 32, 8), UInt64(bytes.count)))
                    ))
            }
            guard kind == 11, let range = range(number(header(index) + 24, 8), number(header(index) + 32, 8)) else {
                continue
            }
            let link = Int(number(header(index) + 40, 4))
            guard link < count, let texts = Int(exactly: number(header(link) + 24, 8)) else { continue }
            for symbol in stride(from: range.lowerBound + 24, to: range.upperBound - 23, by: 24) {
                symbols.append(
                    Symbol(
                        name: text(at: texts &+ Int(number(symbol, 4))), isDefined: number(symbol + 6, 2) != 0,
                        binding: bytes[symbol + 4] >> 4, visibility: bytes[symbol + 5] & 3))
            }
        }
    }

    private func number(_ offset: Int, _ width: Int) -> UInt64 {
        guard offset >= 0, offset + width <= bytes.count else { return 0 }
        return (0..<width).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    private func range(_ offset: UInt64, _ length: UInt64) -> Range<Int>? {
        guard let offset = Int(exactly: offset), let length = Int(exactly: length), offset <= bytes.count,
            length <= bytes.count - offset
        else { return nil }
        return offset..<offset + length
    }

    private func offset(of address: UInt64) -> Int? {
        for mapping in mappings where address >= mapping.address {
            let distance = address - mapping.address
            if distance < UInt64(mapping.range.count) { return mapping.range.lowerBound + Int(distance) }
        }
        return nil
    }

    private func text(at offset: Int) -> String {
        guard offset >= 0, offset < bytes.count else { return "" }
        let end = bytes[offset...].firstIndex(of: 0) ?? bytes.count
        return String(decoding: bytes[offset..<end], as: UTF8.self)
    }
}
