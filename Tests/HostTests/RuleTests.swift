import Configuration
import Foundation
import TestSupport
import Testing

@testable import Host

@Suite("The rules by which modules are refused")
struct RuleTests {
    @Test("Each has an id of its own, three digits after MH-R")
    func ids() {
        #expect(Set(Rule.allCases.map(\.id)).count == Rule.allCases.count)
        for rule in Rule.allCases { #expect(rule.id.wholeMatch(of: /MH-R\d{3}/) != nil) }
    }

    @Test("Each says in full sentences what it is, why, and what to do", arguments: Rule.allCases)
    func sentences(rule: Rule) {
        for text in [rule.title, rule.reason] {
            #expect(text.hasSuffix("."))
            #expect(text.first?.isUppercase == true)
            #expect(text.split(separator: " ").count >= 3)
        }
        #expect(!rule.nextStep.isEmpty)
        #expect(rule.explanation.hasPrefix("\(rule.id): \(rule.title)\n"))
        #expect(rule.explanation.contains("Next step: \(rule.nextStep)"))
        for line in rule.explanation.split(separator: "\n").dropFirst(1) where !line.hasPrefix("Next step") {
            #expect(line.count <= 80)
        }
    }

    @Test("The page for module authors lists the same ids, each once")
    func documented() throws {
        let page = try String(contentsOfFile: "\(BuiltProducts.repository)/Documentation/abi.md", encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| MH-R") }
        let ids = rows.map { String($0.dropFirst(2).prefix(7)) }
        #expect(ids == Rule.allCases.map(\.id).sorted())
    }

    @Test(
        "The page means the same by them",
        arguments: [
            (.fileNotFound, "not found"), (.notAModuleFile, "ELF shared object"), (.abiMajor, "major version"),
            (.abiMinor, "minor version"),
            (.noNote, "no ELF note"), (.badNote, "cannot be read"), (.noEntry, "mh_module_entry_v1"),
            (.dynamicLinker, "dynamic linker"),
            (.entryRefused, "entry function refused"), (.badDescriptor, "descriptor"), (.unknownFlags, "flag bit"),
            (.noteDiffers, "say different things"), (.alreadyLoaded, "loaded already"), (.nameTaken, "taken"),
            (.interfaceMissing, "no loaded module provides"), (.cyclicRequirement, "circle"),
            (.parameterRequired, "must be set"),
            (.initFailed, "`init` failed"), (.unknownModule, "`modparam` names a module"),
            (.unknownParameter, "no parameter"),
            (.badValue, "value of a parameter"), (.workerStartFailed, "`worker_start` failed"), (.listenFailed, "listen"),
            (.unsafeFile, "cannot be read, or others may write"),
        ] as [(Rule, String)])
    func meanings(rule: Rule, words: String) throws {
        let page = try String(contentsOfFile: "\(BuiltProducts.repository)/Documentation/abi.md", encoding: .utf8)
        let row = page.split(separator: "\n").first { $0.hasPrefix("| \(rule.id)") }
        #expect(try #require(row).contains(words))
    }

    @Test("A refusal is one line with place, rule and next step")
    func refusalText() {
        let refusal = Refusal(.noEntry, at: .init(file: "m.conf", line: 3, column: 12), "module m does not export it")
        #expect(
            refusal.description
                == "m.conf:3:12: error: module m does not export it [MH-R107]; export it with default visibility and C linkage"
                + " (in C++: extern \"C\")")
        #expect(Refusal(.noEntry, at: nil, "x", hint: "do y").description == "x [MH-R107]; do y")
    }
}
