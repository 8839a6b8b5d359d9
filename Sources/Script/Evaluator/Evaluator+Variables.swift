// Pseudo-variables and texts while a route runs.

import Configuration

extension Evaluator {
    /// The value of a text with pseudo-variables.
    func expanded(_ format: ScriptFormat, _ run: ScriptRun) -> ScriptValue {
        if let constant = format.constant { return constant }
        if let single = format.single { return read(single, run) }
        let buffer = buffers.take()
        defer { buffers.giveBack(buffer) }
        append(format, to: buffer, run)
        return .text([UInt8](buffer.pointee.bytes))
    }

    /// The same, in place of a value.
    @inline(never)
    func expand(_ format: ScriptFormat, _ run: ScriptRun, into value: UnsafeMutablePointer<ScriptValue>) {
        if format.constant != nil || format.single != nil {
            let new = expanded(format, run)
            value.pointee = new
            return
        }
        let buffer = buffers.take()
        defer { buffers.giveBack(buffer) }
        append(format, to: buffer, run)
        ScriptValue.replace(value, with: buffer.pointee.bytes)
    }

    /// Appends a text with its pseudo-variables expanded.
    func append(_ format: ScriptFormat, to text: UnsafeMutablePointer<TextBuffer>, _ run: ScriptRun) {
        let steps = format.steps.start
        for index in 0..<format.steps.count {
            switch steps[index] {
            case .literal(let bytes, let length): text.pointee.append(bytes, length)
            case .worker(let place, let site):
                if case .integer(let number) = (globals.end + Int(place)).pointee {
                    text.pointee.append(decimal: number)
                    continue
                }
                guard append((globals.end + Int(place)).pointee, of: site, to: text) else { return }
            case .site(let site):
                let value = site._withUnsafeGuaranteedRef { read($0, run) }
                guard append(value, of: site, to: text) else { return }
            }
        }
    }

    /// Appends a value; false, and said, when the text gets too long by it.
    @inline(never)
    private func append(
        _ value: ScriptValue, of site: Unmanaged<VariableSite>, to text: UnsafeMutablePointer<TextBuffer>
    ) -> Bool {
        let site = site.takeUnretainedValue()
        let length = text.pointee.count
        if value.isNull, !site.isTransformed {
            Self.nullText.withUTF8Buffer { bytes in
                if let start = bytes.baseAddress { text.pointee.append(start, bytes.count) }
            }
        } else {
            text.pointee.append(value)
        }
        guard text.pointee.count > Operations.longestText else { return true }
        text.pointee.cut(to: length)
        let found =
            "found a text of more than \(Operations.longestText) bytes with \(site.spelling): the rest is left out"
        report(found, at: site.location)
        return false
    }

    /// What null is in a text.
    private static let nullText: StaticString = "<null>"

    /// Reads a pseudo-variable of the program into a value; what fails is logged and reads as null.
    @inline(__always)
    func read(_ number: Int, _ run: ScriptRun, into value: UnsafeMutablePointer<ScriptValue>) {
        let access = siteTable.start + number
        guard access.pointee.isStraight, let direct = access.pointee.direct else {
            return readOnTheWay(access, run, into: value)
        }
        if !direct._withUnsafeGuaranteedRef({ $0.read(run, key: access.pointee.key, into: value) }) {
            failed(access, run, value)
        }
    }

    /// The same where the key, or the value, is yet to be made.
    @inline(never)
    private func readOnTheWay(
        _ access: UnsafeMutablePointer<SiteAccess>, _ run: ScriptRun, into value: UnsafeMutablePointer<ScriptValue>
    ) {
        guard let direct = access.pointee.direct, let format = access.pointee.format else {
            if let (place, operation) = access.pointee.operation,
                operation._withUnsafeGuaranteedRef({ $0.measure(globals.end + Int(place), into: value) })
            {
                return
            }
            let new = access.pointee.site._withUnsafeGuaranteedRef { read($0, run) }
            value.pointee = new
            return
        }
        let buffer = buffers.take()
        defer { buffers.giveBack(buffer) }
        format._withUnsafeGuaranteedRef { append($0, to: buffer, run) }
        if !direct._withUnsafeGuaranteedRef({ $0.read(run, key: buffer.pointee.bytes, into: value) }) {
            failed(access, run, value)
        }
    }

    @inline(never)
    private func failed(
        _ access: UnsafeMutablePointer<SiteAccess>, _ run: ScriptRun, _ value: UnsafeMutablePointer<ScriptValue>
    ) {
        report(run.takeFailure(), of: access.pointee.site.takeUnretainedValue())
        value.pointee = .null
    }

    /// Writes a pseudo-variable of the program; false when it failed, which is logged.
    @inline(never)
    func write(_ number: Int, _ run: ScriptRun, _ value: UnsafeMutablePointer<ScriptValue>) -> Bool {
        let access = siteTable.start + number
        do throws(ScriptError) {
            guard let direct = access.pointee.direct else {
                let new = value.pointee
                try assign(new, to: access.pointee.site.takeUnretainedValue(), run)
                return true
            }
            guard let format = access.pointee.format else {
                if direct._withUnsafeGuaranteedRef({ $0.write(run, key: access.pointee.key, value) }) { return true }
                throw run.takeFailure()
            }
            let buffer = buffers.take()
            defer { buffers.giveBack(buffer) }
            format._withUnsafeGuaranteedRef { append($0, to: buffer, run) }
            if direct._withUnsafeGuaranteedRef({ $0.write(run, key: buffer.pointee.bytes, value) }) { return true }
            throw run.takeFailure()
        } catch {
            report(error, of: access.pointee.site.takeUnretainedValue())
            return false
        }
    }

    @inline(never)
    func report(_ error: ScriptError, of site: VariableSite) {
        report(ScriptError("\(site.spelling): \(error.message)", hint: error.hint), at: site.location)
    }

    /// Reads a pseudo-variable; what fails is logged and reads as null.
    func read(_ site: VariableSite, _ run: ScriptRun) -> ScriptValue {
        do throws(ScriptError) {
            var value = try stored(site, run)
            guard site.isTransformed else { return value }
            for transformation in site.transformations { try transformation.apply(to: &value, run) }
            return value
        } catch {
            report(error, of: site)
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
                let buffer = buffers.take()
                defer { buffers.giveBack(buffer) }
                append(format, to: buffer, run)
                let key = buffer.pointee.elements
                try variable.set(run, key: key.span, index: index, to: value)
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
                let buffer = buffers.take()
                defer { buffers.giveBack(buffer) }
                append(format, to: buffer, run)
                let key = buffer.pointee.elements
                return try variable.get(run, key: key.span, index: index)
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
