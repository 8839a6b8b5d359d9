import Glibc

/// The languages' tools on this machine; a test that lacks one is skipped, and says so.
enum Toolchain {
    static func has(_ programs: String...) -> Bool { programs.allSatisfy { path(of: $0) != nil } }

    /// Where the search path has a program.
    static func path(of program: String) -> String? {
        let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return folders.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }

    /// A second Rust, Debian's: older than the one on the search path, where both are there.
    static var systemRust: Bool {
        access("/usr/bin/cargo", X_OK) == 0 && access("/usr/bin/rustc", X_OK) == 0 && path(of: "cargo") != "/usr/bin/cargo"
    }
}
