import JSON
import Testing

@testable import Host

@Suite("Plain requests are read as the long way reads them")
struct PlainRequestTests {
    /// What a reading comes to, comparable.
    private struct Reading: Equatable {
        var method: String
        var values: [ArgumentValue]
        var id: JSONValue?
        var route: String?
    }

    private func plain(_ text: String, routeMember: String? = "reply_name") -> Reading? {
        Array(text.utf8).withUnsafeBytes { bytes in
            PlainRequest.read(bytes, routeMember: routeMember).map { request, route in
                Reading(
                    method: request.method, values: request.arguments.map(\.value), id: request.id,
                    route: route.map { String(decoding: $0, as: UTF8.self) })
            }
        }
    }

    /// Nil: no request. A route that is no text counts as none, as it does for the host.
    private func long(_ text: String) -> Reading? {
        guard let value = try? JSONValue.parse(text), let request = try? JSONRPC.read(value) else { return nil }
        return Reading(
            method: request.method, values: request.arguments.map(\.value), id: request.id,
            route: value["reply_name"]?.string)
    }

    static let taken = [
        #"{"jsonrpc":"2.0","method":"core.echo","params":["x"],"reply_name":"r.1","id":1}"#,
        #" { "id" : "a b" , "method" : "m" , "jsonrpc" : "2.0" } "# + "\r\n\t",
        #"{"jsonrpc":"2.0","method":"","params":[],"id":null}"#,
        #"{"jsonrpc":"2.0","method":"m","params":[true,false,null,0,-0,-1,999999999999999999,"",":"]}"#,
        #"{"jsonrpc":"2.0","id":-123456789012345678,"method":"m","reply_name":""}"#,
    ]

    @Test("Ordinary requests are plain", arguments: taken)
    func takes(text: String) throws {
        let reading = try #require(plain(text))
        #expect(reading == long(text))
    }

    @Test(
        "What is odd or wrong is left to the long way",
        arguments: [
            "", "{", "{}", "[]", "1", "[{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1}]",
            #"{"jsonrpc":"2.0","method":"m","id":1}x"#, #"{"jsonrpc":"2.0","method":"m","id":1,}"#,
            #"{"jsonrpc":"2.0","method":"m","id":1.0}"#, #"{"jsonrpc":"2.0","method":"m","id":1e2}"#,
            #"{"jsonrpc":"2.0","method":"m","id":01}"#, #"{"jsonrpc":"2.0","method":"m","id":-}"#,
            #"{"jsonrpc":"2.0","method":"m","id":1234567890123456789}"#, #"{"jsonrpc":"2.0","method":"m","id":[]}"#,
            #"{"jsonrpc":"2.0","method":"m","id":true}"#, #"{"jsonrpc":"2.0","method":"m","id":nul}"#,
            #"{"jsonrpc":"1.0","method":"m","id":1}"#, #"{"jsonrpc":2.0,"method":"m","id":1}"#,
            #"{"jsonrpc":"2.0","id":1}"#, #"{"method":"m","id":1}"#, #"{"jsonrpc":"2.0","method":7,"id":1}"#,
            #"{"jsonrpc":"2.0","method":"m","method":"m","id":1}"#,
            #"{"jsonrpc":"2.0","method":"m\u0041","id":1}"#, #"{"jsonrpc":"2.0","method":"é","id":1}"#,
            "{\"jsonrpc\":\"2.0\",\"method\":\"a\u{1}b\",\"id\":1}", "{\"jsonrpc\":\"2.0\",\"method\":\"m",
            #"{"jsonrpc":"2.0","method":"m","params":{"a":1},"id":1}"#,
            #"{"jsonrpc":"2.0","method":"m","params":[[1]],"id":1}"#,
            #"{"jsonrpc":"2.0","method":"m","params":[1.5],"id":1}"#,
            #"{"jsonrpc":"2.0","method":"m","params":[1,],"id":1}"#, #"{"jsonrpc":"2.0","method":"m","params":[1"#,
            #"{"jsonrpc":"2.0","method":"m","params":"x","id":1}"#, #"{"jsonrpc":"2.0","method":"m","id":1,"more":1}"#,
            #"{"jsonrpc":"2.0","method":"m","reply_name":7,"id":1}"#,
            #"{"jsonrpc":"2.0","method":"m","params":[truex],"id":1}"#,
        ])
    func leaves(text: String) { #expect(plain(text) == nil) }

    @Test("A routing member that JSON-RPC has itself is left to the long way, and without one no other member is known")
    func routes() {
        let text = #"{"jsonrpc":"2.0","method":"m","id":1}"#
        #expect(plain(text, routeMember: nil) != nil)
        for name in ["jsonrpc", "method", "params", "id"] { #expect(plain(text, routeMember: name) == nil) }
        #expect(plain(Self.taken[0], routeMember: nil) == nil)
        #expect(plain(Self.taken[0], routeMember: "reply_to_me") == nil)
    }

    @Test("Whatever is taken of a hundred thousand altered requests is read the same")
    func alterations() throws {
        var random = SystemRandomNumberGenerator()
        let pieces = Array("{}[]\",:\\ 0123456789-+.eEtrufalsn\n\t\u{7F}xé".utf8)
        var takenCount = 0
        for _ in 0..<100_000 {
            guard var bytes = Self.taken.randomElement(using: &random).map({ Array($0.utf8) }) else { return }
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                let piece = pieces.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = piece
                case 1: bytes.insert(piece, at: place)
                default: bytes.remove(at: place)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let reading = plain(text) else { continue }
            takenCount += 1
            #expect(reading == long(text), "\(text)")
        }
        #expect(takenCount > 1000)
    }
}
