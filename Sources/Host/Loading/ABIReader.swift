import ModuleABI

/// What is wrong with a descriptor: the rule and what was found.
struct DescriptorFault: Error {
    var rule: Rule
    var text: String

    init(_ rule: Rule, _ text: String) {
        self.rule = rule
        self.text = text
    }
}

/// A struct of the ABI that begins with its struct_size.
protocol SizedStruct {
    var struct_size: UInt32 { get }
    /// Bytes that the struct had in ABI 1.0: fewer can never come.
    static var firstSize: Int { get }
    init()
}

extension mh_module: SizedStruct { static let firstSize = 232 }
extension mh_param: SizedStruct { static let firstSize = 152 }
extension mh_mi_command: SizedStruct { static let firstSize = 104 }
extension mh_mi_arg: SizedStruct { static let firstSize = 48 }
extension mh_interface: SizedStruct { static let firstSize = 56 }
extension mh_requirement: SizedStruct { static let firstSize = 40 }
extension mh_script_function: SizedStruct { static let firstSize = 88 }
extension mh_script_variable: SizedStruct { static let firstSize = 80 }
extension mh_script_arg: SizedStruct { static let firstSize = 32 }
extension mh_timer_options: SizedStruct { static let firstSize = 48 }
extension mh_watch_options: SizedStruct { static let firstSize = 40 }
extension mh_offload_options: SizedStruct { static let firstSize = 32 }
extension mh_stream_handler: SizedStruct { static let firstSize = 56 }
extension mh_listen_options: SizedStruct { static let firstSize = 48 }
extension mh_connect_options: SizedStruct { static let firstSize = 40 }
extension mh_adopt_options: SizedStruct { static let firstSize = 24 }
extension mh_datagram_options: SizedStruct { static let firstSize = 48 }
extension mh_mi_request: SizedStruct { static let firstSize = 56 }
extension mh_mi_argument: SizedStruct { static let firstSize = 64 }
extension mh_mi_sink: SizedStruct { static let firstSize = 32 }
extension mh_jsonrpc_request: SizedStruct { static let firstSize = 56 }
extension mh_jsonrpc_sink: SizedStruct { static let firstSize = 40 }
extension mh_log_field: SizedStruct { static let firstSize = 48 }

/// The reader's rule of the ABI: copy min(struct_size, sizeof mine) into a zeroed local.
enum ABIReader {
    /// Copies a struct that a module made; nil when it is absent or smaller than it can be.
    static func read<Struct: SizedStruct>(_ pointer: UnsafePointer<Struct>?) -> Struct? {
        guard let pointer else { return nil }
        let size = Int(UnsafeRawPointer(pointer).load(as: UInt32.self))
        guard size >= Struct.firstSize else { return nil }
        var copy = Struct()
        withUnsafeMutableBytes(of: &copy) { target in
            let count = min(size, target.count)
            target.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: count))
        }
        return copy
    }

    /// Copies the elements of an array; `what` names it in a fault ("the parameters").
    static func read<Struct: SizedStruct>(
        _ array: mh_array, of type: Struct.Type, _ what: String
    ) throws(DescriptorFault) -> [Struct] {
        guard array.count > 0 else { return [] }
        guard let items = array.items else {
            throw DescriptorFault(.badDescriptor, "\(what): the array has count \(array.count) but its items are NULL")
        }
        guard array.count <= 4096 else {
            throw DescriptorFault(.badDescriptor, "\(what): the array has count \(array.count), at most 4096 are taken")
        }
        guard Int(array.stride) >= Struct.firstSize, array.stride % 8 == 0 else {
            throw DescriptorFault(
                .badDescriptor,
                "\(what): the array's stride is \(array.stride), expected sizeof(\(type)), at least \(Struct.firstSize) and a multiple of 8"
            )
        }
        var copies: [Struct] = []
        for index in 0..<Int(array.count) {
            let item = items + index * Int(array.stride)
            let size = item.load(as: UInt32.self)
            guard size <= array.stride, let copy = read(item.assumingMemoryBound(to: Struct.self)) else {
                throw DescriptorFault(
                    .badDescriptor,
                    "\(what): element \(index) has struct_size \(size), expected \(Struct.firstSize) to the stride \(array.stride)"
                )
            }
            copies.append(copy)
        }
        return copies
    }

    /// Copies an array of counted strings.
    static func strings(_ array: mh_array, _ what: String) throws(DescriptorFault) -> [String] {
        guard array.count > 0 else { return [] }
        guard let items = array.items, array.count <= 4096 else {
            throw DescriptorFault(.badDescriptor, "\(what) count \(array.count) but items is NULL, or are more than 4096")
        }
        guard array.stride >= 16, array.stride % 8 == 0 else {
            throw DescriptorFault(.badDescriptor, "\(what) have stride \(array.stride), expected sizeof(mh_str), 16")
        }
        var texts: [String] = []
        for index in 0..<Int(array.count) {
            texts.append(try text(items.load(fromByteOffset: index * Int(array.stride), as: mh_str.self), what))
        }
        return texts
    }

    /// Copies text that must be UTF-8.
    static func text(_ string: mh_str, _ what: String) throws(DescriptorFault) -> String {
        guard string.len > 0 else { return "" }
        guard let start = string.ptr, string.len <= 1 << 20 else {
            throw DescriptorFault(
                .badDescriptor, "\(what) has length \(string.len) and pointer \(string.ptr == nil ? "NULL" : "set")")
        }
        let bytes = UnsafeRawBufferPointer(start: start, count: string.len)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw DescriptorFault(.badDescriptor, "\(what) is not UTF-8 text")
        }
        return text
    }

    static func requireZero(_ reserved: UInt32, _ what: String) throws(DescriptorFault) {
        guard reserved == 0 else {
            throw DescriptorFault(.badDescriptor, "\(what) has \(reserved) in its reserved field, expected 0")
        }
    }

    static func requireKnown(_ flags: UInt32, _ known: UInt32, _ what: String) throws(DescriptorFault) {
        let unknown = flags & ~known
        guard unknown == 0 else {
            throw DescriptorFault(
                .unknownFlags,
                "\(what) has flags 0x\(String(flags, radix: 16)), of which this host does not know 0x\(String(unknown, radix: 16))"
            )
        }
    }
}

extension mh_str {
    /// The bytes, borrowed.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: ptr, count: ptr == nil ? 0 : len) }
    /// A copy as text; invalid UTF-8 becomes U+FFFD.
    var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Static text of a literal.
    init(_ literal: StaticString) {
        self.init(
            ptr: UnsafeRawPointer(literal.utf8Start).assumingMemoryBound(to: CChar.self),
            len: literal.utf8CodeUnitCount)
    }
}

extension String {
    /// Lends the text as a counted string for the length of a call.
    func withMHString<Result>(_ body: (mh_str) -> Result) -> Result {
        var copy = self
        return copy.withUTF8 { utf8 in
            body(mh_str(ptr: UnsafeRawPointer(utf8.baseAddress)?.assumingMemoryBound(to: CChar.self), len: utf8.count))
        }
    }

    /// A copy that lives as long as the process, ended by a NUL that is not counted.
    func leaked() -> mh_str {
        let utf8 = Array(self.utf8)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count + 1)
        for (index, byte) in utf8.enumerated() { copy[index] = CChar(bitPattern: byte) }
        copy[utf8.count] = 0
        return mh_str(ptr: UnsafePointer(copy), len: utf8.count)
    }
}

/// Reports an error into a module's sink and returns the code.
@discardableResult
func report(_ error: UnsafePointer<mh_error>?, _ code: Int32, _ text: String) -> Int32 {
    if let error, let report = error.pointee.report {
        text.withMHString { report(error.pointee.ctx, code, $0) }
    }
    return code
}

/// Calls a function of a module with a sink; a negative code comes back with the text it reported.
func collectingError(_ call: (UnsafePointer<mh_error>) -> Int32) -> (code: Int32, text: String)? {
    final class Collector { var text = "" }
    let collector = Collector()
    var sink = mh_error(
        ctx: Unmanaged.passUnretained(collector).toOpaque(),
        report: { context, _, text in
            guard let context else { return }
            Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue().text = text.string
        })
    let code = withExtendedLifetime(collector) { call(&sink) }
    guard code < 0 else { return nil }
    return (code, collector.text.isEmpty ? "it answered \(errorName(code)) without a text" : collector.text)
}

/// The name of an error code of the ABI.
func errorName(_ code: Int32) -> String {
    switch code {
    case MH_E_INVALID: "MH_E_INVALID"
    case MH_E_NO_MEMORY: "MH_E_NO_MEMORY"
    case MH_E_UNSUPPORTED: "MH_E_UNSUPPORTED"
    case MH_E_NOT_FOUND: "MH_E_NOT_FOUND"
    case MH_E_EXISTS: "MH_E_EXISTS"
    case MH_E_BUSY: "MH_E_BUSY"
    case MH_E_IO: "MH_E_IO"
    case MH_E_NO_SPACE: "MH_E_NO_SPACE"
    case MH_E_AGAIN: "MH_E_AGAIN"
    case MH_E_CANCELLED: "MH_E_CANCELLED"
    case MH_E_TIMEOUT: "MH_E_TIMEOUT"
    case MH_E_STATE: "MH_E_STATE"
    case MH_E_LIMIT: "MH_E_LIMIT"
    case MH_E_CLOSED: "MH_E_CLOSED"
    case MH_E_ABI: "MH_E_ABI"
    case MH_E_DENIED: "MH_E_DENIED"
    case MH_E_INTERNAL: "MH_E_INTERNAL"
    default: "error \(code)"
    }
}
