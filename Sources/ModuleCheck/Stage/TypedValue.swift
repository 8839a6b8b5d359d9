import ModuleABI

/// A value of the ABI: of a parameter, an argument or a reply.
enum TypedValue: Equatable, CustomStringConvertible, Sendable {
    case null
    case integer(Int64)
    case float(Double)
    case bool(Bool)
    case text([UInt8])
    case duration(Int64)
    case size(Int64)
    case list([TypedValue])

    /// Converts text to a parameter's type, as the host does with a line of a config.
    init?(text: [UInt8], of parameter: mh_param) {
        self.init(text: text, type: parameter.type, unit: parameter.unit.string)
    }

    init?(text bytes: [UInt8], type: UInt32, unit: String = "") {
        let text = String(decoding: bytes, as: UTF8.self)
        switch type {
        case MH_INT:
            guard let number = Int64(text) else { return nil }
            self = .integer(number)
        case MH_FLOAT:
            guard let number = Double(text) else { return nil }
            self = .float(number)
        case MH_BOOL:
            switch text {
            case "1", "yes", "on", "true": self = .bool(true)
            case "0", "no", "off", "false": self = .bool(false)
            default: return nil
            }
        case MH_DURATION:
            guard let number = Self.duration(text, unit: unit.isEmpty ? "s" : unit) else { return nil }
            self = .duration(number)
        case MH_SIZE:
            guard let number = Self.size(text) else { return nil }
            self = .size(number)
        case MH_LIST:
            self = .list(
                text.split(separator: ",").map { part in
                    .text(Array(String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()).utf8))
                })
        default: self = .text(bytes)
        }
    }

    /// "1h30m", "200ms", "5"; nanoseconds.
    private static func duration(_ text: String, unit: String) -> Int64? {
        let units: [Substring: Double] = [
            "ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "min": 60e9, "h": 3600e9, "d": 86400e9,
        ]
        if let number = Double(text) { return Int64(exactly: (number * (units[Substring(unit)] ?? 1e9)).rounded()) }
        var total = 0.0
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count).drop { $0 == " " }
            let word = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(word.count).drop { $0 == " " }
            guard let number = Double(digits), let factor = units[word] else { return nil }
            total += number * factor
        }
        return text.isEmpty ? nil : Int64(exactly: total.rounded())
    }

    /// "64k", "1 MiB", "4096"; bytes.
    private static func size(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        let word = text.dropFirst(digits.count).drop { $0 == " " }.lowercased().prefix(1)
        let shifts: [Substring: Int64] = ["": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40]
        guard let shift = shifts[word] else { return nil }
        let (product, isTooMuch) = number.multipliedReportingOverflow(by: 1 << shift)
        return isTooMuch ? nil : product
    }

    /// As C sees it; text and lists are copied to memory that stays.
    func raw(type: UInt32) -> mh_value {
        var value = mh_null()
        switch self {
        case .null: break
        case .integer(let number): value = mh_int(number)
        case .float(let number): value = mh_float(number)
        case .bool(let truth): value = mh_bool(truth ? 1 : 0)
        case .text(let bytes): value = mh_text(Self.kept(bytes))
        case .duration(let number):
            value = mh_int(number)
            value.type = MH_DURATION
        case .size(let number):
            value = mh_int(number)
            value.type = MH_SIZE
        case .list(let elements):
            value.type = MH_LIST
            value.as.list = Self.array(elements)
        }
        return value
    }

    /// Values side by side, in memory that stays.
    static func array(_ values: [TypedValue]) -> mh_array {
        let memory = UnsafeMutablePointer<mh_value>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (memory + index).initialize(to: value.raw(type: MH_NULL)) }
        return mh_array(items: memory, count: UInt32(values.count), stride: UInt32(MemoryLayout<mh_value>.stride))
    }

    /// Bytes as the host lends them: without a NUL behind, so that whoever reads one byte too many does it here too.
    private static func kept(_ bytes: [UInt8]) -> mh_str {
        guard !bytes.isEmpty else { return mh_str(ptr: nil, len: 0) }
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        UnsafeMutableRawBufferPointer(start: memory, count: bytes.count).copyBytes(from: bytes)
        return mh_str(ptr: UnsafePointer(memory), len: bytes.count)
    }

    /// Writes a parameter's value where the module wants it.
    func store(at storage: UnsafeMutableRawPointer?, type: UInt32) {
        guard let storage else { return }
        switch self {
        case .integer(let number), .duration(let number), .size(let number): storage.storeBytes(of: number, as: Int64.self)
        case .float(let number): storage.storeBytes(of: number, as: Double.self)
        case .bool(let truth): storage.storeBytes(of: truth ? 1 : 0, as: Int32.self)
        case .text(let bytes): storage.storeBytes(of: bytes.leaked(), as: mh_str.self)
        case .list, .null: break
        }
    }

    var description: String {
        switch self {
        case .null: return "nothing"
        case .integer(let number): return "\(number)"
        case .float(let number): return "\(number)"
        case .bool(let truth): return truth ? "true" : "false"
        case .duration(let number): return "\(number) ns"
        case .size(let number): return "\(number) bytes"
        case .list(let elements): return elements.count > 3 ? "a list of \(elements.count)" : "the list \(elements)"
        case .text(let bytes):
            if bytes.isEmpty { return "an empty text" }
            if bytes.count > 60 { return "\(bytes.count) bytes of text" }
            if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(where: { $0 < 0x20 }) {
                return "'\(text)'"
            }
            return "the bytes "
                + bytes.prefix(12).map { String(UInt16($0) + 0x100, radix: 16).suffix(2) }.joined(separator: " ")
        }
    }
}
