// The pseudo-variables of a SIP message, $rm, $si and their like: each reads a member of the question, an argument of the run.

import Glibc
import ModuleABI
import ModuleKit

/// The service, once `init` has it; what the pseudo-variables are given as ctx holds it too. Main thread until then.
final class ScriptAccess: @unchecked Sendable {
    private(set) var script: Script?

    func start(_ script: Script) { self.script = script }
}

/// A class of pseudo-variables, behind its ctx.
private final class MemberVariable: Sendable {
    let access: ScriptAccess
    let member: MessageMember

    init(_ access: ScriptAccess, _ member: MessageMember) {
        self.access = access
        self.member = member
    }

    func get(_ run: ScriptRun) -> mh_value {
        guard let script = access.script else { return mh_null() }
        let value = script.argument(mh_str(member.member), of: run)
        guard value.type == MH_NULL, let fallback = member.fallback else { return value }
        let uri = script.argument(mh_str(fallback.member), of: run)
        guard uri.type == MH_STRING, let part = fallback.part.find(in: uri.as.text.bytes) else { return mh_null() }
        return mh_text(mh_str(borrowing: part))
    }
}

extension ScriptAccess {
    /// Adds `$si`, `$rm` and so on, and `$hdr(Name)`.
    func declareVariables(on builder: ModuleBuilder) {
        for member in MessageMember.all {
            var variable = mh_script_variable()
            variable.flags = MH_SCRIPT_VARIABLE_READ_ONLY
            variable.name = mh_str(member.variable)
            variable.summary = mh_str(member.summary)
            variable.ctx = Unmanaged.passRetained(MemberVariable(self, member)).toOpaque()
            variable.prepare = { _, inner, _, error in
                guard inner.len > 0 else { return MH_OK }
                return ModuleFailure(MH_E_INVALID, "found \"(\(inner.string))\", expected nothing behind the name")
                    .report(to: error)
            }
            variable.get = { context, _, run, _, value in
                guard let context, let value else { return MH_E_INVALID }
                let variable = Unmanaged<MemberVariable>.fromOpaque(context).takeUnretainedValue()
                value.pointee = variable.get(ScriptRun(run))
                return MH_OK
            }
            builder.variable(raw: variable)
        }
        declareHeader(on: builder)
    }

    private func declareHeader(on builder: ModuleBuilder) {
        var variable = mh_script_variable()
        variable.flags = MH_SCRIPT_VARIABLE_READ_ONLY
        variable.name = mh_str("hdr")
        variable.summary = mh_str("A header: a member of the object headers, without regard to case.")
        variable.ctx = Unmanaged.passRetained(self).toOpaque()
        variable.prepare = { _, inner, _, error in
            guard inner.len == 0 else { return MH_OK }
            return ModuleFailure(MH_E_INVALID, "found no name, expected a header's, such as $hdr(User-Agent)").report(
                to: error)
        }
        variable.get = { context, _, run, key, value in
            guard let context, let value else { return MH_E_INVALID }
            let access = Unmanaged<ScriptAccess>.fromOpaque(context).takeUnretainedValue()
            value.pointee = access.header(key.bytes, of: ScriptRun(run))
            return MH_OK
        }
        builder.variable(raw: variable)
    }

    /// The header of that name; null when the question has none.
    func header(_ name: UnsafeRawBufferPointer, of run: ScriptRun) -> mh_value {
        guard let script, name.count < 1024 else { return mh_null() }
        let prefix = Question.headerPrefix
        return withUnsafeTemporaryAllocation(byteCount: prefix.count + name.count, alignment: 1) { key in
            key.copyBytes(from: prefix)
            for (index, byte) in name.enumerated() { key[prefix.count + index] = asciiSmall(byte) }
            return script.argument(mh_str(borrowing: UnsafeRawBufferPointer(key)), of: run)
        }
    }
}
