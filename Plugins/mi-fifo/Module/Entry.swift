// The module mi-fifo as the host sees it: parameters, hooks, and the one symbol. What it does is in
// ../Engine.

import FifoTransport
public import ModuleABI
import ModuleKit

/// The contract's entry point: answers a static descriptor to a host of ABI 1.
@c @implementation
public func mh_module_entry_v1(
    _ offer: UnsafePointer<mh_offer>?, _ module: UnsafeMutablePointer<UnsafePointer<mh_module>?>?,
    _ error: UnsafePointer<mh_error>?
) -> Int32 {
    description.publish(to: module, for: offer, error: error)
}

/// Made at the first call of the entry function, by the host's main thread; every call answers the same descriptor.
nonisolated(unsafe) private let description = FifoModule().describe()

/// What the config sets before `init`, and the transport from then on. Main thread only.
private final class FifoModule {
    private var settings = FifoSettings()
    private var transport: FifoTransport?

    func describe() -> ModuleBuilder {
        let module = ModuleBuilder(
            name: "mi-fifo", version: "0.1.0",
            summary: "Management commands over a FIFO, in the classic text and the JSON-RPC framings")
        module.alias("mi_fifo")
        addPlace(to: module)
        addLimits(to: module)
        module.onInit { [self] host throws(ModuleFailure) in
            transport = try FifoTransport(settings, host: host)
        }
        module.onDrain { [self] in transport?.drain() }
        module.onStop { [self] in
            transport?.stop()
            transport = nil
        }
        return module
    }

    private func addPlace(to module: ModuleBuilder) {
        module.parameter(
            "fifo_name", type: MH_STRING, default: "modhost.fifo",
            help: "Where the FIFO is; a relative name counts from run_dir"
        ) { [self] value in settings.fifoName = value.text }
        module.parameter(
            "fifo_mode", type: MH_STRING, default: "0660",
            help: "The FIFO's mode in octal digits, in quotes; 0 means 0600"
        ) { [self] value throws(ModuleFailure) in try settings.setMode(value.text) }
        module.parameter(
            "fifo_user", type: MH_STRING, help: "The FIFO's owner, name or number; as the host's without it"
        ) { [self] value in settings.user = value.text }
        module.parameter(
            "fifo_group", type: MH_STRING, help: "The FIFO's group, name or number; as the host's without it"
        ) { [self] value in settings.group = value.text }
        module.parameter(
            "reply_dir", type: MH_STRING,
            help:
                "Where clients have their reply FIFOs, such as /tmp for kamctl; the FIFO's directory without it"
        ) { [self] value in settings.replyDirectory = value.text }
    }

    private func addLimits(to module: ModuleBuilder) {
        module.parameter(
            "reply_indent", type: MH_STRING, default: "\t",
            help: "What a level of a classic reply is indented with"
        ) { [self] value in settings.replyIndent = value.text }
        module.parameter(
            "reply_timeout", type: MH_DURATION, default: "10s", range: 1_000_000...3_600_000_000_000,
            unit: "s",
            help: "How long a reply's reader may take nothing before the reply is dropped"
        ) { [self] value in settings.replyTimeout = value.number }
        module.parameter(
            "request_timeout", type: MH_DURATION, default: "2s", range: 1_000_000...3_600_000_000_000,
            unit: "s",
            help: "How long a client may be silent in the middle of a request"
        ) { [self] value in settings.requestTimeout = value.number }
        module.parameter(
            "max_request", type: MH_SIZE, default: "1 MiB", range: 256...(64 << 20), unit: "bytes",
            help: "The most bytes that one request may have"
        ) { [self] value in settings.maximumRequest = Int(value.number) }
        module.parameter(
            "pretty_format", type: MH_BOOL, default: "1",
            help: "JSON replies with line breaks and tabs, as Kamailio writes them; 0: on one line"
        ) { [self] value in settings.isPretty = value.number != 0 }
    }
}

extension Value {
    /// A string parameter's text; the host has checked the type.
    fileprivate var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        default: ""
        }
    }

    /// The number of an integer, duration, size or boolean.
    fileprivate var number: Int64 {
        switch self {
        case .integer(let number), .duration(let number), .size(let number): number
        case .bool(let truth): truth ? 1 : 0
        default: 0
        }
    }
}
