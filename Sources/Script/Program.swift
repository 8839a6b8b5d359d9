public import Configuration

/// The routes of a configuration, checked and compiled; shared by all threads.
public final class Program: Sendable {
    /// A route of the program; its number is its index in ``routes``.
    public struct RouteEntry: Hashable, Sendable {
        /// `request`, `NAME` of `route[NAME]`, `event:htable:expired:users` of `event_route[htable:expired:users]`.
        public var name: String
        /// Which kind of block it is.
        public var kind: Route.Kind
        /// Where its keyword is.
        public var location: SourceLocation
    }

    /// The routes.
    public let routes: [RouteEntry] = []

    /// Parses and checks routes. Main thread.
    ///
    /// - Returns: The program, which may be used only if no diagnostic is an error, and everything that is wrong, in the
    ///   order of the source.
    public static func check(
        _ routes: [Route], in environment: ScriptEnvironment
    ) -> (program: Program, diagnostics: [Diagnostic]) {
        (Program(), [])
    }

    /// The number of a route by its name, as ``RouteEntry/name`` has it.
    public func route(named name: String) -> Int? {
        routes.firstIndex { $0.name == name }
    }

    /// Makes a text with pseudo-variables ready. Main thread, before evaluators run.
    public func compileFormat(
        _ text: [UInt8], at location: SourceLocation
    ) throws(ScriptError) -> ScriptFormat {
        ScriptFormat(constant: .text(text))
    }

    /// Asks the functions and pseudo-variables of modules to look at each place that uses them. Main thread, when every
    /// module is initialised.
    public func prepare() -> [Diagnostic] {
        []
    }

    /// Ends the use of every place. Main thread, when no route runs any more.
    public func release() {}
}
