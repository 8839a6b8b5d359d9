import CHost
import Configuration
import ModuleABI
import Script
import Synchronization

extension mh_script_outcome: SizedStruct { static let firstSize = 32 }

/// mh.script/1
func makeScriptService() -> mh_script_service {
    var table = mh_script_service()
    table.struct_size = UInt32(MemoryLayout<mh_script_service>.size)
    table.find = { handle, name, route in
        guard let route else { return MH_E_INVALID }
        route.pointee = MH_SCRIPT_NO_ROUTE
        guard isOnMain else { return MH_E_STATE }
        guard let number = LoadedModule.from(handle).host.routes.find(name.string) else { return MH_E_NOT_FOUND }
        // 0 is MH_SCRIPT_NO_ROUTE.
        route.pointee = UInt32(number + 1)
        return MH_OK
    }
    table.run = { handle, route, arguments, outcome, error in
        let routes = LoadedModule.from(handle).host.routes
        guard let worker = routes.current else { return notNow(routes, error) }
        guard route >= 1, Int(route) <= routes.program.routes.count else {
            return report(error, MH_E_INVALID, "there is no route of number \(route); take the number that find gave")
        }
        if let outcome, outcome.pointee.struct_size < UInt32(mh_script_outcome.firstSize) {
            return report(
                error, MH_E_INVALID, "mh_script_outcome.struct_size is \(outcome.pointee.struct_size), expected sizeof")
        }
        let lent: RouteArguments
        do throws(DescriptorFault) {
            lent =
                try arguments.map { (array) throws(DescriptorFault) in try RouteArguments(array.pointee) }
                ?? RouteArguments()
        } catch let fault { return report(error, MH_E_INVALID, fault.text) }
        let (result, run) = worker.run(Int(route) - 1, lent)
        switch result {
        case .success(let result):
            outcome?.fill(result, run)
            return MH_OK
        case .failure(let stop):
            outcome?.fill(ScriptOutcome(code: -1, hasEnded: true, wasDropped: false), run)
            return report(error, stop.code, routes.describe(stop, of: Int(route) - 1))
        }
    }
    table.format = { handle, text, format, error in
        guard let format else { return report(error, MH_E_INVALID, "format needs a place for its result") }
        format.pointee = nil
        guard isOnMain else { return report(error, MH_E_STATE, "format is for the main thread, in init") }
        let module = LoadedModule.from(handle)
        do throws(ScriptError) {
            let made = try module.host.routes.format([UInt8](text.bytes), for: module)
            format.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
            return MH_OK
        } catch let fault {
            let place = fault.offset > 0 ? " at character \(fault.offset + 1)" : ""
            return report(error, MH_E_INVALID, "in the text '\(text.string)'\(place): \(fault)")
        }
    }
    table.expand = { handle, format, script, value, error in
        let routes = LoadedModule.from(handle).host.routes
        guard let worker = routes.current else { return notNow(routes, error) }
        guard let value, let format else {
            return report(error, MH_E_INVALID, "expand needs a format and a place for its result")
        }
        let made = Unmanaged<ScriptFormat>.fromOpaque(UnsafeRawPointer(format)).takeUnretainedValue()
        value.pointee = worker.expand(made, in: RouteRun.script(script))
        return MH_OK
    }
    table.assign = { _, script, variable, value, error in
        guard let run = RouteRun.script(script), let value else {
            return report(error, MH_E_INVALID, "assign needs the script of the call and a value")
        }
        do throws(ScriptError) {
            try run.assign(ScriptValue(value.pointee), to: variable)
            return MH_OK
        } catch let fault { return report(error, MH_E_DENIED, "\(fault)") }
    }
    table.argument = { script, name, value in
        guard let run = RouteRun.script(script), let value else { return MH_E_INVALID }
        guard let found = RouteRun.of(run)?.arguments.find(name.bytes) else { return MH_E_NOT_FOUND }
        value.pointee = found
        return MH_OK
    }
    table.reply = { script, code, text, error in
        guard let run = RouteRun.script(script).flatMap({ RouteRun.of($0) }) else {
            return report(error, MH_E_STATE, "there is nobody to reply to outside of a route")
        }
        guard run.reply(Int64(code), text.bytes) else {
            return report(error, MH_E_INVALID, "the reply code is \(code), expected 100 to 999")
        }
        return MH_OK
    }
    table.on_end = { handle, ended, context in
        guard let ended else { return MH_E_INVALID }
        guard isOnMain else { return MH_E_STATE }
        let module = LoadedModule.from(handle)
        module.host.routes.add(RouteWorker.Ending(module: module, ended: ended, context: context))
        return MH_OK
    }
    return table
}

private var isOnMain: Bool { chost_thread_kind() == ThreadKind.main.rawValue && chost_thread_index() == 0 }

private func notNow(_ routes: Routes, _ error: UnsafePointer<mh_error>?) -> Int32 {
    let isReady = routes.isReady.load(ordering: .acquiring)
    return report(
        error, MH_E_STATE,
        isReady ? "routes and texts are for workers only" : "the routes are not ready before worker_start and after stop")
}

extension ScriptStop {
    /// As the ABI has it.
    var code: Int32 {
        switch self {
        case .timeout: MH_E_TIMEOUT
        case .tooDeep: MH_E_LIMIT
        }
    }
}

extension UnsafeMutablePointer<mh_script_outcome> {
    /// Fills in a result; the size stays the caller's.
    fileprivate func fill(_ outcome: ScriptOutcome, _ run: RouteRun) {
        pointee.code = outcome.code
        pointee.flags = outcome.hasEnded ? MH_SCRIPT_ENDED : 0
        if outcome.wasDropped { pointee.flags |= MH_SCRIPT_DROPPED }
        if run.replyCode != 0 { pointee.flags |= MH_SCRIPT_REPLIED }
        pointee.reply_code = run.replyCode
        pointee.reply_text = run.replyText.raw
    }
}
