// Cuts the byte stream of the FIFO into requests. Pure: no system call, no clock; it holds at most one
// request of `maximumSize` bytes and looks at each byte once, so that the outcome does not depend on how the
// bytes were split.

import Glibc

/// Tells the three framings apart by their first bytes and finds where each request ends.
///
/// - `:command:reply_name` LF, argument lines, an empty line (Kamailio 4 and older, OpenSIPS 2);
/// - `{…}` or `[…]`, ended by the bracket that closes the first one (Kamailio 5 and later);
/// - `:reply_name:{…}` (OpenSIPS 3).
///
/// Bytes of several requests may come in one piece, and one request in many. Lines may end in CR LF. Where a
/// request is malformed, cut short or too large, reading starts again at its end: the empty line of a classic
/// request; for JSON the closing bracket, or a line feed inside a string, which JSON does not allow. A line
/// that can only be the start of another request, `:command:reply_name` or `{"jsonrpc"`, ends an unfinished
/// one as well, unless quotes are open.
public struct FifoFramer {
    enum State { case idle, header, arguments, skip, noise, json }

    /// The most bytes that one request may have, 1 or more.
    public let maximumSize: Int

    /// How much of a line is kept to tell what it is when the line itself is not kept.
    static let probeSize = 512

    var state = State.idle
    /// Bytes of the current request so far.
    var size = 0
    /// The current line so far, without its line feed; in `skip`, `noise` and `json` only its first
    /// `probeSize` bytes.
    var line: [UInt8] = []
    var lineLength = 0

    private var classic = ClassicRequest(command: [])
    private var reader = ArgumentReader()
    private var problem: String?
    private var lineNumber = 0
    /// How far the header line has been looked at, where its second colon is, and whether no JSON follows
    /// that.
    private var headerSeen = 0
    private var headerColon: Int?
    private var headerIsClassic = false
    private var hasReportedStray = false
    var json = JSONProgress()

    public init(maximumSize: Int) {
        precondition(maximumSize > 0, "a request has at least one byte")
        self.maximumSize = maximumSize
    }

    /// True in the middle of a request (or of something that is being skipped): more bytes are expected soon.
    public var isPartial: Bool { state != .idle }

    /// Takes the next bytes and hands out what is complete.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, emit: (FifoRequest) -> Void) {
        var rest = bytes
        while !rest.isEmpty {
            let taken: Int
            switch state {
            case .idle: taken = takeIdle(rest, emit)
            case .header: taken = takeHeader(rest, emit)
            case .arguments: taken = takeArguments(rest, emit)
            case .skip: taken = takeSkipped(rest, emit)
            case .noise: taken = takeNoise(rest, emit)
            case .json: taken = takeJSON(rest, emit)
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
        }
    }

    /// Gives up the request that is under way, because its sender has been silent for too long.
    public mutating func expire(emit: (FifoRequest) -> Void) {
        let was = state
        let seen = line
        defer { reset() }
        switch was {
        case .idle, .skip: break
        case .header:
            emit(
                .refused(
                    Refusal(
                        framing: .classic, replyName: nil, code: 408,
                        text:
                            "request not finished in time: found \(quoted(seen)), expected the end of the line"
                    )))
        case .arguments:
            refuseClassic(
                408,
                "command \(quoted(classic.command)) not finished in time: expected an empty line after its arguments",
                emit)
        case .noise: reportNoise(seen, emit)
        case .json: expireJSON(emit)
        }
    }

    mutating func reset() {
        if state == .json { json = JSONProgress() }
        state = .idle
        size = 0
        clearLine()
        problem = nil
        reader = ArgumentReader()
        if !classic.arguments.isEmpty { classic.arguments = [] }
        headerSeen = 0
        headerColon = nil
        headerIsClassic = false
    }

    /// Begins a new line; an ordinary line's memory is used again, a huge one's is given back.
    mutating func clearLine() {
        line.removeAll(keepingCapacity: line.capacity <= 4096)
        lineLength = 0
    }

    /// Reads bytes again that turned out to begin another request.
    mutating func restart(_ bytes: [UInt8], _ emit: (FifoRequest) -> Void) {
        reset()
        bytes.withUnsafeBytes { feed($0, emit: emit) }
    }

    // MARK: Between requests

    private mutating func takeIdle(_ bytes: UnsafeRawBufferPointer, _ emit: (FifoRequest) -> Void) -> Int {
        for index in bytes.indices {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\n"): hasReportedStray = false
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): break
            case UInt8(ascii: ":"):
                hasReportedStray = false
                state = .header
                return index
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                hasReportedStray = false
                if let end = endOfLineOfJSON(in: bytes, from: index) {
                    emit(.json(JSONRequest(text: Array(UnsafeRawBufferPointer(rebasing: bytes[index..<end])))))
                    return end
                }
                beginJSON(opener: byte, route: .member)
                return index
            case UInt8(ascii: "}"), UInt8(ascii: "]"), 0..<0x20, 0x7f:
                // One report for a run of them; what follows is a request again.
                if !hasReportedStray { reportNoise([byte], emit) }
                hasReportedStray = true
            default:
                state = .noise
                return index
            }
        }
        return bytes.count
    }

    private mutating func takeNoise(_ bytes: UnsafeRawBufferPointer, _ emit: (FifoRequest) -> Void) -> Int {
        let isProbed = lineLength >= Self.probeSize
        let (taken, ended) = takeProbe(bytes)
        if !isProbed, let start = Self.firstJSONStart(in: line) {
            let request = Array(line[start...])
            reportNoise(line[..<start], emit)
            restart(request, emit)
        } else if ended {
            reportNoise(line, emit)
            reset()
            return taken + 1
        }
        return taken
    }

    func reportNoise(_ bytes: some Collection<UInt8>, _ emit: (FifoRequest) -> Void) {
        emit(
            .refused(
                Refusal(
                    framing: .classic, replyName: nil, code: 400,
                    text: "found \(quoted(bytes)), expected ':command:reply_name' or a JSON object")))
    }

    // MARK: Classic text

    private mutating func takeHeader(_ bytes: UnsafeRawBufferPointer, _ emit: (FifoRequest) -> Void) -> Int {
        let (taken, end) = keepLine(bytes)
        if let start = seekJSONInHeader() {
            beginJSON(afterPrefix: start, emit)
            return taken
        }
        switch end {
        case .notYet: return taken
        case .tooLarge:
            emit(.refused(Refusal(framing: .classic, replyName: nil, code: 413, text: tooLarge)))
            state = .skip
            skipLine()
            return taken
        case .here:
            headerEnded(emit)
            return taken + 1
        }
    }

    /// Looks at the bytes of the header line that are new: where the JSON begins in `:reply_name:{…`.
    private mutating func seekJSONInHeader() -> Int? {
        while headerSeen < line.count, !headerIsClassic {
            let index = headerSeen
            headerSeen += 1
            if headerColon == nil {
                if index > 0, line[index] == UInt8(ascii: ":") { headerColon = index }
            } else if line[index] == UInt8(ascii: "{") || line[index] == UInt8(ascii: "[") {
                return index
            } else if line[index] != UInt8(ascii: " "), line[index] != UInt8(ascii: "\t") {
                headerIsClassic = true
            }
        }
        return nil
    }

    private mutating func headerEnded(_ emit: (FifoRequest) -> Void) {
        if let start = Self.firstJSONStart(in: line) {
            let request = Array(line[start...]) + [UInt8(ascii: "\n")]
            reportNoise(line[..<start], emit)
            restart(request, emit)
            return
        }
        var end = line.count
        while end > 0, isBlank(line[end - 1]) { end -= 1 }
        size += 1
        lineNumber = 1
        if let colon = headerColon, colon > 1, colon < end {
            classic = ClassicRequest(
                command: Array(line[1..<colon]),
                replyName: colon + 1 < end ? Array(line[(colon + 1)..<end]) : nil)
            state = .arguments
        } else {
            let name = headerColon.map { Array(line[min($0 + 1, end)..<end]) } ?? []
            classic = ClassicRequest(command: [], replyName: name.isEmpty ? nil : name)
            refuseClassic(
                400, "parse error: found \(quoted(line[..<end])), expected ':command:reply_name'", emit)
            state = .skip
        }
        clearLine()
    }

    private mutating func takeArguments(
        _ bytes: UnsafeRawBufferPointer, _ emit: (FifoRequest) -> Void
    ) -> Int {
        let before = lineLength
        let (taken, end) = keepLine(bytes)
        if before < Self.probeSize, !reader.isInQuotes, Self.startsJSONRequest(line) {
            cutOff(emit)
            return taken
        }
        switch end {
        case .notYet: return taken
        case .tooLarge:
            refuseClassic(413, tooLarge, emit)
            state = .skip
            if lineLength >= Self.probeSize { skipLine() }
            return taken
        case .here:
            size += 1
            argumentEnded(emit)
            return taken + 1
        }
    }

    private mutating func argumentEnded(_ emit: (FifoRequest) -> Void) {
        lineNumber += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if line.isEmpty {
            finishClassic(emit)
            return
        }
        if !reader.isInQuotes, Self.isHeader(line) {
            line.append(UInt8(ascii: "\n"))
            cutOff(emit)
            return
        }
        if problem == nil, reader.isInQuotes || !line.allSatisfy(isBlank) {
            switch reader.take(line[...]) {
            case .argument(let argument): classic.arguments.append(argument)
            case .unfinished: break
            case .invalid(let reason): problem = "line \(lineNumber): \(reason)"
            }
        }
        clearLine()
    }

    private mutating func finishClassic(_ emit: (FifoRequest) -> Void) {
        if reader.isInQuotes {
            problem = "line \(lineNumber): found an empty line, expected the closing quote"
        }
        if let problem {
            refuseClassic(400, "parse error in command \(quoted(classic.command)): \(problem)", emit)
        } else {
            emit(.classic(classic))
        }
        reset()
    }

    /// The line that was read begins another request: this one had no empty line at its end.
    private mutating func cutOff(_ emit: (FifoRequest) -> Void) {
        refuseClassic(
            400,
            "parse error in command \(quoted(classic.command)): found the start of another request, expected an empty "
                + "line first; put an argument that looks like that in quotes", emit)
        restart(line, emit)
    }

    private func refuseClassic(_ code: Int32, _ text: String, _ emit: (FifoRequest) -> Void) {
        emit(.refused(Refusal(framing: .classic, replyName: classic.replyName, code: code, text: text)))
    }

    var tooLarge: String { "request too large: more than \(maximumSize) bytes (max_request)" }

    // MARK: What is left of a malformed or too large classic request

    /// Whatever follows in the current line starts nothing.
    private mutating func skipLine() {
        line = []
        lineLength = Self.probeSize
    }

    private mutating func takeSkipped(_ bytes: UnsafeRawBufferPointer, _ emit: (FifoRequest) -> Void) -> Int {
        let isProbed = lineLength >= Self.probeSize
        let (taken, ended) = takeProbe(bytes)
        if !isProbed, Self.startsJSONRequest(line) {
            restart(line, emit)
            return taken
        }
        guard ended else { return taken }
        let isWhole = lineLength < Self.probeSize
        if isWhole, line.isEmpty || line == [UInt8(ascii: "\r")] {
            reset()
        } else if isWhole, Self.isHeader(line) {
            restart(line + [UInt8(ascii: "\n")], emit)
        } else {
            clearLine()
        }
        return taken + 1
    }

    // MARK: Lines

    func lineEnd(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, 0x0a, bytes.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    private enum LineEnd { case notYet, here, tooLarge }

    /// Takes bytes of the current line for as long as it and its line feed fit into the request.
    private mutating func keepLine(_ bytes: UnsafeRawBufferPointer) -> (taken: Int, end: LineEnd) {
        let found = lineEnd(in: bytes)
        let wanted = found ?? bytes.count
        let room = maximumSize - 1 - size
        let taken = min(wanted, max(room, 0))
        line.append(contentsOf: bytes[..<taken])
        lineLength += taken
        size += taken
        if taken < wanted || room < 0 { return (taken, .tooLarge) }
        return (taken, found == nil ? .notYet : .here)
    }

    /// Takes bytes of the current line, stopping once where the probe is full; `ended`: its line feed comes
    /// next.
    private mutating func takeProbe(_ bytes: UnsafeRawBufferPointer) -> (taken: Int, ended: Bool) {
        let end = lineEnd(in: bytes)
        var taken = end ?? bytes.count
        if lineLength < Self.probeSize {
            taken = min(taken, Self.probeSize - lineLength)
            line.append(contentsOf: bytes[..<taken])
        }
        lineLength = min(lineLength + taken, Self.probeSize)
        return (taken, taken == end)
    }
}
