// A folder as a disk may hold it after a loss of power, rebuilt from the system calls of the host that wrote it: what was synced is there, and of
// the rest what the disk is said to have got to.
import TestSupport

/// The history of a folder's files and directories.
struct DiskImage {
    /// What became of writes behind a file's last sync.
    enum UnsyncedData: Hashable, CaseIterable {
        case dropped
        case kept
        /// The sizes got to the disk, the bytes did not: zeros.
        case zeros
    }

    private enum Change {
        case write([UInt8], at: Int)
        case append([UInt8])
        case resize(Int)
        case grow(to: Int)
        case link(String, Node)
        case unlink(String)
        case move(String, to: String)
    }

    /// A file or a directory.
    private final class Node {
        let isDirectory: Bool
        /// With the line at which each was done.
        var changes: [(line: Int, change: Change)] = []
        /// First and last line of each sync.
        var syncs: [ClosedRange<Int>] = []
        /// What a directory holds now, for following paths.
        var entries: [String: Node] = [:]

        init(isDirectory: Bool) { self.isDirectory = isDirectory }

        /// The changes up to a line, those that a sync covers and those that none does.
        func changes(upTo line: Int) -> (
            synced: ArraySlice<(line: Int, change: Change)>, rest: ArraySlice<(line: Int, change: Change)>
        ) {
            let done = changes.prefix { $0.line < line }
            // A sync covers what was done before it began.
            let start = syncs.last { $0.upperBound < line }?.lowerBound ?? -1
            let synced = done.prefix { $0.line < start }
            return (synced, done.dropFirst(synced.count))
        }
    }

    private let root = Node(isDirectory: true)
    private let rootPath: String
    private var open: [Int: Node] = [:]
    /// Lines behind each of which the disk differs.
    private(set) var lines: [Int] = []

    /// Follows the calls of one or more hosts.
    ///
    /// - Parameter moves: Files of the folder that the tests renamed, and the line of the trace at which they did.
    init(_ calls: [TracedCall], root path: String, moves: [(line: Int, from: String, to: String)]) throws {
        rootPath = path
        var moves = moves[...]
        for call in calls where call.result >= 0 {
            while let move = moves.first, move.line <= call.end {
                moved(move.from, to: move.to, at: move.line)
                moves.removeFirst()
            }
            try apply(call)
        }
    }

    // MARK: From calls to changes

    private func node(_ path: String) -> Node? {
        guard path == rootPath || path.hasPrefix(rootPath + "/") else { return nil }
        var node = root
        for part in path.dropFirst(rootPath.count).split(separator: "/") {
            guard let next = node.entries[String(part)] else { return nil }
            node = next
        }
        return node
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private mutating func change(_ node: Node, _ change: Change, _ call: TracedCall) {
        node.changes.append((call.end, change))
        lines.append(call.end)
    }

    private mutating func link(_ path: String, _ node: Node, _ call: TracedCall) {
        let (directory, name) = Self.split(path)
        guard let parent = self.node(directory) else { return }
        parent.entries[name] = node
        change(parent, .link(name, node), call)
    }

    private mutating func apply(_ call: TracedCall) throws {
        let arguments = call.arguments
        func number(_ index: Int) -> Int { index < arguments.count ? Int(arguments[index]) ?? 0 : 0 }
        // A number that belonged to a file may be a socket's by now.
        var target: Node? {
            guard let found = arguments.first.flatMap({ TracedCall.descriptor($0) }), found.path.hasPrefix(rootPath) else {
                return nil
            }
            return open[found.number]
        }
        switch call.name {
        case "openat":
            guard let path = call.subject, arguments.count > 2 else { return }
            var found = node(path)
            if found == nil, arguments[2].contains("O_CREAT"), path.hasPrefix(rootPath + "/") {
                let new = Node(isDirectory: false)
                link(path, new, call)
                found = new
            }
            if let found, arguments[2].contains("O_TRUNC") { change(found, .resize(0), call) }
            open[call.result] = found
        case "write":
            guard let target, arguments.count > 1 else { return }
            change(target, .append(Array(TracedCall.bytes(arguments[1]).prefix(call.result))), call)
        case "pwrite64":
            guard let target, arguments.count > 3 else { return }
            change(target, .write(Array(TracedCall.bytes(arguments[1]).prefix(call.result)), at: number(3)), call)
        case "writev", "pwritev", "unlinkat", "renameat", "renameat2":
            guard let path = call.subject, path.hasPrefix(rootPath + "/") else { return }
            throw TestFailure("\(call.name) on \(path): the model of the disk does not know this call")
        case "ftruncate": if let target { change(target, .resize(number(1)), call) }
        case "fallocate": if let target { change(target, .grow(to: number(2) + number(3)), call) }
        case "fsync", "fdatasync":
            guard let target else { return }
            target.syncs.append(call.start...call.end)
            lines.append(call.end)
        case "mkdir":
            guard let path = call.subject, path.hasPrefix(rootPath + "/") else { return }
            link(path, Node(isDirectory: true), call)
        case "unlink":
            guard let path = call.subject, node(path) != nil else { return }
            let (directory, name) = Self.split(path)
            guard let parent = node(directory) else { return }
            parent.entries[name] = nil
            change(parent, .unlink(name), call)
        case "rename":
            guard arguments.count > 1, let path = call.subject, let moved = node(path) else { return }
            let (from, oldName) = Self.split(path)
            let (to, newName) = Self.split(TracedCall.path(arguments[1]))
            guard from == to, let parent = node(from) else {
                throw TestFailure("\(path) moves to another directory: the model of the disk does not know that")
            }
            parent.entries[oldName] = nil
            parent.entries[newName] = moved
            change(parent, .move(oldName, to: newName), call)
        default: break
        }
    }

    private mutating func moved(_ name: String, to newName: String, at line: Int) {
        guard let node = root.entries.removeValue(forKey: name) else { return }
        root.entries[newName] = node
        root.changes.append((line, .move(name, to: newName)))
    }

    // MARK: The disk after a loss of power

    /// Every file and directory by its path in the folder; nil content: a directory.
    typealias Content = [String: [UInt8]?]

    /// What the disk holds when the power went behind the call that ended at a line.
    ///
    /// - Parameter keepsNames: Whether new names, renames and removals got to the disk that no sync of their directory covers.
    func content(behind line: Int, _ data: UnsyncedData, keepsNames: Bool) -> Content {
        var content: Content = [:]
        func collect(_ node: Node, _ path: String) {
            let (synced, rest) = node.changes(upTo: line + 1)
            guard node.isDirectory else {
                content[path] = Self.bytes(synced.map(\.change), rest.map(\.change), data)
                return
            }
            if !path.isEmpty { content[path] = .some(nil) }
            var entries: [String: Node] = [:]
            for (_, change) in keepsNames ? synced + rest : synced {
                switch change {
                case .link(let name, let node): entries[name] = node
                case .unlink(let name): entries[name] = nil
                case .move(let name, let newName): entries[newName] = entries.removeValue(forKey: name) ?? entries[newName]
                default: break
                }
            }
            for (name, node) in entries { collect(node, path.isEmpty ? name : "\(path)/\(name)") }
        }
        collect(root, "")
        return content
    }

    private static func bytes(_ synced: [Change], _ rest: [Change], _ data: UnsyncedData) -> [UInt8] {
        var bytes: [UInt8] = []
        func write(_ new: [UInt8], at offset: Int) {
            if bytes.count < offset + new.count {
                bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<(offset + new.count), with: new)
        }
        func apply(_ change: Change) {
            switch change {
            case .write(let new, let offset): write(new, at: offset)
            case .append(let new): write(new, at: bytes.count)
            case .resize(let size):
                if size < bytes.count { bytes.removeLast(bytes.count - size) } else { grow(to: size) }
            case .grow(let size): grow(to: size)
            default: break
            }
        }
        func grow(to size: Int) {
            if size > bytes.count { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
        }
        synced.forEach(apply)
        switch data {
        case .dropped: break
        case .kept: rest.forEach(apply)
        case .zeros:
            let old = bytes
            rest.forEach(apply)
            // What lay there before stays; what came since is zeros.
            let size = bytes.count
            bytes = Array(old.prefix(size))
            grow(to: size)
        }
        return bytes
    }
}
