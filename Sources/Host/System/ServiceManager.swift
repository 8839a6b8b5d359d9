import Glibc

/// What systemd wants to hear (sd_notify(3)): nothing is sent when it did not ask.
enum ServiceManager {
    /// Sends a state such as `READY=1` to the socket in NOTIFY_SOCKET; errors are ignored, as the protocol says.
    static func notify(_ state: String) {
        guard let variable = getenv("NOTIFY_SOCKET") else { return }
        var path = Array(String(cString: variable).utf8)
        guard let first = path.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), path.count <= 107 else {
            return
        }
        if first == UInt8(ascii: "@") { path[0] = 0 }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let message = Array(state.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), address, size)
            }
        }
    }

    /// Milliseconds between two signs of life, half of what WATCHDOG_USEC demands; nil when nobody watches this process.
    static var watchdogInterval: Int32? {
        guard let text = getenv("WATCHDOG_USEC"), let microseconds = Int64(String(cString: text)), microseconds > 0 else {
            return nil
        }
        if let pid = getenv("WATCHDOG_PID"), String(cString: pid) != String(getpid()) { return nil }
        return Int32(clamping: max(microseconds / 2000, 1))
    }
}
