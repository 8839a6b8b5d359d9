// The pseudo-variables of the process: its number, its version and its environment.

import Configuration
import Glibc

extension ComputedVariable {
    static let process: [ComputedVariable] = [
        ComputedVariable(name: "pp", inner: .none) { _, _ in .integer(Int64(getpid())) },
        ComputedVariable(name: "env", inner: .text("the name of an environment variable")) { _, key in
            // The environment does not change while routes run.
            let name = key.array.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
            guard let value = getenv(name) else { return .null }
            return .text(String(cString: value))
        },
        ComputedVariable(name: "version", inner: .names(["num", "full", "hash"])) { _, key in
            switch String(decoding: key.array, as: UTF8.self) {
            case "num": .text(modhostVersion)
            case "full": .text("modhost \(modhostVersion) (\(architecture)/linux)")
            // Releases are told by their number; nothing else is known at run time.
            default: .text("unknown")
            }
        },
    ]

    private static let architecture: String = {
        #if arch(x86_64)
        "x86_64"
        #elseif arch(arm64)
        "aarch64"
        #else
        "unknown"
        #endif
    }()
}
