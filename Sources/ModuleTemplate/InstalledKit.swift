import Glibc

/// Where the installed modhost keeps what module authors build with.
public struct InstalledKit: Sendable, Equatable {
    /// The folder `share/modhost`, which holds `templates`, `swift`, `rust` and `module.map`.
    public let share: String
    /// The folder above, with `include` and `lib`; `/usr/local` when `share` is somewhere else.
    public let prefix: String

    /// The kit in a given folder `share/modhost`.
    public init(share: String) {
        var share = share
        while share.count > 1 && share.hasSuffix("/") { share.removeLast() }
        self.share = share
        let tail = "/share/modhost"
        prefix = share.hasSuffix(tail) ? String(share.dropLast(tail.count)) : "/usr/local"
    }

    /// Finds the kit: MODHOST_SHARE names the folder, else it is `../share/modhost` from the directory of the program.
    ///
    /// - Parameters:
    ///   - program: The absolute path of the running program.
    ///   - named: What MODHOST_SHARE says; nil or empty when it is not set.
    public static func find(program: String, named: String?) throws(TemplateError) -> InstalledKit {
        if let named, !named.isEmpty {
            guard let resolved = realpath(named, nil) else {
                throw TemplateError("MODHOST_SHARE names \(named), which is not there; name the folder share/modhost")
            }
            defer { free(resolved) }
            let kit = InstalledKit(share: String(cString: resolved))
            guard kit.isComplete else {
                throw TemplateError("MODHOST_SHARE names \(named), which has no templates; name the folder share/modhost")
            }
            return kit
        }
        let parts = program.split(separator: "/")
        let kit = InstalledKit(share: "/" + (parts.dropLast(2) + ["share", "modhost"]).joined(separator: "/"))
        guard kit.isComplete else {
            throw TemplateError(
                "there are no templates in \(kit.share)/templates; install what module authors need (Debian: modhost-dev), "
                    + "or name the folder share/modhost in MODHOST_SHARE")
        }
        return kit
    }

    /// The absolute path of the running program, links resolved.
    public static var runningProgram: String {
        guard let resolved = realpath("/proc/self/exe", nil) else { return CommandLine.arguments.first ?? "modhost" }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private var isComplete: Bool { Files.isDirectory("\(share)/templates/common") }

    /// Whether the installed modhost comes with a module of that name.
    func hasModule(_ name: ModuleName) -> Bool { Files.exists("\(prefix)/lib/modhost/modules/\(name.text).so") }
}
