import Glibc

/// The programs and modules under test, as the package built them.
public enum BuiltProducts {
    /// Where they are: MODHOST_BUILD_DIR if it is set, else the directory of the running test program.
    public static let directory: String = {
        if let named = getenv("MODHOST_BUILD_DIR") { return String(cString: named) }
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let program = String(
            decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return program.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/")
    }()

    /// The daemon.
    public static var modhost: String { "\(directory)/modhost" }
    /// Its command-line client.
    public static var modctl: String { "\(directory)/modctl" }

    /// The root of the repository that these tests belong to.
    public static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        .dropLast(3).joined(separator: "/")
    /// What a module of a third party compiles against.
    public static var include: String { "\(repository)/Sources/ModuleABI/include" }
}
