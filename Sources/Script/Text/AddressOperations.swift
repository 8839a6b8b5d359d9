// The classes `nameaddr` (`"Al" <sip:al@example.com>`) and `uri` (SIP and tel URIs), as RFC 3261 writes them.

extension TextOperations {
    /// `{nameaddr.…}`
    static let nameAddress = TextOperations(
        name: "nameaddr",
        [
            .text("name") { text, _ in .text(NameAddress(text).name) },
            .text("uri") { text, _ in .text(NameAddress(text).uri) },
            .text("len") { text, _ in .integer(Int64(NameAddress(text).length)) },
        ])

    /// `{uri.…}`
    static let uri = TextOperations(
        name: "uri",
        [
            .text("user") { text, _ in .text(try SIPURI(text).user ?? []) },
            .text("host") { text, _ in .text(try SIPURI(text).host) },
            .text("domain") { text, _ in .text(try SIPURI(text).host) },
            .text("passwd") { text, _ in .text(try SIPURI(text).password ?? []) },
            .text("port") { text, _ in try SIPURI(text).port.map { .integer($0) } ?? "" },
            .text("params") { text, _ in .text(try SIPURI(text).parameters) },
            .text("param", .text) { text, arguments in .text(try SIPURI(text).parameter(arguments.text(0)) ?? []) },
            .text("headers") { text, _ in .text(try SIPURI(text).headers) },
            .text("scheme") { text, _ in .text(try SIPURI(text).scheme) },
            parameter("transport"), parameter("ttl"), parameter("uparam", of: "user"), parameter("maddr"),
            parameter("method"), parameter("lr"), parameter("r2"),
            .text("tosocket") { text, _ in
                let uri = try SIPURI(text)
                guard let transport = uri.parameter(Array("transport".utf8)), !transport.isEmpty else { return "" }
                return .text(lowerCase(transport) + Array(":".utf8) + uri.host + uri.portText)
            },
            .text("duri") { text, _ in .text(try SIPURI(text).written(user: false, route: true)) },
            .text("saor") { text, _ in .text(try SIPURI(text).written(user: true, route: false)) },
            .text("suri") { text, _ in .text(try SIPURI(text).written(user: true, route: true)) },
        ])

    private static func parameter(_ name: String, of written: String? = nil) -> TextOperation {
        let wanted = Array((written ?? name).utf8)
        return .text(name) { text, _ in .text(try SIPURI(text).parameter(wanted) ?? []) }
    }
}

/// The parts of a name and an address.
struct NameAddress {
    /// What stands before `<`, quotes and spaces included; empty without one.
    private(set) var name: [UInt8] = []
    /// What stands between `<` and `>`, or the whole text.
    private(set) var uri: [UInt8] = []
    /// How many bytes the name and the address are, the `>` included.
    private(set) var length = 0

    init(_ text: [UInt8]) {
        var index = 0
        var isQuoted = false
        while index < text.count, isQuoted || text[index] != UInt8(ascii: "<") {
            if isQuoted, text[index] == UInt8(ascii: "\\") {
                index += 1
            } else if text[index] == 0x22 {
                isQuoted.toggle()
            }
            index += 1
        }
        if index < text.count, let end = text[index...].firstIndex(of: UInt8(ascii: ">")) {
            name = Array(text[..<index])
            uri = Array(text[(index + 1)..<end])
            length = end + 1
        } else {
            uri = text
            length = text.count
        }
    }
}

/// The parts of a SIP or tel URI.
struct SIPURI {
    private(set) var scheme: [UInt8] = []
    private(set) var user: [UInt8]?
    private(set) var password: [UInt8]?
    private(set) var host: [UInt8] = []
    private(set) var port: Int64?
    private(set) var parameters: [UInt8] = []
    private(set) var headers: [UInt8] = []

    /// Takes a URI apart; throws for another scheme and for a bad port.
    init(_ text: [UInt8]) throws(ScriptError) {
        let refusal = ScriptError("found \(shown(text)), expected a URI such as sip:alice@example.com:5060")
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")) else { throw refusal }
        scheme = Array(text[..<colon])
        var rest = text[(colon + 1)...]
        if let mark = rest.lastIndex(of: UInt8(ascii: "?")), rest[mark...].firstIndex(of: UInt8(ascii: "@")) == nil {
            headers = Array(rest[(mark + 1)...])
            rest = rest[..<mark]
        }
        switch String(decoding: lowerCase(scheme), as: UTF8.self) {
        case "sip", "sips":
            if let at = rest.firstIndex(of: UInt8(ascii: "@")) {
                let parts = rest[..<at].split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
                user = Array(parts[0])
                password = parts.count > 1 ? Array(parts[1]) : nil
                rest = rest[(at + 1)...]
            }
            if let semicolon = rest.firstIndex(of: UInt8(ascii: ";")) {
                parameters = Array(rest[(semicolon + 1)...])
                rest = rest[..<semicolon]
            }
            let bracket = rest.lastIndex(of: UInt8(ascii: "]")) ?? rest.startIndex
            if let colon = rest[bracket...].firstIndex(of: UInt8(ascii: ":")) {
                let digits = rest[(colon + 1)...]
                guard digits.allSatisfy({ (0x30...0x39).contains($0) }), let number = ScriptValue.integer(in: digits),
                    number <= 65_535
                else { throw refusal }
                port = number
                rest = rest[..<colon]
            }
            host = Array(rest)
            guard !host.isEmpty else { throw refusal }
        case "tel", "tels":
            if let semicolon = rest.firstIndex(of: UInt8(ascii: ";")) {
                parameters = Array(rest[(semicolon + 1)...])
                rest = rest[..<semicolon]
            }
            user = Array(rest)
        default: throw refusal
        }
    }

    /// The value of a parameter, nil where there is none of the name; case does not count.
    func parameter(_ name: [UInt8]) -> [UInt8]? {
        ParameterList(parameters).first(named: name)?.value
    }

    /// `:5060`, or nothing without a port.
    var portText: [UInt8] {
        port.map { [UInt8(ascii: ":")] + ScriptValue.decimal($0) } ?? []
    }

    /// The URI with some of its parts only; `route` asks for the port and the transport.
    func written(user wantsUser: Bool, route: Bool) -> [UInt8] {
        var text = scheme + [UInt8(ascii: ":")]
        if wantsUser, let user { text += user + (host.isEmpty ? [] : [UInt8(ascii: "@")]) }
        text += host
        if route {
            text += portText
            if let transport = parameter(Array("transport".utf8)) { text += Array(";transport=".utf8) + transport }
        }
        return text
    }
}
