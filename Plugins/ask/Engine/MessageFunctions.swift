// The script functions that answer a question and look at its method and headers, with Kamailio's names and return codes.

import ModuleABI
import ModuleKit

extension ScriptAccess {
    private static let isTrue: Int32 = 1
    private static let isFalse: Int32 = -1

    func declareFunctions(on builder: ModuleBuilder, log: @escaping (String) -> Void) {
        for name in ["sl_send_reply", "send_reply", "sl_reply"] as [StaticString] {
            builder.function(
                name, summary: "Sets the answer: a code of 100 to 999 and a text.",
                arguments: [.init("code", MH_SCRIPT_ARG_TEXT), .init("text", MH_SCRIPT_ARG_TEXT)]
            ) { [self] call in
                let code = call.argument(0)
                guard let script, let number = Self.code(code) else {
                    log("\(name): the code is \"\(Self.shown(code))\", expected a number of 100 to 999")
                    return Self.isFalse
                }
                let text = call.argument(1)
                do throws(ModuleFailure) {
                    try script.reply(number, text.type == MH_STRING ? text.as.text : mh_str(), to: call.run)
                    return Self.isTrue
                } catch {
                    log("\(name): \(error.text)")
                    return Self.isFalse
                }
            }
        }
        builder.function(
            "is_method", summary: "Whether the member method is one of those named: is_method(\"INVITE|REGISTER\").",
            arguments: [.init("methods", MH_SCRIPT_ARG_TEXT)]
        ) { [self] call in
            guard let script else { return Self.isFalse }
            let method = script.argument(mh_str("method"), of: call.run)
            let names = call.argument(0)
            guard method.type == MH_STRING, names.type == MH_STRING else { return Self.isFalse }
            return Self.isOne(method.as.text.bytes, of: names.as.text.bytes) ? Self.isTrue : Self.isFalse
        }
        builder.function(
            "is_present_hf", summary: "Whether the object headers has a member of that name.",
            arguments: [.init("name", MH_SCRIPT_ARG_TEXT)]
        ) { [self] call in
            let name = call.argument(0)
            guard name.type == MH_STRING else { return Self.isFalse }
            return header(name.as.text.bytes, of: call.run).type == MH_NULL ? Self.isFalse : Self.isTrue
        }
    }

    /// A reply code, a number or its text; nil when it is none.
    static func code(_ value: mh_value) -> Int32? {
        let number: Int64? =
            switch value.type {
            case MH_INT: value.as.integer
            case MH_STRING: Int64(value.as.text.string)
            default: nil
            }
        guard let number, (100...999).contains(number) else { return nil }
        return Int32(number)
    }

    private static func shown(_ value: mh_value) -> String {
        switch value.type {
        case MH_INT: "\(value.as.integer)"
        case MH_STRING: String(value.as.text.string.prefix(40))
        default: ""
        }
    }

    /// Whether a method is one of those between bars; letters count without regard to case.
    static func isOne(_ method: UnsafeRawBufferPointer, of names: UnsafeRawBufferPointer) -> Bool {
        var rest = names[...]
        while true {
            let end = rest.firstIndex(of: UInt8(ascii: "|")) ?? rest.endIndex
            var name = rest[..<end]
            while name.first == 0x20 { name = name.dropFirst() }
            while name.last == 0x20 { name = name.dropLast() }
            if name.count == method.count, zip(name, method).allSatisfy({ asciiSmall($0) == asciiSmall($1) }) {
                return !method.isEmpty
            }
            guard end < rest.endIndex else { return false }
            rest = rest[(end + 1)...]
        }
    }
}
