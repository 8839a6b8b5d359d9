// The module's parameters as they are set, before anything is looked up: see
// Documentation/modules/mi-fifo.md.

import Glibc
import ModuleABI
public import ModuleKit

/// What the config says; the defaults are those of the documentation.
public struct FifoSettings: Sendable {
    /// Relative names count from the core setting `run_dir`.
    public var fifoName = "modhost.fifo"
    var mode: mode_t = 0o660
    /// Name or number; empty: as the system gives it.
    public var user = ""
    public var group = ""
    /// Empty: the directory of the FIFO.
    public var replyDirectory = ""
    public var replyIndent = "\t"
    /// Nanoseconds without progress.
    public var replyTimeout: Int64 = 10_000_000_000
    /// Nanoseconds without a byte in the middle of a request.
    public var requestTimeout: Int64 = 2_000_000_000
    /// Bytes.
    public var maximumRequest = 1 << 20
    /// JSON replies in Kamailio's layout with tabs, or on one line.
    public var isPretty = true
    /// What is odd about a setting and gets a warning at the start.
    public private(set) var warnings: [String] = []

    public init() {}

    /// Takes `fifo_mode`: octal digits, such as "0660"; 0 means 0600, as in Kamailio.
    public mutating func setMode(_ text: String) throws(ModuleFailure) {
        guard let number = mode_t(text, radix: 8), number <= 0o777 else {
            throw ModuleFailure(
                MH_E_INVALID,
                "found fifo_mode \"\(text)\", expected the octal digits of a file mode from \"0000\" to \"0777\", such as \"0660\""
            )
        }
        warnings.removeAll { $0.hasPrefix("fifo_mode") }
        if number == 0 {
            warnings.append("fifo_mode is 0, with which nobody could write; 0600 is used instead")
        }
        mode = number == 0 ? 0o600 : number
    }

    /// The absolute path that a name stands for.
    static func absolute(_ name: String, runDirectory: String) -> String {
        if name.hasPrefix("/") { return name }
        return runDirectory + (runDirectory.hasSuffix("/") ? "" : "/") + name
    }
}
