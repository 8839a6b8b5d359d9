// The manual pages and the completions know every option of the programs, and pages refer to pages that exist.

import Foundation
import TestSupport
import Testing

@Suite struct `Options of the programs` {
    /// The long options that a program's help names; those of argument-parser's own are left out.
    private func options(_ program: String, _ arguments: [String] = []) throws -> Set<String> {
        let result = try runToEnd(program, arguments + ["--help"])
        try #require(result.status == 0, "\(result.errors)")
        return Set(result.output.matches(of: /--[a-z][a-z-]+/).map { String($0.output) })
    }

    /// A manual page with its macros, escapes undone.
    private func manual(_ page: String) -> String {
        repositoryText("Documentation/man/\(page)").replacing("Fl -", with: "--").replacing("\\-", with: "-")
    }

    private static let completions = ["%.bash", "_%", "%.fish"]

    private func completion(_ pattern: String, _ program: String) -> String {
        repositoryText("Packaging/completions/" + pattern.replacing("%", with: program))
    }

    /// Whether a completion knows an option, in the way of its shell.
    private func knows(_ completion: String, _ pattern: String, _ option: String) -> Bool {
        pattern.hasSuffix(".fish") ? completion.contains("-l \(option.dropFirst(2))") : completion.contains(option)
    }

    @Test("modhost: the manual page and the completions have them all", arguments: [[], ["doc"], ["explain"], ["new"]])
    func modhost(command: [String]) throws {
        for option in try options(BuiltProducts.modhost, command) {
            #expect(manual("modhost.8").contains(option), "modhost(8) does not have \(option)")
            for pattern in Self.completions {
                #expect(knows(completion(pattern, "modhost"), pattern, option), "\(pattern) does not have \(option)")
            }
        }
    }

    @Test("modctl: the manual page and the completions have them all")
    func modctl() throws {
        for option in try options(BuiltProducts.modctl) {
            #expect(manual("modctl.1").contains(option), "modctl(1) does not have \(option)")
            for pattern in Self.completions {
                #expect(knows(completion(pattern, "modctl"), pattern, option), "\(pattern) does not have \(option)")
            }
        }
    }

    @Test("modcheck: the manual page and the completions have them all")
    func modcheck() throws {
        for option in try options("\(BuiltProducts.directory)/modcheck") {
            #expect(manual("modcheck.1").contains(option), "modcheck(1) does not have \(option)")
            for pattern in Self.completions {
                #expect(knows(completion(pattern, "modcheck"), pattern, option), "\(pattern) does not have \(option)")
            }
        }
    }

    @Test("A manual page refers only to pages of ours that exist")
    func references() throws {
        let folder = "\(BuiltProducts.repository)/Documentation/man"
        let pages = Set(try FileManager.default.contentsOfDirectory(atPath: folder))
        for page in pages {
            let text = repositoryText("Documentation/man/\(page)")
            let names = text.matches(of: /\.(?:Xr|BR) (mod[a-z.-]+) \(?([1-9])/).map { "\($0.1).\($0.2)" }
            for name in names { #expect(pages.contains(name), "\(page) refers to \(name)") }
        }
    }

    @Test("Manual pages are of the version of the programs")
    func versions() throws {
        let version = try runToEnd(BuiltProducts.modhost, ["--version"]).output.trimmingCharacters(
            in: .whitespacesAndNewlines)
        for page in ["modhost.8", "modctl.1", "modcheck.1", "modules.conf.5", "modhost-module.7"] {
            #expect(repositoryText("Documentation/man/\(page)").contains(".Os \(version)\n"), "\(page)")
        }
    }
}
