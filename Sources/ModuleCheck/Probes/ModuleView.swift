import Glibc
import ModuleABI

/// A loaded module's descriptor, copied by the reader's rule. The host's own rules have found it well formed before; bounds are
/// kept all the same.
struct ModuleView: @unchecked Sendable {
    // @unchecked: holds pointers to a module's static memory.
    struct Command {
        var raw: mh_mi_command
        var names: [String]
        var arguments: [mh_mi_arg]
        var name: String { names.first ?? "" }
    }

    struct Function {
        var raw: mh_script_function
        var arguments: [mh_script_arg]
    }

    let path: String
    let raw: mh_module
    let name: String
    let parameters: [mh_param]
    let commands: [Command]
    let functions: [Function]
    let variables: [mh_script_variable]
    let provides: [mh_interface]
    let requires: [mh_requirement]

    typealias Entry =
        @convention(c) (
            UnsafePointer<mh_offer>?, UnsafeMutablePointer<UnsafePointer<mh_module>?>?, UnsafePointer<mh_error>?
        ) -> Int32

    struct Fault: Error { var text: String }

    /// Maps a module's file; its constructors run.
    static func open(_ path: String) throws(Fault) -> Entry {
        guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL | 0x1000 /* RTLD_NODELETE */) else {
            throw Fault(text: String(cString: dlerror()))
        }
        guard let address = dlsym(library, FileChecks.entry) else { throw Fault(text: "\(path) has no \(FileChecks.entry)") }
        return unsafeBitCast(address, to: Entry.self)
    }

    /// Maps a module and calls its entry function with this host's offer.
    static func load(_ path: String) throws(Fault) -> ModuleView {
        let entry = try open(path)
        var offer = ordinaryOffer()
        var module: UnsafePointer<mh_module>?
        let sink = ErrorSink()
        let code = sink.collect { entry(&offer, &module, $0) }
        guard code >= 0, let module else { throw Fault(text: "\(path) refuses this host: \(sink.text)") }
        return ModuleView(path: path, module)
    }

    static func ordinaryOffer() -> mh_offer {
        var offer = mh_offer()
        offer.struct_size = UInt32(MemoryLayout<mh_offer>.size)
        offer.abi_major = UInt16(MH_ABI_MAJOR)
        offer.abi_minor = UInt16(MH_ABI_MINOR)
        offer.host_name = "modhost".leaked()
        offer.host_version = "0".leaked()
        return offer
    }

    init(path: String, _ module: UnsafePointer<mh_module>) {
        self.path = path
        raw = copy(module, mh_module())
        name = raw.name.string
        parameters = elements(raw.params, mh_param())
        commands = elements(raw.commands, mh_mi_command()).map { command in
            Command(
                raw: command, names: [command.name.string] + strings(command.aliases),
                arguments: elements(command.args, mh_mi_arg()))
        }
        functions = elements(raw.functions, mh_script_function()).map {
            Function(raw: $0, arguments: elements($0.args, mh_script_arg()))
        }
        variables = elements(raw.variables, mh_script_variable())
        provides = elements(raw.provides, mh_interface())
        requires = elements(raw.requires_, mh_requirement())
    }

    /// Whether another module's interfaces satisfy a requirement.
    func provides(_ requirement: mh_requirement) -> mh_interface? {
        provides.first {
            $0.id.string == requirement.id.string
                && (requirement.selector.len == 0 || $0.selector.string == requirement.selector.string)
        }
    }
}

/// Copies a struct that begins with its struct_size.
func copy<Struct>(_ pointer: UnsafePointer<Struct>, _ zero: Struct) -> Struct {
    var result = zero
    let size = UnsafeRawPointer(pointer).load(as: UInt32.self)
    withUnsafeMutableBytes(of: &result) { mh_read_struct($0.baseAddress, $0.count, pointer, Int(size)) }
    return result
}

/// Copies an array of such structs.
func elements<Struct>(_ array: mh_array, _ zero: Struct) -> [Struct] {
    guard let items = array.items, array.count > 0, array.count <= 4096, array.stride >= 8, array.stride % 8 == 0 else {
        return []
    }
    return (0..<Int(array.count)).map {
        copy((items + $0 * Int(array.stride)).assumingMemoryBound(to: Struct.self), zero)
    }
}

/// Copies an array of counted strings.
func strings(_ array: mh_array) -> [String] {
    guard let items = array.items, array.count > 0, array.count <= 4096, array.stride >= 16 else { return [] }
    return (0..<Int(array.count)).map { items.loadUnaligned(fromByteOffset: $0 * Int(array.stride), as: mh_str.self).string }
}

extension mh_str {
    /// A copy; invalid UTF-8 becomes U+FFFD.
    var string: String {
        guard let ptr, len > 0 else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: ptr, count: len), as: UTF8.self)
    }

    /// The bytes, copied.
    var array: [UInt8] {
        guard let ptr, len > 0 else { return [] }
        return Array(UnsafeRawBufferPointer(start: ptr, count: len))
    }
}

extension String {
    /// A copy that lives as long as the process.
    func leaked() -> mh_str { Array(utf8).leaked() }
}

extension [UInt8] {
    /// A copy that lives as long as the process.
    func leaked() -> mh_str {
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: count + 1)
        UnsafeMutableRawBufferPointer(start: memory, count: count).copyBytes(from: self)
        memory[count] = 0
        return mh_str(ptr: UnsafePointer(memory), len: count)
    }
}

/// Collects the error that a function of a module reports, and looks at the text's form.
final class ErrorSink {
    private(set) var text = ""
    private(set) var isReported = false
    /// Whether values of modcheck's own, which may hold anything, can be part of a text. Main thread.
    nonisolated(unsafe) static var mayEcho = false

    func collect(_ call: (UnsafePointer<mh_error>) -> Int32) -> Int32 {
        text = ""
        isReported = false
        var sink = mh_error(
            ctx: Unmanaged.passUnretained(self).toOpaque(),
            report: { context, _, text in
                guard let context else { return }
                Unmanaged<ErrorSink>.fromOpaque(context).takeUnretainedValue().take(text)
            })
        return withExtendedLifetime(self) { call(&sink) }
    }

    private func take(_ reported: mh_str) {
        text = reported.string
        isReported = !text.isEmpty
        let isValid = String(validating: reported.array, as: UTF8.self) != nil
        if Self.mayEcho, !isValid || text.contains(where: \.isNewline) { return }
        if !isValid {
            FindingPipe.add(.errorTextForm, "an error text is not UTF-8: '\(text.prefix(120))'")
        } else if text.contains(where: \.isNewline) {
            FindingPipe.add(.errorTextForm, "an error text holds a newline: '\(text.prefix(120))'")
        } else if text.hasSuffix("."), !text.hasSuffix("..") {
            FindingPipe.add(.errorTextForm, "an error text ends with a full stop: '\(text.prefix(120))'")
        }
    }
}
