import CHost

/// Runs module code under the guard without timing it: before there is a `LoadedModule`, and from routes, which call it many times in
/// a run that is timed as a whole.
enum GuardedCall {
    @inline(__always)
    static func run<Result>(_ module: UnsafePointer<CChar>?, _ callback: StaticString, _ body: () -> Result) -> Result {
        let name = UnsafeRawPointer(callback.utf8Start).assumingMemoryBound(to: CChar.self)
        let previous = chost_enter(module, name)
        defer { chost_leave(previous) }
        return body()
    }
}
