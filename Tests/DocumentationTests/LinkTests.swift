// Every link of the documentation leads somewhere, in the sources and where `make install` puts the pages.

import Foundation
import TestSupport
import Testing

@Suite struct `Links of the documentation` {
    /// A page with its relative links.
    private struct Page {
        var path: String
        var text: String

        init(_ path: String) throws {
            self.path = path
            text = try String(contentsOfFile: path, encoding: .utf8)
        }

        /// The text without code, whose brackets are no links.
        private var prose: String {
            var isCode = false
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { line in
                if line.hasPrefix("```") {
                    isCode.toggle()
                    return false
                }
                return !isCode
            }
            return lines.joined(separator: "\n").replacing(/`[^`\n]*`/, with: "code")
        }

        var links: [Substring] {
            prose.matches(of: /\]\(([^)\s]+)\)/).map(\.1).filter { !$0.contains("://") && !$0.hasPrefix("mailto:") }
        }

        /// The anchors of its headings, as GitHub makes them.
        var anchors: Set<String> {
            var counts: [String: Int] = [:]
            var anchors: Set<String> = []
            for line in text.split(separator: "\n") where line.hasPrefix("#") && line.contains("# ") {
                let title = line.drop { $0 == "#" }.trimmingCharacters(in: .whitespaces).lowercased()
                let kept = title.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" || $0 == " " }
                let anchor = kept.replacing(" ", with: "-")
                let number = counts[anchor, default: 0]
                counts[anchor] = number + 1
                anchors.insert(number == 0 ? anchor : "\(anchor)-\(number)")
            }
            return anchors
        }
    }

    /// The links that lead nowhere, each as `page: link`.
    private func deadLinks(below root: String, _ pages: [String]) throws -> [String] {
        var dead: [String] = []
        for name in pages {
            let page = try Page("\(root)/\(name)")
            for link in page.links {
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let folder = (page.path as NSString).deletingLastPathComponent
                let target = parts[0].isEmpty ? page.path : "\(folder)/\(parts[0].removingPercentEncoding ?? "")"
                guard FileManager.default.fileExists(atPath: target) else {
                    dead.append("\(name): \(link)")
                    continue
                }
                if parts.count > 1, target.hasSuffix(".md"), try !Page(target).anchors.contains(String(parts[1])) {
                    dead.append("\(name): \(link)")
                }
            }
        }
        return dead
    }

    /// The Markdown files below a folder, relative to the root.
    private func pages(below root: String, in folder: String) -> [String] {
        let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".md") && !$0.contains(".build/") && !$0.contains("target/") }
            .map { "\(folder)/\($0)" }.sorted()
    }

    @Test("In the sources")
    func sources() throws {
        let root = BuiltProducts.repository
        let pages =
            ["README.md", "CHANGELOG.md"] + pages(below: root, in: "Documentation") + pages(below: root, in: "Examples")
        #expect(pages.count > 10)
        let dead = try deadLinks(below: root, pages)
        #expect(dead.isEmpty, "\(dead)")
    }

    @Test("In the installed tree")
    func installed() throws {
        let tree = try TemporaryDirectory()
        let install = try runToEnd(
            "sh", ["Packaging/install-tree"], directory: BuiltProducts.repository,
            environment: [
                "DESTDIR": tree.path, "PREFIX": "/usr", "RELEASE": BuiltProducts.directory,
                "MODULES": pluginNames.joined(separator: " "), "VERSION": "0",
            ], within: .seconds(300))
        try #require(install.status == 0, "\(install.errors)")
        let root = tree.file("usr/share/doc/modhost")
        let pages =
            ["README.md", "CHANGELOG.md"] + pages(below: root, in: "Documentation") + pages(below: root, in: "Examples")
        #expect(pages.count > 10)
        let dead = try deadLinks(below: root, pages)
        #expect(dead.isEmpty, "\(dead)")
    }

    @Test("The index of the documentation leads to every page")
    func index() throws {
        let root = BuiltProducts.repository
        let linked = try Page("\(root)/Documentation/README.md").links.map { "Documentation/\($0.prefix { $0 != "#" })" }
        for page in pages(below: root, in: "Documentation") where page != "Documentation/README.md" {
            #expect(linked.contains(page), "Documentation/README.md does not name \(page)")
        }
    }
}
