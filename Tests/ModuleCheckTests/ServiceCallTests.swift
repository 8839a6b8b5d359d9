import Foundation
import TestSupport
import Testing

@testable import ModuleCheck

/// The table by which modcheck judges calls against the headers that the table is about.
@Suite("Threads and phases of service calls")
struct ServiceCallTests {
    /// `struct.function` with the thread and phase that its comment names, for every function of a service table.
    private static func headerTags() throws -> [String: (thread: String, phase: String)] {
        let folder = "\(BuiltProducts.include)/modhost"
        var found: [String: (String, String)] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".h") {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            let structs = #/typedef struct (?<name>mh_\w+_service|mh_host) \{(?<body>.*?)\n\}/#.dotMatchesNewlines()
            for match in text.matches(of: structs) {
                let function = #//\*(?<comment>(?:(?!\*/).)*)\*/\s*(?:[\w ]+\**)\s*\(\*(?<name>\w+)\)\(/#
                    .dotMatchesNewlines()
                for member in match.body.matches(of: function) {
                    let comment = String(member.comment)
                    guard let thread = comment.firstMatch(of: #/\[thread: (\S+)\]/#),
                        let phase = comment.firstMatch(of: #/\[phase: (\S+)\]/#)
                    else { continue }
                    found["\(match.name).\(member.name)"] = (String(thread.1), String(phase.1))
                }
            }
        }
        return found
    }

    @Test("The table says what the headers say, of every function of every service")
    func sameAsHeaders() throws {
        let header = try Self.headerTags()
        #expect(header.count > 40)
        var table: [String: (thread: String, phase: String)] = [:]
        for call in ServiceCall.allCases {
            let words = call.rawValue.split(separator: " ").map(String.init)
            table[words[0]] = (words[1], words[2])
        }
        #expect(Set(table.keys) == Set(header.keys))
        for (name, tags) in header {
            #expect(table[name]?.thread == tags.thread, "\(name)")
            #expect(table[name]?.phase == tags.phase, "\(name)")
        }
    }

    @Test("Names in texts are short")
    func names() {
        #expect(ServiceCall.netListen.tags.name == "net.listen")
        #expect(ServiceCall.query.tags.name == "host.query")
        #expect(ServiceCall.netListen.tags.place == .main)
        #expect(ServiceCall.loopTimer.tags.phases == [.initialising, .running])
    }
}
