import ModuleABI
public import ModuleKit

/// The URL of a database: its scheme names the provider, the rest is the provider's business.
public struct DatabaseURL: Equatable, Sendable {
    /// As configured; may hold a password, so never shown.
    let whole: String
    public let scheme: String

    /// Throws `MH_E_INVALID` when the text has no scheme.
    public init(_ text: String) throws(ModuleFailure) {
        guard let colon = text.firstIndex(of: ":"), colon != text.startIndex,
            text[..<colon].utf8.allSatisfy(DatabaseURL.isSchemeByte)
        else {
            throw ModuleFailure(
                MH_E_INVALID,
                "db_url has no scheme: expected SCHEME:PLACE, such as \"flatstore:/var/log/acc\"")
        }
        whole = text
        scheme = String(text[..<colon])
    }

    /// The URL as it may be logged: everything up to the last "@", where user and password stand, is left out, and so is a query.
    public var shown: String {
        var place = whole.dropFirst(scheme.count + 1)
        var start = "\(scheme):"
        if let at = place.lastIndex(of: "@") {
            start += place.hasPrefix("//") ? "//***" : "***"
            place = place[at...]
        }
        return start + (place.firstIndex(of: "?").map { place[..<$0] } ?? place)
    }

    private static func isSchemeByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
