// A host under strace(1): what it asked of the kernel, line by line, and a kill at one chosen call.
import Foundation
import TestSupport

/// A system call that strace wrote down.
struct TracedCall: Sendable {
    var thread: Int
    var name: String
    /// As strace writes them; strings and paths are in hexadecimal.
    var arguments: [String]
    var result: Int
    /// The lines of the trace at which it began and ended.
    var start: Int
    var end: Int

    /// The path that a descriptor in the arguments, or in the result, belongs to: `17<\x2f…>`.
    static func descriptor(_ text: String) -> (number: Int, path: String)? {
        guard let open = text.firstIndex(of: "<"), let close = text.lastIndex(of: ">"), let number = Int(text[..<open])
        else { return nil }
        return (number, String(decoding: bytes(text[text.index(after: open)..<close]), as: UTF8.self))
    }

    /// The bytes of `\x2f\x74`, with or without quotation marks around them.
    static func bytes(_ text: some StringProtocol) -> [UInt8] {
        var bytes: [UInt8] = []
        var digits = 0
        var value: UInt8 = 0
        for character in text.utf8 {
            let digit: UInt8
            switch character {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = character - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = character - UInt8(ascii: "a") + 10
            default: continue
            }
            value = value << 4 | digit
            digits += 1
            if digits == 2 {
                bytes.append(value)
                (digits, value) = (0, 0)
            }
        }
        return bytes
    }

    static func string(_ text: String) -> String { String(decoding: bytes(text), as: UTF8.self) }

    /// An absolute path; `base` is the argument that says from where a relative one counts, if there is one.
    static func path(_ text: String, from base: String? = nil) -> String {
        var path = string(text)
        while path.hasPrefix("./") { path.removeFirst(2) }
        guard !path.hasPrefix("/"), let base, let open = base.firstIndex(of: "<") else { return path }
        return String(decoding: bytes(base[open...]), as: UTF8.self) + "/" + path
    }

    /// The file or directory that it is about; of a rename the old name.
    var subject: String? {
        switch name {
        case "openat", "unlinkat", "mkdirat", "renameat", "renameat2":
            arguments.count > 1 ? Self.path(arguments[1], from: arguments[0]) : nil
        case "open", "creat", "unlink", "mkdir", "rename": arguments.first.map { Self.path($0) }
        case "mmap": arguments.count > 4 ? Self.descriptor(arguments[4])?.path : nil
        default: arguments.first.flatMap { Self.descriptor($0)?.path }
        }
    }
}

/// What strace wrote down of one life of a host.
struct SystemCallTrace: Sendable {
    private(set) var calls: [TracedCall] = []
    /// Where each line ends in the file, bytes.
    private var ends: [Int] = []

    /// The calls that can change what is on a disk, and those that tell which file a descriptor is.
    static let writing = [
        "write", "writev", "pwrite64", "pwritev", "openat", "rename", "renameat", "renameat2", "unlink", "unlinkat",
        "mkdir", "ftruncate", "fallocate", "fsync", "fdatasync", "mmap", "flock", "fchmod",
    ]

    /// Why this machine cannot trace; nil when it can.
    static let refusal: String? = {
        do {
            let attempt = try runToEnd("strace", ["-D", "-f", "-q", "-o", "/dev/null", "true"])
            return attempt.status == 0 ? nil : "strace: \(attempt.errors.prefix { $0 != "\n" })"
        } catch {
            return "strace: \(error)"
        }
    }()

    // -D: the host is the child that was started, and strace its grandchild.
    // Of signals only the one that ends a host is written down.
    private static let strace = ["strace", "-D", "-f", "-q", "-e", "signal=kill"]

    /// Starts a host so that all of its calls are written down.
    static func recording(to file: String) -> [String] {
        // Nothing but these calls stops for strace.
        strace + [
            "--seccomp-bpf", "-y", "-xx", "-s", "4194304", "-o", file, "-e", "trace=\(writing.joined(separator: ","))",
        ]
    }

    /// Starts a host so that a thread of it is killed, and all with it, before its `ordinal`th call of that name on that path.
    static func killing(at point: KillPoint, in directory: String, to file: String) -> [String] {
        strace + [
            "-o", file, "-P", "\(directory)/\(point.path)", "-e", "trace=\(point.call)", "-e",
            "inject=\(point.call):signal=KILL:when=\(point.ordinal)",
        ]
    }

    /// Waits until strace has written all about a host that is gone, and reads it.
    ///
    /// - Parameter process: The host; nil when it died before anybody knew it: then the first process of the trace.
    init(of file: String, host process: pid_t?) throws {
        var text = ""
        let isWhole = eventually {
            text = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
            let host = process.map { "\($0)" } ?? String(text.prefix { $0 != " " })
            return text.hasSuffix("+++\n")
                && text.split(separator: "\n").contains { $0.hasPrefix("\(host) ") && $0.contains(" +++ ") }
        }
        guard isWhole else { throw TestFailure("strace has not written the end of the host into \(file)") }
        read(text)
    }

    /// How many lines of the trace were in its file when that had so many bytes.
    func line(at size: Int) -> Int { ends.partitioningIndex { $0 > size } }

    var lineCount: Int { ends.count }

    private mutating func read(_ text: String) {
        var offset = 0
        var unfinished: [Int: (text: Substring, line: Int)] = [:]
        for (number, line) in text.split(separator: "\n").enumerated() {
            offset += line.utf8.count + 1
            ends.append(offset)
            guard let space = line.firstIndex(of: " "), let thread = Int(line[..<space]) else { continue }
            let rest = line[space...].drop { $0 == " " }
            if rest.hasSuffix("<unfinished ...>") {
                unfinished[thread] = (rest.dropLast("<unfinished ...>".count), number)
            } else if rest.hasPrefix("<... "), let resumed = rest.range(of: " resumed>") {
                guard let begun = unfinished.removeValue(forKey: thread) else { continue }
                add(String(begun.text + rest[resumed.upperBound...]), thread, begun.line, number)
            } else {
                add(String(rest), thread, number, number)
            }
        }
    }

    private mutating func add(_ text: String, _ thread: Int, _ start: Int, _ end: Int) {
        // In hexadecimal arguments there is no parenthesis; behind the result there may be one.
        guard let open = text.firstIndex(of: "("), let close = text.firstIndex(of: ")"),
            let equals = text.range(of: "= ", range: close..<text.endIndex),
            // A call at which the process died has a question mark.
            let result = Int(text[equals.upperBound...].prefix { $0.isNumber || $0 == "-" })
        else { return }
        calls.append(
            TracedCall(
                thread: thread, name: String(text[..<open]),
                // The last one of a call that was interrupted by another's line has a blank behind it.
                arguments: text[text.index(after: open)..<close].components(separatedBy: ", ")
                    .map { $0.trimmingCharacters(in: .whitespaces) },
                result: result, start: start, end: end))
    }
}

extension Array {
    /// The index of the first element that fulfils a condition which all behind it fulfil too.
    func partitioningIndex(where isBehind: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// A moment in the life of a host at which it can be killed: before a thread's `ordinal`th call of a name on a path.
struct KillPoint: Hashable, Sendable, CustomStringConvertible {
    var call: String
    /// From the directory of the host's test on.
    var path: String
    var ordinal: Int

    var description: String { "\(call) \(ordinal) on \(path.split(separator: "/").last ?? "")" }
}
