import CHost

/// Runs module code under the guard before there is a `LoadedModule`.
enum GuardedCall {
    static func run<Result>(_ module: UnsafePointer<CChar>?, _ callback: StaticString, _ body: () -> Result) -> Result {
        let name = UnsafeRawPointer(callback.utf8Start).assumingMemoryBound(to: CChar.self)
        let previous = chost_enter(module, name)
        defer { chost_leave(previous) }
        return body()
    }
}
