import Configuration
import ModuleABI

/// A parameter's value, converted to the declared type and checked.
enum ParameterValue: Equatable, Sendable {
    /// int, bool (0 or 1), duration (ns), size (bytes).
    case integer(Int64)
    case float(Double)
    case text([UInt8])
    case list([[UInt8]])

    struct Fault: Error, Equatable {
        /// What was expected, after what was found: "expected an integer from 1 to 64".
        var expected: String
        var hint: String?
    }

    /// Converts a value as the config wrote it; types are strict, as in Kamailio: a number in quotes is no number.
    init(_ value: Configuration.Value, for parameter: ModuleDescriptor.Parameter) throws(Fault) {
        let type = parameter.raw.type
        switch (type, value.content) {
        case (MH_INT, .integer(let number)):
            self = .integer(number)
        case (MH_BOOL, .integer(let number)) where number == 0 || number == 1:
            self = .integer(number)
        case (MH_BOOL, .boolean(let truth)):
            self = .integer(truth ? 1 : 0)
        case (MH_FLOAT, .integer(let number)):
            self = .float(Double(number))
        case (MH_FLOAT, .float(let number)):
            self = .float(number)
        case (MH_STRING, .string(let text)):
            self = .text(text.bytes)
        case (MH_LIST, .string(let text)):
            self = .list(Self.elements(text.bytes))
        case (MH_DURATION, .integer(let number)), (MH_SIZE, .integer(let number)):
            self = try Self(text: String(number), for: parameter)
        case (MH_DURATION, .float(let number)):
            self = try Self(text: String(number), for: parameter)
        case (MH_DURATION, .string(let text)), (MH_SIZE, .string(let text)):
            self = try Self(text: text.description, for: parameter)
        case (MH_DURATION, .word(let text)), (MH_SIZE, .word(let text)):
            self = try Self(text: text, for: parameter)
        case (MH_INT, .string(let text)) where Quantity.integer(text.description) != nil:
            throw Fault(expected: Self.expectation(parameter), hint: "write it without quotes")
        case (MH_STRING, .word), (MH_STRING, .integer), (MH_STRING, .boolean), (MH_LIST, .word), (MH_LIST, .integer):
            throw Fault(expected: Self.expectation(parameter), hint: "write it in quotes: \"\(value.spelling)\"")
        default:
            throw Fault(expected: Self.expectation(parameter), hint: nil)
        }
        try check(for: parameter)
    }

    /// Converts plain text: a default, or the argument of `module.set`.
    init(text: String, for parameter: ModuleDescriptor.Parameter) throws(Fault) {
        let converted: ParameterValue?
        switch parameter.raw.type {
        case MH_INT: converted = Quantity.integer(text).map { .integer($0) }
        case MH_BOOL: converted = Quantity.boolean(text).map { .integer($0 ? 1 : 0) }
        case MH_FLOAT: converted = Double(text).map { .float($0) }
        case MH_DURATION: converted = Quantity.duration(text, unit: parameter.unit).map { .integer($0) }
        case MH_SIZE: converted = Quantity.size(text).map { .integer($0) }
        case MH_LIST: converted = .list(Self.elements(Array(text.utf8)))
        default: converted = .text(Array(text.utf8))
        }
        guard let converted else { throw Fault(expected: Self.expectation(parameter), hint: nil) }
        self = converted
        try check(for: parameter)
    }

    /// Splits at commas, blanks trimmed, empty elements left out.
    private static func elements(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: ",")).compactMap { part in
            let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A }
            let front = part.drop(while: isBlank)
            guard let last = front.lastIndex(where: { !isBlank($0) }) else { return nil }
            return Array(front[...last])
        }
    }

    private func check(for parameter: ModuleDescriptor.Parameter) throws(Fault) {
        let raw = parameter.raw
        switch self {
        case .integer(let number) where raw.type != MH_BOOL && (raw.minimum != 0 || raw.maximum != 0):
            guard raw.minimum...raw.maximum ~= number else { throw Fault(expected: Self.expectation(parameter)) }
        case .float(let number) where raw.float_minimum != 0 || raw.float_maximum != 0:
            guard raw.float_minimum...raw.float_maximum ~= number else {
                throw Fault(expected: Self.expectation(parameter))
            }
        case .text(let bytes) where !parameter.choices.isEmpty:
            let text = String(decoding: bytes, as: UTF8.self)
            guard parameter.choices.contains(text) else {
                let near = nearestName(to: text, in: parameter.choices)
                throw Fault(expected: Self.expectation(parameter), hint: near.map { "did you mean \"\($0)\"?" })
            }
        default: break
        }
    }

    /// "expected an integer from 1 to 64", "expected a duration such as 200ms or 5s, from 1ms to 1m".
    static func expectation(_ parameter: ModuleDescriptor.Parameter) -> String {
        let raw = parameter.raw
        let isBounded = raw.minimum != 0 || raw.maximum != 0
        func bounds(_ show: (Int64) -> String) -> String {
            guard isBounded else { return "" }
            if raw.maximum == .max { return ", at least \(show(raw.minimum))" }
            return ", from \(show(raw.minimum)) to \(show(raw.maximum))"
        }
        switch raw.type {
        case MH_INT: return "expected an integer" + bounds { String($0) }.replacing(", from", with: " from")
        case MH_BOOL: return "expected 0 or 1 (or yes, no, on, off, true, false)"
        case MH_FLOAT:
            let isBounded = raw.float_minimum != 0 || raw.float_maximum != 0
            return "expected a number" + (isBounded ? " from \(raw.float_minimum) to \(raw.float_maximum)" : "")
        case MH_DURATION:
            let unit = parameter.unit.isEmpty ? "s" : parameter.unit
            return "expected a duration such as 200ms or 5s, or a number in \(unit)" + bounds { Quantity.text(duration: $0) }
        case MH_SIZE: return "expected a size such as 4096, \"64k\" or \"1 MiB\"" + bounds { Quantity.text(size: $0) }
        case MH_LIST: return "expected a string of elements separated by commas"
        default:
            guard !parameter.choices.isEmpty else { return "expected a string" }
            return "expected one of " + parameter.choices.map { "\"\($0)\"" }.joined(separator: ", ")
        }
    }

    /// The value as text, for `module.params`.
    func text(for parameter: ModuleDescriptor.Parameter) -> String {
        switch self {
        case .integer(let number):
            switch parameter.raw.type {
            case MH_DURATION: Quantity.text(duration: number)
            case MH_SIZE: Quantity.text(size: number)
            default: String(number)
            }
        case .float(let number): String(number)
        case .text(let bytes): String(decoding: bytes, as: UTF8.self)
        case .list(let elements): elements.map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
        }
    }

    /// Lends the value to C for the length of a call.
    func withRaw<Result>(type: UInt32, _ body: (UnsafePointer<mh_value>) -> Result) -> Result {
        var value = mh_null()
        value.type = type
        switch self {
        case .integer(let number):
            value.as.integer = number
            return body(&value)
        case .float(let number):
            value.as.real = number
            return body(&value)
        case .text(let bytes):
            return bytes.withUnsafeBytes { buffer in
                value.as.text = mh_str(
                    ptr: buffer.baseAddress?.assumingMemoryBound(to: CChar.self), len: buffer.count)
                return body(&value)
            }
        case .list(let elements):
            let values = elements.map { mh_text(Self.copy($0)) }
            defer { for value in values { value.as.text.ptr?.deallocate() } }
            return values.withUnsafeBufferPointer { buffer in
                value.as.list = mh_array(
                    items: UnsafeRawPointer(buffer.baseAddress), count: UInt32(buffer.count),
                    stride: UInt32(MemoryLayout<mh_value>.stride))
                return body(&value)
            }
        }
    }

    /// Copies the value to the storage that a module declared; text lives as long as the process.
    func store(in parameter: ModuleDescriptor.Parameter) {
        guard let storage = parameter.raw.storage else { return }
        switch (self, parameter.raw.type) {
        case (.integer(let number), MH_BOOL): storage.storeBytes(of: Int32(number), as: Int32.self)
        case (.integer(let number), _): storage.storeBytes(of: number, as: Int64.self)
        case (.float(let number), _): storage.storeBytes(of: number, as: Double.self)
        case (.text(let bytes), _): storage.storeBytes(of: Self.copy(bytes), as: mh_str.self)
        case (.list, _): break
        }
    }

    /// A copy that the caller owns, ended by a NUL that is not counted.
    static func copy(_ bytes: [UInt8]) -> mh_str {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 1)
        copy.copyBytes(from: bytes)
        copy[bytes.count] = 0
        return mh_str(ptr: UnsafePointer(copy.baseAddress?.assumingMemoryBound(to: CChar.self)), len: bytes.count)
    }
}
