import ModuleABI
import ModuleKit

/// A pseudo-variable of a SIP message, and the member of the question that it stands for.
struct MessageMember {
    var variable: StaticString
    var summary: StaticString
    var member: StaticString
    /// Where it comes from when the question does not have the member: a part of a SIP URI in another one.
    var fallback: (member: StaticString, part: AddressPart)?

    private init(
        _ variable: StaticString, _ member: StaticString, _ summary: StaticString,
        from fallback: (member: StaticString, part: AddressPart)? = nil
    ) {
        self.variable = variable
        self.member = member
        self.summary = summary
        self.fallback = fallback
    }

    static let all: [MessageMember] = [
        .init("si", "source_ip", "Source address: member source_ip."),
        .init("sp", "source_port", "Source port: member source_port."),
        .init("Ri", "received_ip", "Address that the message came to: member received_ip."),
        .init("Rp", "received_port", "Port that the message came to: member received_port."),
        .init("pr", "protocol", "Transport protocol: member protocol."),
        .init("rm", "method", "Method: member method."),
        .init("ru", "ruri", "Request URI: member ruri."),
        .init("rU", "ruri_user", "User of the request URI: member ruri_user, or from ruri.", from: ("ruri", .user)),
        .init("rd", "ruri_domain", "Domain of the request URI: member ruri_domain, or from ruri.", from: ("ruri", .domain)),
        .init("rp", "ruri_port", "Port of the request URI: member ruri_port, or from ruri.", from: ("ruri", .port)),
        .init("fu", "from_uri", "From URI: member from_uri."),
        .init("fU", "from_user", "User of the From URI: member from_user, or from from_uri.", from: ("from_uri", .user)),
        .init(
            "fd", "from_domain", "Domain of the From URI: member from_domain, or from from_uri.", from: ("from_uri", .domain)
        ),
        .init("ft", "from_tag", "From tag: member from_tag."),
        .init("tu", "to_uri", "To URI: member to_uri."),
        .init("tU", "to_user", "User of the To URI: member to_user, or from to_uri.", from: ("to_uri", .user)),
        .init("td", "to_domain", "Domain of the To URI: member to_domain, or from to_uri.", from: ("to_uri", .domain)),
        .init("tt", "to_tag", "To tag: member to_tag."),
        .init("ci", "call_id", "Call-ID: member call_id."),
        .init("cs", "cseq", "CSeq number: member cseq."),
        .init("ct", "contact", "Contact: member contact."),
        .init("ua", "user_agent", "User-Agent: member user_agent."),
        .init("au", "auth_user", "User of the credentials: member auth_user."),
        .init("ar", "auth_realm", "Realm of the credentials: member auth_realm."),
        .init("du", "destination_uri", "Destination URI: member destination_uri."),
        .init("ml", "message_length", "Length of the message: member message_length."),
    ]
}

/// A part of a SIP URI.
enum AddressPart {
    case user
    case domain
    case port

    /// The part of `scheme:user[:password]@domain[:port][;parameters][?headers]`, perhaps in angle brackets; nil when it has none.
    func find(in uri: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var text = uri[...]
        if let open = text.firstIndex(of: UInt8(ascii: "<")) {
            text = text[(open + 1)...]
            if let close = text.firstIndex(of: UInt8(ascii: ">")) { text = text[..<close] }
        }
        guard let scheme = text.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        text = text[(scheme + 1)...]
        var user = text[text.startIndex..<text.startIndex]
        if let at = text.firstIndex(of: UInt8(ascii: "@")) {
            user = text[..<at]
            text = text[(at + 1)...]
            if let colon = user.firstIndex(of: UInt8(ascii: ":")) { user = user[..<colon] }
        }
        if let end = text.firstIndex(where: { $0 == UInt8(ascii: ";") || $0 == UInt8(ascii: "?") }) { text = text[..<end] }
        // An IPv6 address stands in square brackets, which are part of it.
        let hostEnd =
            text.first == UInt8(ascii: "[")
            ? text.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : text.firstIndex(of: UInt8(ascii: ":"))
        let domain = text[..<(hostEnd ?? text.endIndex)]
        let found: Slice<UnsafeRawBufferPointer>
        switch self {
        case .user: found = user
        case .domain: found = domain
        case .port: found = text[domain.endIndex...].dropFirst()
        }
        return found.isEmpty ? nil : UnsafeRawBufferPointer(rebasing: found)
    }
}
