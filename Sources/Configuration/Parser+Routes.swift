// Route blocks: the head is parsed, the body is collected with its braces balanced.

extension Parser {
    /// `request_route { … }`, `route[NAME] { … }` and their like.
    mutating func route(_ keyword: Route.Kind) throws(Abandoned) -> Statement? {
        let start = current
        advance()
        let name = try routeName(keyword)
        let kind = keyword == .named && name == nil ? .request : keyword
        let opening = current
        guard take(.leftBrace) else {
            let label = name.map { "\(keyword.rawValue)[\($0)]" } ?? keyword.rawValue
            throw unexpected("'{' after '\(label)'")
        }
        let first = index
        guard let closing = passBody(of: opening) else { return nil }
        return .route(
            Route(
                kind: kind, name: name, location: start.location, openingBrace: opening.location,
                closingBrace: closing.location, body: tokens(from: first, to: index - 1)))
    }

    /// The name in brackets, nil where there is none and none is needed.
    private mutating func routeName(_ keyword: Route.Kind) throws(Abandoned) -> LocatedString? {
        let bracket = current
        let form = "\(keyword.rawValue)[\(keyword == .event ? "module:event" : "NAME")]"
        switch keyword {
        case .request, .reply, .onSend:
            guard bracket.is(.leftBracket) else { return nil }
            throw unexpected("'{': a \(keyword.rawValue) has no name")
        case .failure, .branch, .event:
            guard bracket.is(.leftBracket) else {
                throw unexpected("a name in brackets", hint: "write \(form) { … }")
            }
        case .named, .onReply:
            guard bracket.is(.leftBracket) else { return nil }
        }
        advance()
        let first = current
        var text = ""
        while !current.is(.rightBracket) {
            let token = current
            switch token.kind {
            case .identifier, .integer, .quantity, .malformedNumber: text += token.spelling
            case .symbol(.colon) where keyword == .event, .symbol(.minus): text += token.spelling
            case .string(let string)
            where text.isEmpty && string.text?.isEmpty == false && peek(1).is(.rightBracket):
                text = string.description
            default:
                throw unexpected(text.isEmpty ? "the route's name" : "']' after the route's name '\(text)'")
            }
            guard token.isAdjacent || token.location == first.location else {
                throw unexpected("']' after the route's name '\(text.dropLast(token.spelling.count))'")
            }
            advance()
        }
        guard !text.isEmpty else { throw unexpected("the route's name", hint: "write \(form) { … }") }
        if keyword == .event, text.split(separator: ":", omittingEmptySubsequences: false).count < 2 {
            throw error(
                at: first, "found the event name '\(text)', expected module:event",
                hint: "write event_route[\(text):event] { … }")
        }
        advance()
        return LocatedString(text, at: first.location)
    }

    /// Passes a body up to and with the `}` that closes it, and returns that; nil, and an error that points at the
    /// brace, when there is none. A line that can only begin another block or statement of the top level ends the
    /// search, so that one lost brace does not swallow the rest of the file.
    mutating func passBody(of opening: Token) -> Token? {
        var open = [opening]
        let start = index
        while current.kind != .endOfFile {
            let token = current
            if token.startsLine, index > start, beginsTopLevel() {
                reportUnclosed(open, before: token)
                return nil
            }
            advance()
            if token.is(.leftBrace) {
                open.append(token)
            } else if token.is(.rightBrace) {
                open.removeLast()
                if open.isEmpty { return token }
            }
        }
        reportUnclosed(open, before: current)
        return nil
    }

    /// Whether the token at hand begins what no route's body can hold.
    func beginsTopLevel() -> Bool {
        guard case .identifier(let word) = current.kind, beginsStatement(at: 0) else { return false }
        return Route.Kind(rawValue: word) != nil || Self.keywords.contains(word)
    }

    private func reportUnclosed(_ open: [Token], before end: Token) {
        guard let opening = open.first else { return }
        let place =
            end.kind == .endOfFile
            ? "the end of the file" : "\(end.summary) on line \(end.location.line)"
        _ = error(at: opening, "found '{' that is never closed, expected '}' before \(place)")
        if let inner = open.last, open.count > 1 {
            log.note(at: inner.location, "of \(open.count) open braces this is the last")
        }
    }
}
