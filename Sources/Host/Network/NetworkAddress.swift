import NIOCore

/// An address as parameters write it: `tcp://HOST:PORT`, `unix:/PATH`, `unix:///PATH`, `udp://HOST:PORT`. A relative path of a
/// UNIX socket counts from the working directory.
enum NetworkAddress: Equatable, Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
    case udp(host: String, port: Int)

    struct Fault: Error, Equatable {
        var text: String
    }

    init(_ url: String) throws(Fault) {
        func fault(_ text: String) -> Fault {
            Fault(text: "'\(url.prefix(200))' \(text); expected tcp://HOST:PORT, udp://HOST:PORT or unix:/PATH")
        }
        if url.hasPrefix("unix:") {
            var path = url.dropFirst(5)
            if path.hasPrefix("//") { path = path.dropFirst(2) }
            guard !path.isEmpty else { throw fault("has no path") }
            if !path.hasPrefix("/") { path = Substring(absolutePath(String(path), relativeTo: workingDirectory())) }
            guard path.utf8.count <= 107 else {
                throw fault("has a path of \(path.utf8.count) bytes, a UNIX socket's may have 107")
            }
            self = .unix(path: String(path))
            return
        }
        let isTCP = url.hasPrefix("tcp://")
        guard isTCP || url.hasPrefix("udp://") else { throw fault("has no known scheme") }
        let rest = url.dropFirst(6)
        guard let colon = rest.lastIndex(of: ":") else { throw fault("has no port") }
        var host = String(rest[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            throw fault("has an IPv6 address without brackets")
        }
        guard !host.isEmpty else { throw fault("has no host") }
        let portText = rest[rest.index(after: colon)...]
        guard portText.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(portText), 0...65535 ~= port else {
            throw fault("has the port '\(portText)', which is not a number from 0 to 65535")
        }
        self = isTCP ? .tcp(host: host, port: port) : .udp(host: host, port: port)
    }

    /// `127.0.0.1:5060`, `[::1]:5060`.
    static func text(_ address: SocketAddress?) -> String {
        guard let address, let ip = address.ipAddress, let port = address.port else { return "" }
        return ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
    }
}
