import Glibc

/// Checks one module: the file in this process, everything that runs its code in probes of their own.
struct ModuleChecker {
    /// The program that is started for each probe: modcheck itself.
    let program: String
    let companions: [String]
    let settings: [ProbeRequest.Setting]
    let seed: UInt64
    let timeout: Double

    /// All findings, gravest first within each probe; `path` is absolute.
    func check(_ path: String) -> [Finding] {
        var findings = FileChecks.run(path: path)
        let folder: TemporaryFolder
        do throws(UsageError) { folder = try TemporaryFolder() } catch {
            return findings + [Finding(.probeFailed, error.description)]
        }
        defer { folder.remove() }
        for probe in ProbeRequest.Probe.allCases {
            let found = run(probe, path, folder)
            if Interruption.signal != 0 { break }
            findings += found
            // What the host refuses has no life to be looked at.
            if found.contains(where: \.endsAll) { break }
        }
        return Self.shortened(findings)
    }

    /// Each finding once, and of one check no more than five: a fault that shows in every case is one fault.
    private static func shortened(_ findings: [Finding]) -> [Finding] {
        let most = 5
        var seen: Set<Finding> = []
        var counts: [String: Int] = [:]
        var result = findings.filter { finding in
            guard seen.insert(finding).inserted else { return false }
            counts[finding.id, default: 0] += 1
            return counts[finding.id, default: 0] <= most
        }
        for (id, count) in counts.sorted(by: { $0.key < $1.key }) where count > most {
            guard let last = result.lastIndex(where: { $0.id == id }) else { continue }
            let more = Finding(id: id, severity: result[last].severity, text: "and \(count - most) more like this")
            result.insert(more, at: last + 1)
        }
        return result
    }

    private func run(_ probe: ProbeRequest.Probe, _ path: String, _ folder: TemporaryFolder) -> [Finding] {
        guard let directory = folder.make(probe.rawValue) else {
            return [Finding(.probeFailed, "no directory can be made in \(folder.path)")]
        }
        let request = ProbeRequest(
            probe: probe, module: path, companions: companions, settings: settings, seed: seed, limit: timeout,
            directory: directory)
        let result = ProbeProcess.run(request, program: program, seconds: max(300, timeout * 30))
        guard let fault = result.fault else { return result.findings }
        return result.findings + [Finding(.probeFailed, fault)]
    }
}

/// A directory that goes away again, with everything in it.
struct TemporaryFolder {
    let path: String

    init() throws(UsageError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/modcheck-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw UsageError("no directory can be made in \(parent): \(String(cString: strerror(errno)))")
        }
        path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// A directory for a probe.
    func make(_ name: String) -> String? {
        let directory = "\(path)/\(name)"
        return mkdir(directory, 0o700) == 0 ? directory : nil
    }

    func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            chmod(path, 0o700)
            for name in entries(path) { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    private static func entries(_ path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
