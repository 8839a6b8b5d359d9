/// Why the host cannot start, with its exit status (sysexits.h: 78 configuration, 71 operating system, 73 cannot create).
public struct StartFailure: Error, Sendable, CustomStringConvertible {
    public var text: String
    public var status: Int32

    public init(_ text: String, status: Int32 = 78) {
        self.text = text
        self.status = status
    }

    public var description: String { text }
}
