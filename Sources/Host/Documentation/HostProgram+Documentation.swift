import Configuration
import Glibc

/// What `modhost doc` does. Main thread; returns the exit status.
extension HostProgram {
    /// The forms in which the reference can be printed.
    public enum ReferenceFormat: String, Sendable, CaseIterable {
        case markdown, man
    }

    /// Prints the reference of modules and of the host, `core`; without names of the host and of every module on the
    /// default module path.
    ///
    /// Modules are mapped and describe themselves, which is pure by their contract; none is initialised.
    ///
    /// - Parameters:
    ///   - names: `core`, or modules as `loadmodule` takes them; paths count from the working directory.
    ///   - output: The directory for a file `NAME.md` or `modhost-NAME.7` each; nil prints to standard output.
    /// - Returns: 0; 73 when a file cannot be written; 78 when a module is refused, after all others.
    public static func document(_ names: [String], format: ReferenceFormat, output: String?) -> Int32 {
        let search = ModulePathSearch(directories: LoadPlan.defaultDirectories())
        let wanted = names.isEmpty ? ["core"] + modules(in: search) : names
        var status: Int32 = 0
        for name in wanted {
            do throws(Refusal) {
                let page = try name == "core" ? .core : reference(of: name, search: search)
                let text = format == .markdown ? MarkdownPage(page: page).text : ManualPage(page: page).text
                guard let output else {
                    print(text, terminator: "")
                    continue
                }
                let file = format == .markdown ? "\(page.name).md" : "\(ManualPage.name(of: page)).7"
                if let problem = write(text, to: "\(output)/\(file)") {
                    complain("\(output)/\(file): \(problem)")
                    return 73
                }
            } catch {
                complain(error.text)
                status = 78
            }
        }
        return status
    }

    private static func reference(of name: String, search: ModulePathSearch) throws(Refusal) -> ReferencePage {
        let candidate: ModuleCandidate
        do throws(Refusal) {
            candidate = try ModuleLoader.inspect(
                name, search: search, base: workingDirectory(), location: nil, isOptional: false)
        } catch {
            guard error.rule == .fileNotFound, !name.contains("/"), access(name, F_OK) == 0 else { throw error }
            throw candidateElsewhere(error, name)
        }
        let descriptor = try ModuleLoader.load(candidate)
        do throws(DescriptorFault) { return try ReferencePage(descriptor) } catch {
            throw candidate.refuse(error.rule, "module \(candidate.note.name): \(error.text)")
        }
    }

    /// A file of the working directory that was named without its directory, as people do.
    private static func candidateElsewhere(_ refusal: Refusal, _ name: String) -> Refusal {
        Refusal(refusal.rule, at: nil, refusal.message, hint: "for the file in this directory write ./\(name)")
    }

    /// The paths of the modules in the directories of the search; of two with one file name the first, as `loadmodule` has it.
    private static func modules(in search: ModulePathSearch) -> [String] {
        var seen: Set<Substring> = []
        return ModuleLoader.files(in: search.directories).filter { path in
            guard seen.insert(path.split(separator: "/").last ?? "").inserted else { return false }
            return ModuleLoader.note(of: path) != nil
        }
    }

    /// Writes a whole file; what went wrong, or nil.
    private static func write(_ text: String, to path: String) -> String? {
        guard let file = fopen(path, "we") else { return systemText(errno) }
        let isWritten = fputs(text, file) >= 0
        let code = errno
        guard fclose(file) == 0 else { return systemText(errno) }
        return isWritten ? nil : systemText(code)
    }

    private static func complain(_ text: String) {
        let bytes = Array("modhost: \(text)\n".utf8)
        bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
