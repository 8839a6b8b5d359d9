// What the columns of a route's row are filled from, in plain memory: filling a row counts no references and asks for no memory.

import ModuleABI
import ModuleKit

/// How routes fill the columns of a row. Constant once made; any thread.
///
/// Owns the memory of its steps, and frees it when the last reference goes.
final class RowPlan: @unchecked Sendable {
    /// What one column is filled from.
    enum Source {
        /// The first of these arguments that the run has; one or two.
        case argument([StaticString])
        case code
        case reason
        /// A text of the config that the host has made ready.
        case format(OpaquePointer?)
        case nothing
    }

    /// The same without references.
    private struct Step {
        enum Kind: UInt8 { case argument, code, reason, format, nothing }
        var kind = Kind.nothing
        var name = mh_str()
        /// Empty: there is no second name.
        var other = mh_str()
        var format: OpaquePointer?
    }

    /// A call of acc_db_request, with what it borrows from its run; stays on the thread of that.
    struct Call: @unchecked Sendable {
        var run: OpaquePointer?
        var code: UnsafeRawBufferPointer?
        var reason: UnsafeRawBufferPointer
        /// Microseconds since 1970.
        var arrival: Int64
    }

    let layout: RowLayout
    private let module: OpaquePointer
    private let script: UnsafePointer<mh_script_service>
    private let log: Log
    private let steps: UnsafeMutablePointer<Step>

    /// `sources`: one for each column of the layout.
    init(_ sources: [Source], layout: RowLayout, host: HostServices, script: Script) {
        precondition(sources.count == layout.count, "a source for each column")
        self.layout = layout
        self.script = script.table
        module = host.module
        log = host.log
        steps = .allocate(capacity: max(1, sources.count))
        for (index, source) in sources.enumerated() { (steps + index).initialize(to: Self.step(source)) }
    }

    deinit { steps.deallocate() }

    private static func step(_ source: Source) -> Step {
        switch source {
        case .argument(let names):
            Step(
                kind: .argument, name: names.first.map { mh_str($0) } ?? mh_str(),
                other: names.count > 1 ? mh_str(names[1]) : mh_str())
        case .code: Step(kind: .code)
        case .reason: Step(kind: .reason)
        case .format(let format): Step(kind: .format, format: format)
        case .nothing: Step()
        }
    }

    /// Fills a row. What its texts point at is valid as long as `text` says. Throws when a value is none of its column's type.
    func fill(_ row: UnsafeMutablePointer<mh_value>, from call: Call, _ text: inout RowText) throws(Rejection) {
        for index in 0..<layout.count {
            var value = mh_null()
            let step = steps + index
            switch step.pointee.kind {
            case .argument:
                if script.pointee.argument(call.run, step.pointee.name, &value) < 0 { value = mh_null() }
                if value.type == MH_NULL, step.pointee.other.len > 0,
                    script.pointee.argument(call.run, step.pointee.other, &value) < 0
                {
                    value = mh_null()
                }
            case .code: if let code = call.code { value = mh_text(mh_str(borrowing: code)) }
            case .reason: value = mh_text(mh_str(borrowing: call.reason))
            case .format:
                row[index] = try converted(expanded(step.pointee.format, call.run), index, call, &text, isKept: false)
                continue
            case .nothing: break
            }
            row[index] = try converted(value, index, call, &text, isKept: false)
        }
    }

    /// A text of the config with the pseudo-variables of the run; null, and a line in the log, when that fails. Its text is valid until
    /// the next one on this thread.
    private func expanded(_ format: OpaquePointer?, _ run: OpaquePointer?) -> mh_value {
        var value = mh_null()
        var note = ErrorNote()
        guard note.collect({ script.pointee.expand(module, format, run, &value, $0) }) < 0 else { return value }
        log.warning(note.text)
        return mh_null()
    }

    /// A value as one of the column's type. `isKept`: its text stays until the call ends.
    @inline(__always)
    private func converted(
        _ value: mh_value, _ column: Int, _ call: Call, _ text: inout RowText, isKept: Bool
    ) throws(Rejection) -> mh_value {
        let type = layout.slots[column].type
        guard type == MH_STRING || type == MH_BLOB else {
            return try layout.value(value, column: column, arrival: call.arrival)
        }
        switch value.type {
        case MH_STRING:
            let bytes = value.as.text.bytes.bindMemory(to: UInt8.self)
            return mh_value(text: isKept ? text.kept(bytes) : text.copy(bytes), type: type)
        case MH_INT: return mh_value(text: text.digits(of: value.as.integer), type: type)
        default: return mh_null()
        }
    }
}

extension RowLayout {
    /// A value of a route as one of an int, float or time column. Throws when it is none of that type.
    fileprivate func value(_ value: mh_value, column: Int, arrival: Int64) throws(Rejection) -> mh_value {
        switch value.type {
        case MH_INT:
            switch slots[column].type {
            case MH_FLOAT: return mh_float(Double(value.as.integer))
            case MH_TIME:
                let (micros, overflow) = value.as.integer.multipliedReportingOverflow(by: 1_000_000)
                guard !overflow else { throw .kind("\(value.as.integer)", for: columns[column]) }
                return mh_value(time: micros)
            default: return value
            }
        case MH_STRING:
            let text = value.as.text.bytes.bindMemory(to: UInt8.self)
            if text.isEmpty { return absent(column, arrival: arrival) }
            guard let converted = convert(text, column: column) else { throw .value(text, for: columns[column]) }
            return converted
        default: return absent(column, arrival: arrival)
        }
    }
}
