// Pseudo-variables and texts while a route runs.

import Configuration

extension Evaluator {
    /// The value of a text with pseudo-variables.
    func expanded(_ format: ScriptFormat, _ run: ScriptRun) -> ScriptValue {
        if let constant = format.constant { return constant }
        if let single = format.single { return read(single, run) }
        var text: [UInt8] = []
        append(format, to: &text, run)
        return .text(text)
    }

    /// Appends a text with its pseudo-variables expanded.
    func append(_ format: ScriptFormat, to text: inout [UInt8], _ run: ScriptRun) {
        for piece in format.pieces {
            switch piece {
            case .literal(let bytes): text.append(contentsOf: bytes)
            case .variable(let site):
                if case .worker(let place, _) = site.storage, case .integer(let number) = (globals.end + Int(place)).pointee,
                    !site.isTransformed
                {
                    ScriptValue.appendDecimal(number, to: &text)
                    continue
                }
                let value = read(site, run)
                let length = text.count
                if value.isNull, site.transformations.isEmpty {
                    text.append(contentsOf: "<null>".utf8)
                } else {
                    value.append(to: &text)
                }
                if text.count > Operations.longestText {
                    text.removeLast(text.count - length)
                    let found =
                        "found a text of more than \(Operations.longestText) bytes with \(site.spelling): the rest is left out"
                    return report(found, at: site.location)
                }
            }
        }
    }

    /// Reads a pseudo-variable; what fails is logged and reads as null.
    func read(_ site: VariableSite, _ run: ScriptRun) -> ScriptValue {
        do throws(ScriptError) {
            var value = try stored(site, run)
            guard site.isTransformed else { return value }
            for transformation in site.transformations { try transformation.apply(to: &value, run) }
            return value
        } catch {
            report(ScriptError("\(site.spelling): \(error.message)", hint: error.hint), at: site.location)
            return .null
        }
    }

    /// Writes a pseudo-variable.
    func assign(_ value: ScriptValue, to site: VariableSite, _ run: ScriptRun) throws(ScriptError) {
        switch site.storage {
        case .worker(let place, let isNullable):
            (globals.end + Int(place)).pointee = value.isNull && !isNullable ? .integer(0) : value
        case .stack(let number): run.assignStack(number, index(of: site, run), value)
        case .stackByName: run.assignStack(name(of: site, run), index(of: site, run), value)
        case .shared(let number): program.shared.assign(value, to: number)
        case .null, .constant, .returnCode, .count:
            throw ScriptError("found \(site.spelling) where a pseudo-variable is assigned: it is read-only")
        case .outside:
            guard let variable = site.prepared else { throw notReady }
            let index = index(of: site, run)
            switch site.key {
            case .none:
                let empty: [UInt8] = []
                try variable.set(run, key: empty.span, index: index, to: value)
            case .constant(let bytes): try variable.set(run, key: bytes.span, index: index, to: value)
            case .format(let format):
                try withBuffer { buffer throws(ScriptError) in
                    append(format, to: &buffer, run)
                    try variable.set(run, key: buffer.span, index: index, to: value)
                }
            }
        }
    }

    /// The value before transformations.
    private func stored(_ site: VariableSite, _ run: ScriptRun) throws(ScriptError) -> ScriptValue {
        switch site.storage {
        case .null: return .null
        case .constant: return site.constant
        case .worker(let place, _): return (globals.end + Int(place)).pointee
        case .stack(let number): return run.stackValue(number, index(of: site, run))
        case .stackByName: return run.stackValue(name(of: site, run), index(of: site, run))
        case .shared(let number): return program.shared.value(number)
        case .returnCode: return .integer(Int64(run.returnCode))
        case .count: return .integer(Int64(site.counted.map { count($0, run) } ?? 0))
        case .outside:
            guard let variable = site.prepared else { throw notReady }
            let index = index(of: site, run)
            switch site.key {
            case .none:
                let empty: [UInt8] = []
                return try variable.get(run, key: empty.span, index: index)
            case .constant(let bytes): return try variable.get(run, key: bytes.span, index: index)
            case .format(let format):
                return try withBuffer { buffer throws(ScriptError) in
                    append(format, to: &buffer, run)
                    return try variable.get(run, key: buffer.span, index: index)
                }
            }
        }
    }

    private func index(of site: VariableSite, _ run: ScriptRun) -> ScriptIndex {
        switch site.index {
        case .known(let index): index
        case .variable(let inner): .at(read(inner, run).integerValue)
        }
    }

    private func name(of site: VariableSite, _ run: ScriptRun) -> [UInt8] {
        guard case .format(let format) = site.key else { return [] }
        return Compiler.stackName(expanded(format, run).textValue)
    }

    /// `$cnt`: how many values there are.
    private func count(_ site: VariableSite, _ run: ScriptRun) -> Int {
        switch site.storage {
        case .stack(let number): run.stackCount(number)
        case .stackByName: run.stackCount(name(of: site, run))
        default: read(site, run).isNull ? 0 : 1
        }
    }

    private var notReady: ScriptError {
        ScriptError("its module was not asked to prepare", hint: "this is a fault of the host")
    }
}
