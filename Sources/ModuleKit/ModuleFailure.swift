public import ModuleABI

/// What a module reports when it cannot do something: a code of the ABI and a line of text that says what was found, what was
/// expected and what to do.
public struct ModuleFailure: Error, Sendable, CustomStringConvertible {
    /// One of `MH_E_…`; negative.
    public var code: Int32
    public var text: String

    public init(_ code: Int32, _ text: String) {
        self.code = code
        self.text = text
    }

    public var description: String { text }

    /// Reports this failure into the caller's sink and returns the code, for the `return` of a C function.
    public func report(to sink: UnsafePointer<mh_error>?) -> Int32 {
        if let sink, let report = sink.pointee.report {
            text.withMHString { report(sink.pointee.ctx, code, $0) }
        }
        return code
    }
}

/// Collects the error of one call into the host or another module: `try ErrorCollector.check { service.open(…, $0) }`.
public final class ErrorCollector {
    public private(set) var code: Int32 = 0
    public private(set) var text = ""

    private init() {}

    /// Runs a call with a sink; throws what the call reported when it answered a negative code.
    public static func check(_ call: (UnsafePointer<mh_error>) -> Int32) throws(ModuleFailure) {
        let collector = ErrorCollector()
        var sink = mh_error(
            ctx: Unmanaged.passUnretained(collector).toOpaque(),
            report: { context, code, text in
                guard let context else { return }
                let collector = Unmanaged<ErrorCollector>.fromOpaque(context).takeUnretainedValue()
                collector.code = code
                collector.text = text.string
            })
        let code = withExtendedLifetime(collector) { call(&sink) }
        guard code < 0 else { return }
        throw ModuleFailure(code, collector.text.isEmpty ? "error \(code)" : collector.text)
    }
}

/// Runs Swift code for a C function: what it throws goes to the sink, and the code is returned.
@inline(__always)
public func bridging(
    _ sink: UnsafePointer<mh_error>?, _ body: () throws(ModuleFailure) -> Void
) -> Int32 {
    do throws(ModuleFailure) {
        try body()
        return MH_OK
    } catch {
        return error.report(to: sink)
    }
}
