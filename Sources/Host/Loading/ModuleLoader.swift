import CLtdl
import Configuration
import Glibc
import ModuleABI

/// A module that a config names, as far as its file tells without running any of its code.
struct ModuleCandidate: Sendable {
    var path: String
    var identity: FileIdentity
    var note: ModuleNote
    var location: SourceLocation?
    var isOptional: Bool

    func refuse(_ rule: Rule, _ message: String, hint: String? = nil) -> Refusal {
        var refusal = Refusal(rule, at: location, message, hint: hint)
        refusal.isOptional = isOptional
        return refusal
    }

    func answers(to name: String) -> Bool { note.name == name || note.aliases.contains(name) }
}

/// Brings modules into the process: file, note, dynamic linker, entry function, descriptor. Main thread only.
enum ModuleLoader {
    nonisolated(unsafe) private static var isOpen = false

    /// Finds a module's file and reads its note. No code of the module runs.
    static func inspect(
        _ name: String, search: ModulePathSearch, base: String, location: SourceLocation?, isOptional: Bool
    ) throws(Refusal) -> ModuleCandidate {
        func refuse(_ rule: Rule, _ message: String, hint: String? = nil) -> Refusal {
            var refusal = Refusal(rule, at: location, message, hint: hint)
            refusal.isOptional = isOptional
            return refusal
        }
        guard !name.isEmpty else { throw refuse(.fileNotFound, "loadmodule names no module") }
        let path: String
        switch search.find(name, relativeTo: base) {
        case .found(let found): path = found
        case .missing(let tried):
            // An alias is known to the module's file only: db_flatstore.so means flatstore.so.
            if !name.contains("/"), let aliased = file(withAlias: bareName(name), in: search.directories) {
                path = aliased
                break
            }
            let near = nearestName(to: bareName(name), in: modulesAvailable(in: search.directories))
            let directories =
                search.directories.isEmpty ? "the module path is empty" : "looked for \(tried.joined(separator: ", "))"
            throw refuse(
                .fileNotFound, "module \(name) is not found: \(directories)",
                hint: near.map { "did you mean \($0)? \(Rule.fileNotFound.nextStep)" })
        }
        var status = stat()
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let reason = systemText(errno)
            if descriptor >= 0 { close(descriptor) }
            throw refuse(
                .unsafeFile, "module file \(path) cannot be read: \(reason)", hint: "make it readable for user \(getuid())")
        }
        defer { close(descriptor) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw refuse(.notAModuleFile, "\(path) is not a regular file")
        }
        guard status.st_mode & 0o002 == 0 else {
            throw refuse(.unsafeFile, "module file \(path) can be written by everybody", hint: "chmod o-w \(path)")
        }
        let elf: ElfFile
        do throws(ElfFile.Fault) {
            elf = try ElfFile(bytes: contents(descriptor, size: Int(status.st_size)), owner: MH_NOTE_OWNER)
        } catch {
            switch error {
            case .notELF: throw refuse(.notAModuleFile, "\(path) is not an ELF file")
            case .truncated(let what): throw refuse(.notAModuleFile, "\(path) is truncated: \(what)")
            case .wrong(let what): throw refuse(.notAModuleFile, "\(path) cannot be loaded: \(what)")
            }
        }
        if elf.hasOverlongNote {
            throw refuse(.badNote, "\(path) has a malformed modhost note: it is longer than its segment")
        }
        guard let content = elf.notes.first(where: { $0.type == MH_NOTE_TYPE })?.content else {
            throw refuse(.noNote, "\(path) has no modhost note, so it is no modhost module")
        }
        let note: ModuleNote
        do throws(ModuleNote.Fault) { note = try ModuleNote(content: content) } catch {
            throw refuse(.badNote, "\(path) has a malformed modhost note: \(error.text)")
        }
        guard note.abiMajor == MH_ABI_MAJOR else {
            throw refuse(
                .abiMajor,
                "module \(note.name) (\(path)) is built for ABI \(note.abiMajor).\(note.abiMinor), the host offers \(MH_ABI_MAJOR).\(MH_ABI_MINOR)"
            )
        }
        guard note.abiMinor <= MH_ABI_MINOR else {
            throw refuse(
                .abiMinor,
                "module \(note.name) (\(path)) needs ABI \(note.abiMajor).\(note.abiMinor), the host offers \(MH_ABI_MAJOR).\(MH_ABI_MINOR)"
            )
        }
        return ModuleCandidate(
            path: path, identity: FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)), note: note,
            location: location, isOptional: isOptional)
    }

    /// Loads a candidate and reads its descriptor: from here on its code runs.
    static func load(_ candidate: ModuleCandidate) throws(Refusal) -> ModuleDescriptor {
        if !isOpen {
            guard cltdl_open() == 0 else {
                throw candidate.refuse(.dynamicLinker, "libltdl does not start: \(String(cString: cltdl_error()))")
            }
            isOpen = true
        }
        guard let module = cltdl_load(candidate.path) else {
            throw candidate.refuse(
                .dynamicLinker, "module \(candidate.note.name) cannot be linked: \(String(cString: cltdl_error()))")
        }
        guard let address = cltdl_symbol(module, "mh_module_entry_v1") else {
            throw candidate.refuse(
                .noEntry, "module \(candidate.note.name) (\(candidate.path)) does not export mh_module_entry_v1")
        }
        typealias Entry =
            @convention(c) (
                UnsafePointer<mh_offer>?, UnsafeMutablePointer<UnsafePointer<mh_module>?>?, UnsafePointer<mh_error>?
            ) -> Int32
        let entry = unsafeBitCast(address, to: Entry.self)
        var offer = mh_offer()
        offer.struct_size = UInt32(MemoryLayout<mh_offer>.size)
        offer.abi_major = UInt16(MH_ABI_MAJOR)
        offer.abi_minor = UInt16(MH_ABI_MINOR)
        offer.host_name = hostName
        offer.host_version = hostVersion
        var pointer: UnsafePointer<mh_module>?
        let guardName = candidate.note.name.leaked()
        let refusal = GuardedCall.run(guardName.ptr, "entry") { collectingError { entry(&offer, &pointer, $0) } }
        if let refusal {
            throw candidate.refuse(.entryRefused, "module \(candidate.note.name) refuses this host: \(refusal.text)")
        }
        guard let pointer else {
            throw candidate.refuse(.badDescriptor, "module \(candidate.note.name): its entry function gave no descriptor")
        }
        do throws(DescriptorFault) {
            let descriptor = try ModuleDescriptor(pointer)
            try descriptor.compare(with: candidate.note)
            return descriptor
        } catch {
            throw candidate.refuse(error.rule, "module \(candidate.note.name): \(error.text)")
        }
    }

    nonisolated(unsafe) private static let hostName = "modhost".leaked()
    nonisolated(unsafe) private static let hostVersion = modhostVersion.leaked()

    private static func contents(_ descriptor: Int32, size: Int) -> [UInt8] {
        // The note stands near the front, but segments are checked against the whole size: mapping past the end would be a SIGBUS.
        let count = min(max(size, 0), ElfFile.maximumSize)
        return [UInt8](unsafeUninitializedCapacity: count) { target, used in
            used = 0
            while used < count {
                let got = read(descriptor, target.baseAddress.map { $0 + used }, count - used)
                if got > 0 {
                    used += got
                } else if got == 0 || errno != EINTR {
                    return
                }
            }
        }
    }

    private static func bareName(_ name: String) -> String {
        var bare = Substring(name.split(separator: "/").last ?? "")
        if bare.hasSuffix(".so") { bare = bare.dropLast(3) }
        if bare.hasPrefix("lib") { bare = bare.dropFirst(3) }
        return String(bare)
    }

    /// The names of the `.so` files in the given directories.
    private static func modulesAvailable(in directories: [String]) -> [String] {
        files(in: directories).map(bareName)
    }

    /// The first `.so` file whose note has this alias.
    private static func file(withAlias alias: String, in directories: [String]) -> String? {
        files(in: directories).first { note(of: $0)?.aliases.contains(alias) ?? false }
    }

    /// The note of a file, nil when it has none that can be read.
    static func note(of path: String) -> ModuleNote? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let elf = try? ElfFile(bytes: contents(descriptor, size: Int(status.st_size)), owner: MH_NOTE_OWNER),
            let content = elf.notes.first(where: { $0.type == MH_NOTE_TYPE })?.content
        else { return nil }
        return try? ModuleNote(content: content)
    }

    /// The paths of the `.so` files in the given directories.
    static func files(in directories: [String]) -> [String] {
        directories.flatMap { directory -> [String] in
            guard let stream = opendir(directory) else { return [] }
            defer { closedir(stream) }
            var paths: [String] = []
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name.hasSuffix(".so") { paths.append("\(directory)/\(name)") }
            }
            return paths.sorted()
        }
    }
}
