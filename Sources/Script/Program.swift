public import Configuration

/// The routes of a configuration, checked and compiled; shared by all threads.
///
/// ``check(_:in:)``, ``compileFormat(_:at:)``, ``prepare()`` and ``release()`` belong to the main thread, and no route runs
/// meanwhile; everything else only reads.
public final class Program: @unchecked Sendable {
    /// A route of the program; its number is its index in ``routes``.
    public struct RouteEntry: Hashable, Sendable {
        /// `request`, `NAME` of `route[NAME]`, `event:htable:expired:users` of `event_route[htable:expired:users]`, and for
        /// kinds that nothing here triggers `failure:NAME`, `branch:NAME`, `onreply:NAME`, `reply`, `onsend`.
        public var name: String
        /// Which kind of block it is.
        public var kind: Route.Kind
        /// Where its keyword is.
        public var location: SourceLocation

        /// As it is written: `route[NAME]`.
        public var spelling: String {
            guard let colon = name.firstIndex(of: ":"), kind != .named else {
                return kind == .named ? "route[\(name)]" : kind.rawValue
            }
            return "\(kind.rawValue)[\(name[name.index(after: colon)...])]"
        }
    }

    /// The routes.
    public let routes: [RouteEntry]

    let code: InstructionMemory
    let shared = SharedVariables()
    /// The compiler with all that it made; texts that modules make ready go on with it.
    private(set) var compiler: Compiler

    private init(_ compiler: Compiler, routes: [RouteEntry]) {
        self.compiler = compiler
        self.routes = routes
        code = InstructionMemory(compiler.code)
    }

    /// Parses and checks routes. Main thread.
    ///
    /// - Returns: The program, which may be used only if no diagnostic is an error, and everything that is wrong, in the
    ///   order of the source.
    public static func check(
        _ routes: [Route], in environment: ScriptEnvironment
    ) -> (program: Program, diagnostics: [Diagnostic]) {
        var compiler = Compiler(environment)
        var entries: [RouteEntry] = []
        var bodies: [(statements: [StatementSyntax], end: SourceLocation, block: Int)] = []
        var numbers: [String: Int] = [:]
        for (block, route) in routes.enumerated() {
            compiler.problems.route = block
            var parser = RouteParser(route, problems: compiler.problems)
            let statements = parser.parse()
            compiler.problems = parser.problems
            let entry = RouteEntry(name: name(of: route), kind: route.kind, location: route.location)
            if let number = numbers[entry.name] {
                if route.kind == .request {
                    // Several request_route blocks are one.
                    bodies[number].statements += statements
                    continue
                }
                compiler.problems.error(at: route.location, "found a second \(entry.spelling), expected one of each name")
                compiler.problems.note(at: entries[number].location, "the first one is here")
                continue
            }
            warnOfUntriggered(route, entry, &compiler.problems)
            numbers[entry.name] = entries.count
            if route.kind == .named { compiler.namedRoutes[entry.name] = entries.count }
            entries.append(entry)
            bodies.append((statements, route.closingBrace, block))
        }
        for (number, body) in bodies.enumerated() {
            compiler.problems.route = body.block
            compiler.compile(body.statements, route: number, end: body.end)
        }
        let diagnostics = compiler.problems.ordered()
        return (Program(compiler, routes: entries), diagnostics)
    }

    private static func name(of route: Route) -> String {
        switch route.kind {
        case .request: "request"
        case .named: route.name?.text ?? "request"
        case .event: "event:\(route.name?.text ?? "")"
        case .reply, .onReply, .failure, .branch, .onSend:
            String(route.kind.rawValue.dropLast("_route".count)) + (route.name.map { ":\($0.text)" } ?? "")
        }
    }

    private static func warnOfUntriggered(_ route: Route, _ entry: RouteEntry, _ problems: inout ProblemList) {
        switch route.kind {
        case .request, .named, .event: break
        case .reply, .onReply, .failure, .branch, .onSend:
            problems.warning(
                at: route.location, "found \(entry.spelling), which nothing here triggers: it is checked and never runs",
                hint: "there is no SIP in this host")
        }
    }

    /// The number of a route by its name, as ``RouteEntry/name`` has it.
    public func route(named name: String) -> Int? {
        routes.firstIndex { $0.name == name }
    }

    /// Makes a text with pseudo-variables ready. Main thread, before evaluators are made.
    ///
    /// - Parameters:
    ///   - text: The text, such as `src_ip=$si`; `$$` is a dollar sign.
    ///   - location: Where it begins, for errors while it is expanded.
    /// - Throws: What is wrong, with ``ScriptError/offset`` in the text.
    public func compileFormat(
        _ text: [UInt8], at location: SourceLocation
    ) throws(ScriptError) -> ScriptFormat {
        try compiler.makeFormat(TextSyntax(bytes: text, location: location, lead: nil))
    }

    /// Asks the functions and pseudo-variables of modules to look at each place that uses them. Main thread, when every
    /// module is initialised.
    ///
    /// - Returns: What they refused; with an error in it the program must not be used.
    public func prepare() -> [Diagnostic] {
        var diagnostics: [Diagnostic] = []
        for site in compiler.outside {
            do throws(ScriptError) {
                try site.prepare()
            } catch {
                diagnostics.append(
                    Diagnostic(.error, at: site.location, "\(site.spelling): \(error.message)", hint: error.hint))
            }
        }
        for call in compiler.calls {
            do throws(ScriptError) {
                try call.prepare()
            } catch {
                diagnostics.append(
                    Diagnostic(.error, at: call.location, "\(call.function.name): \(error.message)", hint: error.hint))
            }
        }
        return diagnostics
    }

    /// Ends the use of every place. Main thread, when no route runs any more.
    public func release() {
        for call in compiler.calls { call.release() }
        for site in compiler.outside { site.release() }
    }
}

/// The instructions of a program at an address of their own, so that fetching one takes no check; allocated and freed
/// here, never written after `init`.
final class InstructionMemory: @unchecked Sendable {
    let start: UnsafeMutablePointer<Instruction>
    private let count: Int

    init(_ code: [Instruction]) {
        count = code.count
        start = .allocate(capacity: max(1, count))
        start.initialize(from: code, count: count)
    }

    deinit {
        start.deinitialize(count: count)
        start.deallocate()
    }
}
