// Finds the end of JSON text in the stream of the FIFO: brackets are counted outside strings, nothing else is
// judged here.

/// How far the JSON text under way has been read.
struct JSONProgress {
    /// Only brackets of the first one's kind are counted, so that a stray one of the other kind cannot hide
    /// the end.
    var opener = UInt8(ascii: "{")
    var closer = UInt8(ascii: "}")
    var depth = 0
    var inString = false
    var isEscaped = false
    var route = JSONRequest.Route.member
    /// Empty when the text is too large.
    var text: [UInt8] = []
    /// How many line feeds the text has.
    var lineNumber = 0
    /// Looks for the reply name in text that is not kept.
    var oversize: ReplyNameScanner?
}

extension FifoFramer {
    /// Where the JSON text ends that begins at `start`, if it is all there, on one line, and not too large: the ordinary request, which
    /// needs no memory of how far it has been read. Nil: `takeJSON` finds out.
    func endOfLineOfJSON(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let opener = bytes[start]
        let closer = opener == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
        let end = min(bytes.count, start + maximumSize)
        var depth = 0
        var index = start
        while index < end {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                while index < end, bytes[index] != UInt8(ascii: "\"") {
                    if bytes[index] == UInt8(ascii: "\\") { index += 1 }
                    guard index < end, bytes[index] != UInt8(ascii: "\n") else { return nil }
                    index += 1
                }
                index += 1
            } else if byte == opener {
                depth += 1
            } else if byte == closer {
                depth -= 1
                if depth == 0 { return index }
            } else if byte == UInt8(ascii: "\n") {
                return nil
            }
        }
        return nil
    }

    mutating func beginJSON(opener: UInt8, route: JSONRequest.Route) {
        reset()
        state = .json
        json.opener = opener
        json.closer = opener == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: "]")
        json.route = route
    }

    /// The header line turned out to be `:reply_name:{…`; the JSON begins at `start`.
    mutating func beginJSON(afterPrefix start: Int, _ emit: (FifoRequest) -> Void) {
        let header = line
        let colon = header[1...].firstIndex(of: UInt8(ascii: ":")) ?? start
        let name = Array(header[1..<colon])
        beginJSON(opener: header[start], route: .prefix(name.isEmpty ? nil : name))
        header.withUnsafeBytes { feed(UnsafeRawBufferPointer(rebasing: $0[start...]), emit: emit) }
    }

    mutating func takeJSON(_ bytes: UnsafeRawBufferPointer, _ emit: (FifoRequest) -> Void) -> Int {
        var kept = 0
        var index = 0
        while true {
            // Most bytes say nothing about the end.
            if !json.inString {
                index = endOfPlainText(in: bytes, from: index)
            } else if !json.isEscaped {
                index = endOfPlainString(in: bytes, from: index)
            }
            guard index < bytes.count else { break }
            let byte = bytes[index]
            index += 1
            if json.inString {
                if byte == UInt8(ascii: "\n") {
                    keepJSON(bytes[kept..<index - 1])
                    breakJSON(emit)
                    return index
                } else if json.isEscaped {
                    json.isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    json.isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    json.inString = false
                    if json.lineNumber > 0, lineLength + index - kept < 64, json.opener == UInt8(ascii: "{") {
                        keepJSON(bytes[kept..<index])
                        kept = index
                        if Self.startsJSONRequest(line) {
                            cutOffJSON(line, emit)
                            return index
                        }
                    }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): json.inString = true
            case json.opener: json.depth += 1
            case json.closer:
                json.depth -= 1
                guard json.depth == 0 else { continue }
                keepJSON(bytes[kept..<index])
                finishJSON(emit)
                return index
            case UInt8(ascii: "\n"):
                keepJSON(bytes[kept..<index - 1])
                if json.lineNumber > 0, lineLength < Self.probeSize,
                    line.first == UInt8(ascii: ":"), Self.isHeader(line) || Self.startsJSONRequest(line)
                {
                    cutOffJSON(line + [byte], emit)
                    return index
                }
                keepJSON(bytes[(index - 1)..<index])
                kept = index
                json.lineNumber += 1
                clearLine()
            default: break
            }
        }
        keepJSON(bytes[kept...])
        return bytes.count
    }

    /// The first byte at or after `start` that matters inside a string: a quote, a backslash or a line feed.
    private func endOfPlainString(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "\n") { break }
            index += 1
        }
        return index
    }

    /// The first byte at or after `start` that matters outside strings: a quote, a bracket that counts or a line feed.
    private func endOfPlainText(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let opener = json.opener
        let closer = json.closer
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") || byte == opener || byte == closer || byte == UInt8(ascii: "\n") { break }
            index += 1
        }
        return index
    }

    /// Keeps part of the text, or only what it says of the reply name once the text is too large.
    private mutating func keepJSON(_ part: Slice<UnsafeRawBufferPointer>) {
        size += part.count
        // The first line began this request; it cannot begin another one.
        if json.lineNumber > 0, lineLength < Self.probeSize {
            line.append(contentsOf: part.prefix(Self.probeSize - lineLength))
            lineLength = min(lineLength + part.count, Self.probeSize)
        }
        if json.oversize == nil, size > maximumSize {
            json.oversize = ReplyNameScanner()
            json.oversize?.feed(json.text)
            json.text = []
        }
        if json.oversize == nil {
            json.text.append(contentsOf: part)
        } else {
            json.oversize?.feed(part)
        }
    }

    private func handOverJSON(_ text: [UInt8], isBroken: Bool, _ emit: (FifoRequest) -> Void) {
        if json.oversize != nil {
            emit(.refused(Refusal(framing: .json, replyName: jsonReplyName, code: 413, text: tooLarge)))
        } else {
            emit(.json(JSONRequest(text: text, route: json.route, isBroken: isBroken)))
        }
    }

    private mutating func finishJSON(_ emit: (FifoRequest) -> Void) {
        handOverJSON(json.text, isBroken: false, emit)
        reset()
    }

    /// A line feed inside a string: the text ends here, and is no JSON. A whole request of another client may
    /// stand at its end, after one that was left in the middle of a string.
    private mutating func breakJSON(_ emit: (FifoRequest) -> Void) {
        let text = json.text
        if json.oversize == nil, json.opener == UInt8(ascii: "{"), let start = Self.lastJSONStart(in: text),
            start > 0
        {
            handOverJSON(Array(text[..<start]), isBroken: true, emit)
            restart(Array(text[start...]) + [UInt8(ascii: "\n")], emit)
        } else {
            handOverJSON(text, isBroken: true, emit)
            reset()
        }
    }

    /// The current line begins another request: this one was left unfinished.
    private mutating func cutOffJSON(_ next: [UInt8], _ emit: (FifoRequest) -> Void) {
        handOverJSON(Array(json.text.dropLast(lineLength)), isBroken: true, emit)
        restart(next, emit)
    }

    mutating func expireJSON(_ emit: (FifoRequest) -> Void) {
        emit(
            .refused(
                Refusal(
                    framing: .json, replyName: jsonReplyName, code: json.oversize == nil ? 408 : 413,
                    text: json.oversize == nil
                        ? "request not finished in time: expected the closing '\(Character(Unicode.Scalar(json.closer)))'"
                        : tooLarge)))
    }

    private var jsonReplyName: [UInt8]? {
        switch json.route {
        case .prefix(let name): name
        case .member: json.oversize.map(\.found) ?? ReplyNameScanner.find(in: json.text)
        }
    }
}
