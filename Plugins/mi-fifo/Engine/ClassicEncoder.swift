// Writes a reply as the classic text protocol's tree (Kamailio 4's mi_fifo, OpenSIPS 2's): one node a line,
// closed by an empty line. Pure; the bytes gather in `output`.

import ModuleABI
import ModuleKit

/// Encodes the events of one reply as text.
///
///     200 OK
///     name:: value
///     list::␠
///     →element
///     Process::  ID=0 PID=8756
///
///
/// - A map or list with a name is a node of its own; what it holds stands one `indent` deeper. The reply
///   itself has no node.
/// - A map with `MH_MI_ATTRIBUTES` has its scalars on its own line, each as ` name=value`.
/// - An unnamed scalar that comes first in a named map is the node's value: `Entry:: 3` with its members
///   below.
/// - An unnamed map in a list has its first scalar for a node and the rest below it.
/// - Booleans are 1 and 0, null is empty, floating-point numbers take the shortest form that reads back the
///   same, durations are seconds, times microseconds.
/// - Text goes out raw, line feeds included, except that a line that would be empty gets a single space: an
///   empty line is the end of a reply.
struct ClassicEncoder {
    private struct Container {
        var indent: Int
        var isMap: Bool
        var hasAttributes = false
        /// The node's line is still open: a value or attributes may follow on it.
        var lineIsOpen = false
        /// A map in a list without a name, whose first scalar becomes its node.
        var lacksNode = false
        /// Nothing has been written into it.
        var isFresh = true
    }

    /// The encoded bytes that nobody has taken yet.
    private(set) var output: [UInt8] = []

    private let indent: [UInt8]
    private var containers: [Container] = []
    private var hasBegun = false
    /// Whether the line being written has a byte other than carriage returns.
    private var lineHasText = false

    init(indent: [UInt8]) { self.indent = indent }

    /// Takes one event of a reply.
    mutating func take(_ event: mh_mi_event) {
        begin()
        switch event.kind {
        case MH_MI_EVENT_MAP: open(event, isMap: true)
        case MH_MI_EVENT_LIST: open(event, isMap: false)
        case MH_MI_EVENT_VALUE: scalar(event.name, event.value)
        case MH_MI_EVENT_END: close()
        default: break
        }
    }

    /// Closes a reply that went well.
    mutating func finish() {
        begin()
        while !containers.isEmpty { close() }
        output.append(UInt8(ascii: "\n"))
    }

    /// Closes a reply of which part has gone out already and that cannot be completed: the reason is its last
    /// node.
    mutating func cut(code: Int32, text: String) {
        while !containers.isEmpty { close() }
        if lineHasText { endLine() }
        put("Error:: \(code) \(Self.oneLine(text))".utf8)
        endLine()
        output.append(UInt8(ascii: "\n"))
    }

    /// A reply that is an error alone.
    static func error(code: Int32, text: String) -> [UInt8] { Array("\(code) \(oneLine(text))\n\n".utf8) }

    /// Hands over what has been encoded so far.
    mutating func takeOutput() -> [UInt8] {
        let bytes = output
        output = []
        return bytes
    }

    private static func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 == 0x0a || $0 == 0x0d ? 0x20 : $0 }, as: UTF8.self)
    }

    // MARK: The tree

    private mutating func begin() {
        guard !hasBegun else { return }
        hasBegun = true
        output += "200 OK\n".utf8
    }

    private mutating func open(_ event: mh_mi_event, isMap: Bool) {
        guard let parent = containers.last else {
            containers.append(Container(indent: 0, isMap: isMap))
            return
        }
        var inner = Container(indent: parent.indent, isMap: isMap)
        let name = event.name.bytes
        startNode()
        inner.hasAttributes = isMap && event.flags & MH_MI_ATTRIBUTES != 0
        if !name.isEmpty || inner.hasAttributes {
            putIndent(parent.indent)
            put(name)
            if !name.isEmpty { put(":: ".utf8) }
            inner.indent += 1
            inner.lineIsOpen = true
        } else {
            inner.lacksNode = isMap
            inner.indent += isMap ? 0 : 1
        }
        containers.append(inner)
    }

    private mutating func close() {
        endOpenLine()
        _ = containers.popLast()
    }

    private mutating func scalar(_ name: mh_str, _ value: mh_value) {
        if value.type == MH_LIST {
            var list = mh_mi_event()
            list.name = name
            open(list, isMap: false)
            for element in value.as.list.map(as: mh_value.self, { $0 }) { scalar(mh_str(), element) }
            close()
            return
        }
        guard let top = containers.indices.last else {
            node(name, value, indent: 0)
            return
        }
        let container = containers[top]
        if container.lineIsOpen, container.isFresh, container.isMap, name.bytes.isEmpty {
            containers[top].isFresh = false
            put(value)
            return
        }
        if container.lineIsOpen, container.hasAttributes {
            containers[top].isFresh = false
            put(" ".utf8)
            put(name.bytes)
            put("=".utf8)
            put(value)
            return
        }
        startNode()
        node(name, value, indent: container.indent)
        if container.lacksNode, container.isFresh { containers[top].indent += 1 }
    }

    /// A node follows inside the innermost container.
    private mutating func startNode() {
        endOpenLine()
        guard let top = containers.indices.last else { return }
        containers[top].isFresh = false
    }

    private mutating func endOpenLine() {
        guard let top = containers.indices.last, containers[top].lineIsOpen else { return }
        containers[top].lineIsOpen = false
        endLine()
    }

    private mutating func node(_ name: mh_str, _ value: mh_value, indent: Int) {
        putIndent(indent)
        if !name.bytes.isEmpty {
            put(name.bytes)
            put(":: ".utf8)
        }
        put(value)
        endLine()
    }

    // MARK: Bytes

    private mutating func putIndent(_ depth: Int) {
        for _ in 0..<depth { put(indent) }
    }

    private mutating func put(_ value: mh_value) {
        switch value.type {
        case MH_STRING, MH_BLOB: put(value.as.text.bytes)
        case MH_BOOL: put(value.as.integer != 0 ? "1".utf8 : "0".utf8)
        case MH_INT, MH_TIME, MH_SIZE: put(String(value.as.integer).utf8)
        case MH_FLOAT: put(Self.shortest(value.as.real).utf8)
        case MH_DURATION: put(Self.shortest(Double(value.as.integer) / 1e9).utf8)
        default: break
        }
    }

    /// The shortest text that reads back as the same number; whole numbers have no fraction.
    static func shortest(_ number: Double) -> String {
        let text = number.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private mutating func put(_ bytes: some Collection<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                endLine()
            } else {
                if byte != UInt8(ascii: "\r") { lineHasText = true }
                output.append(byte)
            }
        }
    }

    private mutating func endLine() {
        if !lineHasText { output.append(UInt8(ascii: " ")) }
        output.append(UInt8(ascii: "\n"))
        lineHasText = false
    }
}
