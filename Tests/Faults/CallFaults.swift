import Foundation
import Synchronization
import TestSupport

/// A host's system calls on one folder, counted over all of its threads by a preloaded library (call-faults.c), and one of them made to go wrong.
///
/// One for each life of a host: start it with `environment`. The counts can be read while it runs and after it. Any thread.
public final class CallFaults: @unchecked Sendable {
    // @unchecked: constant, and the page that is shared with the host holds single words.

    /// What happens to a call.
    public enum Fault: Sendable, Equatable {
        /// It fails with this errno, where a call of its kind can.
        case error(Int32)
        /// A write takes half of the bytes.
        case short
        /// A write takes half of the bytes, and the next one fails: the disk is full.
        case fills
        /// The process is killed at it, before it does anything.
        case kill
        /// The process is killed in the middle of a write, between two pages.
        case tear

        fileprivate var code: Int32 {
            switch self {
            case .error(let number): number
            case .kill: -1
            case .tear: -2
            case .short: -3
            case .fills: -4
            }
        }

        /// The kinds of calls to which it can happen; see `kinds`.
        var kinds: Set<Character> {
            switch self {
            case .error(ENOSPC): ["w", "c", "r", "d", "s", "f"]
            case .error(EIO): ["w", "c", "o", "r", "u", "d", "s", "t", "f"]
            case .error(EINTR): ["w", "c", "o", "s", "t", "f"]
            case .error(EMFILE): ["c", "o"]
            case .error(ENOMEM): ["m"]
            case .error: ["w"]
            case .short, .fills, .tear: ["w"]
            case .kill: ["w", "c", "o", "r", "u", "d", "s", "t", "f", "m"]
            }
        }

        /// Whether a caller may be refused for it; an interrupted call and a short write are to be gone on with.
        var mayRefuse: Bool { self != .error(EINTR) && self != .short }

        /// The system's words for it, which the log must hold when somebody was refused.
        var reason: String {
            switch self {
            case .error(let number): String(cString: strerror(number))
            default: String(cString: strerror(ENOSPC))
            }
        }

        public var description: String {
            switch self {
            case .error(ENOSPC): "ENOSPC"
            case .error(EIO): "EIO"
            case .error(EINTR): "EINTR"
            case .error(EMFILE): "EMFILE"
            case .error(EAGAIN): "EAGAIN"
            case .error(let number): "errno \(number)"
            case .short: "short write"
            case .fills: "short write, then ENOSPC"
            case .kill: "kill"
            case .tear: "kill inside of a write"
            }
        }
    }

    /// Variables for the host.
    public let environment: [String: String]
    private let directory: TemporaryDirectory
    private let page: UnsafeMutableRawPointer
    private static let size = 1 << 16
    private static let headerSize = 24

    /// Prepares a fault.
    ///
    /// - Parameters:
    ///   - root: The folder whose calls count, an absolute path without links.
    ///   - number: The call that it happens to, from 1; 0: calls are only counted.
    ///   - lasting: Every call behind that one fails too, until `lift`.
    public init(below root: String, _ fault: Fault = .kill, at number: Int = 0, lasting: Bool = false) throws {
        let library = try Self.library.get()
        directory = try TemporaryDirectory()
        let control = try directory.write([UInt8](repeating: 0, count: Self.size), to: "control")
        let descriptor = open(control, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFailure("cannot open \(control): errno \(errno)") }
        defer { close(descriptor) }
        guard let page = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), page != MAP_FAILED
        else { throw TestFailure("cannot map \(control): errno \(errno)") }
        self.page = page
        page.storeBytes(of: UInt32(number), toByteOffset: 4, as: UInt32.self)
        page.storeBytes(of: lasting ? 1 : 0, toByteOffset: 8, as: UInt32.self)
        page.storeBytes(of: fault.code, toByteOffset: 12, as: Int32.self)
        environment = ["LD_PRELOAD": library.path, "FAULTS_ROOT": root, "FAULTS_CONTROL": control]
    }

    deinit { munmap(page, Self.size) }

    private func word(_ offset: Int) -> Int {
        Int((page + offset).assumingMemoryBound(to: Atomic<UInt32>.self).pointee.load(ordering: .acquiring))
    }

    /// Calls that were counted.
    public var count: Int { word(0) }
    /// Calls to which the fault happened.
    public var fired: Int { word(16) }
    /// From now on nothing goes wrong.
    public func lift() {
        (page + 20).assumingMemoryBound(to: Atomic<UInt32>.self).pointee.store(1, ordering: .releasing)
    }
    /// The kind of each call: w write, c create, o open for writing, r rename, u unlink, d mkdir, s sync, t truncate, f fallocate, m map.
    public var kinds: [Character] {
        let bytes = UnsafeRawBufferPointer(
            start: page + Self.headerSize, count: min(count, Self.size - Self.headerSize))
        return bytes.map { Character(UnicodeScalar($0)) }
    }

    /// The library, built once for all.
    private struct Library: Sendable {
        let path: String
        let directory: TemporaryDirectory
    }
    private static let library = Result {
        let directory = try TemporaryDirectory()
        let path = directory.file("call-faults.so")
        let source = "\(BuiltProducts.repository)/Tests/Faults/call-faults.c"
        let built = try runToEnd("cc", ["-O1", "-shared", "-fPIC", "-o", path, source, "-ldl"])
        guard built.status == 0 else { throw TestFailure("cc \(source): \(built.errors)") }
        return Library(path: path, directory: directory)
    }
}
