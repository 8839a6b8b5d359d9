import Testing

@testable import Host

@Suite("Addresses as parameters write them")
struct NetworkAddressTests {
    @Test(
        "Good ones",
        arguments: [
            ("tcp://127.0.0.1:5060", .tcp(host: "127.0.0.1", port: 5060)),
            ("tcp://example.org:0", .tcp(host: "example.org", port: 0)),
            ("tcp://[::1]:65535", .tcp(host: "::1", port: 65535)), ("udp://*:53", .udp(host: "*", port: 53)),
            ("unix:/run/x.sock", .unix(path: "/run/x.sock")), ("unix:///run/x.sock", .unix(path: "/run/x.sock")),
            ("unix:/" + String(repeating: "x", count: 106), .unix(path: "/" + String(repeating: "x", count: 106))),
        ] as [(String, NetworkAddress)])
    func good(url: String, address: NetworkAddress) throws { #expect(try NetworkAddress(url) == address) }

    @Test("A relative path of a socket counts from the working directory")
    func relativePath() throws {
        #expect(try NetworkAddress("unix:s") == .unix(path: absolutePath("s", relativeTo: workingDirectory())))
    }

    @Test(
        "Bad ones, and why",
        arguments: [
            ("", "has no known scheme"), ("127.0.0.1:80", "has no known scheme"), ("http://x:80", "has no known scheme"),
            ("tcp://host", "has no port"), ("tcp://:80", "has no host"),
            ("tcp://::1:80", "has an IPv6 address without brackets"),
            ("tcp://h:", "has the port '', which is not a number from 0 to 65535"),
            ("tcp://h:65536", "has the port '65536', which is not a number from 0 to 65535"),
            ("tcp://h:-1", "has the port '-1', which is not a number from 0 to 65535"),
            ("tcp://h:+80", "has the port '+80', which is not a number from 0 to 65535"),
            ("udp://h:http", "has the port 'http', which is not a number from 0 to 65535"),
            ("unix:", "has no path"), ("unix://", "has no path"),
            ("unix:/" + String(repeating: "x", count: 107), "has a path of 108 bytes, a UNIX socket's may have 107"),
        ])
    func bad(url: String, reason: String) {
        #expect(
            throws: NetworkAddress.Fault(
                text: "'\(url)' \(reason); expected tcp://HOST:PORT, udp://HOST:PORT or unix:/PATH")
        ) { try NetworkAddress(url) }
    }
}
