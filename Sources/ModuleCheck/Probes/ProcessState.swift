import Glibc

/// What of a process a module could change or leave behind: taken before and after, and compared.
struct ProcessState {
    var threads: [String]
    var descriptors: Set<Int32>
    var environment: [String]
    var directory: String
    var mask: mode_t
    var handlers: [UInt]

    static func take() -> ProcessState {
        let mask = umask(0)
        umask(mask)
        var buffer = [CChar](repeating: 0, count: 4096)
        let directory = getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? "?"
        var environment: [String] = []
        var next = environ
        while let entry = next.pointee {
            environment.append(String(cString: entry))
            next += 1
        }
        let handlers: [UInt] = (Int32(1)..<32).map { number in
            var action = sigaction()
            guard sigaction(number, nil, &action) == 0 else { return 0 }
            return withUnsafeBytes(of: &action) { $0.load(as: UInt.self) }
        }
        return ProcessState(
            threads: threadNames(), descriptors: openDescriptors(), environment: environment.sorted(), directory: directory,
            mask: mask, handlers: handlers)
    }

    /// What has changed of what belongs to the whole process; nil: nothing.
    func change(to other: ProcessState) -> String? {
        if directory != other.directory { return "the working directory from \(directory) to \(other.directory)" }
        if mask != other.mask { return "the umask from 0\(String(mask, radix: 8)) to 0\(String(other.mask, radix: 8))" }
        if environment != other.environment {
            let names = Set(environment).symmetricDifference(other.environment).map { $0.prefix { $0 != "=" } }
            return "the environment (\(Set(names).sorted().joined(separator: ", ")))"
        }
        for (index, handler) in handlers.enumerated() where other.handlers[index] != handler {
            return "the handler of signal \(index + 1)"
        }
        return nil
    }

    /// The names of all threads of this process but the first.
    static func threadNames() -> [String] {
        names(in: "/proc/self/task").filter { $0 != String(getpid()) }.map { id in
            guard let bytes = FileText.read("/proc/self/task/\(id)/comm") else { return id }
            return bytes.filter { $0 != "\n" }
        }
    }

    /// What a descriptor is open on, for texts.
    static func target(of descriptor: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
    }

    static func openDescriptors() -> Set<Int32> {
        // The directory is read through a descriptor of its own, which is closed again by then.
        Set(names(in: "/proc/self/fd").compactMap { Int32($0) }.filter { fcntl($0, F_GETFD) >= 0 })
    }

    private static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}

/// Small files as text.
enum FileText {
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let got = Glibc.read(descriptor, &buffer, buffer.count)
            if got > 0 {
                bytes += buffer[..<got]
                guard bytes.count <= 1 << 20 else { return nil }
            } else if got == 0 || errno != EINTR {
                return got < 0 ? nil : String(decoding: bytes, as: UTF8.self)
            }
        }
    }

    @discardableResult
    static func write(_ text: String, to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count
    }
}
