import Glibc

/// A project to be made: what `modhost new` does.
///
/// A template is the files of `templates/common` and those of `templates/LANGUAGE`; in each, words such as `@NAME@` stand
/// for what depends on the module.
public struct NewModule: Sendable {
    public let language: TemplateLanguage
    public let name: ModuleName
    /// The folder to make, as the user named it.
    public let directory: String
    private let kit: InstalledKit

    /// Checks the name; nothing is written yet.
    ///
    /// - Parameter directory: The folder to make; nil is one of the module's name, here.
    public init(
        _ name: String, in language: TemplateLanguage, directory: String? = nil, kit: InstalledKit
    ) throws(TemplateError) {
        self.language = language
        self.name = try ModuleName(name, in: language)
        self.directory = directory ?? name
        self.kit = kit
        guard !kit.hasModule(self.name) else {
            throw TemplateError(
                "modhost comes with a module \"\(name)\"; two of one name cannot be loaded together, choose another name")
        }
        // These land in Makefiles, manifests and shell words, each with rules of its own.
        guard kit.share.utf8.allSatisfy(Self.isPlain) else {
            throw TemplateError(
                "modhost lies in \"\(kit.share)\", and build tools stumble over that path; move it to a plain one")
        }
        guard !self.directory.isEmpty, !self.directory.utf8.contains(0) else {
            throw TemplateError("the project's folder has no name; give one to --dir, or leave --dir out")
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "/._-+".utf8.contains(byte) || byte >= 0x80
        }
    }

    /// The project's files by their paths, in the order of these.
    public func files() throws(TemplateError) -> [(path: String, text: String)] {
        var texts: [String: String] = [:]
        for folder in ["common", language.rawValue] {
            let root = "\(kit.share)/templates/\(folder)"
            for path in try Files.tree(root) {
                // Named without its dot, so that it means nothing to git where the templates are kept.
                let target = path == "gitignore" ? ".gitignore" : path
                texts[target] = filled(try Files.read("\(root)/\(path)"))
            }
        }
        return texts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private var words: [(word: String, text: String)] {
        [
            ("@NAME@", name.text), ("@IDENT@", name.identifier), ("@TYPE@", name.typeName),
            ("@MODULE@", language.modulePath(of: name)), ("@IGNORED@", language.buildProducts.joined(separator: "\n")),
            ("@SHARE@", kit.share), ("@PREFIX@", kit.prefix),
        ]
    }

    /// Fills in the words, from left to right, so that what is filled in is not looked at again.
    private func filled(_ template: String) -> String {
        var text = ""
        var rest = template[...]
        scan: while let at = rest.firstIndex(of: "@") {
            text += rest[..<at]
            rest = rest[at...]
            for (word, value) in words where rest.hasPrefix(word) {
                text += value
                rest = rest.dropFirst(word.count)
                continue scan
            }
            text.append("@")
            rest = rest.dropFirst()
        }
        return text + rest
    }

    /// Makes the project; the folder must not be there, or be empty. After a failure nothing of it is left.
    ///
    /// - Returns: The paths of the files, counted from the folder.
    @discardableResult
    public func make() throws(TemplateError) -> [String] {
        let files = try files()
        if Files.exists(directory) {
            guard Files.isDirectory(directory) else {
                throw TemplateError(
                    "\(directory) is there and no folder; nothing is overwritten, name another one with --dir")
            }
            guard try Files.names(in: directory).isEmpty else {
                throw TemplateError(
                    "the folder \(directory) is there and not empty; nothing is overwritten, name another one with --dir")
            }
        }
        var made: [String] = []
        do throws(TemplateError) {
            try makeDirectories(to: directory, &made)
            for file in files {
                let path = "\(directory)/\(file.path)"
                try makeDirectories(to: String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]), &made)
                try Files.create(path, file.text)
                made.append(path)
            }
        } catch {
            for path in made.reversed() { remove(path) }
            throw error
        }
        return files.map(\.path)
    }

    /// Makes a directory and those above it; what it made is appended.
    private func makeDirectories(to path: String, _ made: inout [String]) throws(TemplateError) {
        var built = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            built += built.isEmpty || built.hasSuffix("/") ? String(part) : "/\(part)"
            if try Files.createDirectory(built) { made.append(built) }
        }
    }

    /// What to do next, for the terminal.
    public var nextSteps: String {
        let isPlain = directory.utf8.allSatisfy(Self.isPlain)
        let folder =
            isPlain
            ? directory
            : "'"
                + directory.split(separator: "'", omittingEmptySubsequences: false)
                .joined(separator: "'\\''") + "'"
        let commands = ["cd \(folder)"] + language.commands(for: name)
        return """
            A module in \(language.title) is in \(directory). Build and try it:

            \(commands.map { "    \($0)" }.joined(separator: "\n"))

            README.md says what is where.
            """
    }
}
