import Glibc
import JSON

/// What modcheck prints about its modules.
struct Report {
    struct Module {
        var path: String
        var findings: [Finding]
        var muted: [Finding]
        var isGood: Bool { !findings.contains { $0.severity == .error } }
    }

    var seed: UInt64
    var modules: [Module] = []
    var reasons: [String: String]

    var isGood: Bool { modules.allSatisfy(\.isGood) }

    mutating func add(_ path: String, _ findings: [Finding]) -> Module {
        let module = Module(
            path: path, findings: findings.filter { reasons[$0.id] == nil }, muted: findings.filter { reasons[$0.id] != nil }
        )
        modules.append(module)
        return module
    }

    var json: JSONValue {
        .object([
            .init("seed", .integer(Int64(bitPattern: seed))), .init("good", .bool(isGood)),
            .init(
                "modules",
                .array(
                    modules.map { module in
                        .object([
                            .init("file", .string(module.path)), .init("good", .bool(module.isGood)),
                            .init("findings", .array(module.findings.map(\.json))),
                            .init(
                                "muted",
                                .array(
                                    module.muted.map { finding in
                                        .object([
                                            .init("id", .string(finding.id)), .init("text", .string(finding.text)),
                                            .init("reason", .string(reasons[finding.id] ?? "")),
                                        ])
                                    })),
                        ])
                    })),
        ])
    }

    /// One module as lines of text: `FILE: severity: TEXT [ID]`, each with how to mend it, then a line that sums up.
    func text(_ module: Module, isQuiet: Bool, isColoured: Bool) -> String {
        func paint(_ text: String, _ code: String) -> String { isColoured ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
        var lines: [String] = []
        for finding in module.findings.sorted(by: { $0.severity > $1.severity }) where !isQuiet || finding.severity == .error
        {
            let colour = ["error": "31;1", "warning": "35", "note": "36"][finding.severity.rawValue] ?? "0"
            lines.append("\(module.path): \(paint(finding.severity.rawValue, colour)): \(finding.text) [\(finding.id)]")
            // The host's own refusals hold their next step already.
            if !isQuiet, finding.id.hasPrefix("MH-C"), let check = CheckDescription.all.first(where: { $0.id == finding.id })
            {
                lines.append("    \(check.mend)")
            }
        }
        if !isQuiet {
            func count(_ severity: Severity) -> String {
                let number = module.findings.count { $0.severity == severity }
                return "\(number) \(severity.rawValue)\(number == 1 ? "" : "s")"
            }
            let verdict = module.isGood ? paint("good", "32") : paint("not good", "31")
            let muted = module.muted.isEmpty ? "" : ", \(module.muted.count) muted"
            lines.append(
                "\(module.path): \(verdict): \(count(.error)), \(count(.warning)), \(count(.note))\(muted) (seed \(seed))")
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
