/// Modules of Kamailio whose functions, pseudo-variables and transformations are a part of the script language here.
///
/// A Kamailio file that loads them runs as written: the line is accepted, and their parameters are passed over with a warning.
enum BuiltInModules {
    /// Their names, as `loadmodule` has them.
    static let names: Set<String> = ["pv", "sl", "textops", "textopsx", "xlog"]

    /// The name that a `loadmodule` line means: of `xlog`, `xlog.so` and `/usr/lib/x/xlog.so` it is `xlog`; nil for other modules.
    static func name(in text: String) -> String? {
        var name = text.split(separator: "/").last ?? ""
        if name.hasSuffix(".so") { name = name.dropLast(3) }
        return names.contains(String(name)) ? String(name) : nil
    }
}
