import CHost
import Glibc
import ModuleABI
import Synchronization

/// What a thread is for.
enum ThreadKind: UInt32, Sendable {
    case main = 0
    case worker = 1
    case management = 2
    case pool = 3
    case foreign = 4

    var name: String {
        switch self {
        case .main: "main"
        case .worker: "worker"
        case .management: "management"
        case .pool: "pool"
        case .foreign: "foreign"
        }
    }
}

/// The numbering of threads: 0 main, 1…N workers, N+1 management, then pool threads, then threads that modules made.
///
/// An index is stable for a thread's life. Pool and foreign threads take the lowest free one of their range. All functions
/// are for any thread.
final class ThreadTable: Sendable {
    struct Entry: Sendable {
        var kind: ThreadKind
        var kernelID: Int32
    }

    let workers: Int
    let poolLimit: Int
    /// Threads that modules may start themselves.
    static let foreignLimit = 128
    private let entries: Mutex<[Entry?]>

    init(workers: Int, poolLimit: Int) {
        self.workers = workers
        self.poolLimit = poolLimit
        entries = Mutex(Array(repeating: nil, count: 2 + workers + poolLimit + Self.foreignLimit))
    }

    /// One more than the greatest index.
    var limit: Int { 2 + workers + poolLimit + Self.foreignLimit }
    var managementIndex: Int { workers + 1 }

    /// Gives the calling thread its place; `index` nil takes the lowest free one of the kind's range.
    @discardableResult
    func enter(_ kind: ThreadKind, index wanted: Int? = nil) -> Int? {
        let range: Range<Int> =
            switch kind {
            case .main: 0..<1
            case .worker: 1..<workers + 1
            case .management: workers + 1..<workers + 2
            case .pool: workers + 2..<workers + 2 + poolLimit
            case .foreign: workers + 2 + poolLimit..<limit
            }
        let kernelID = chost_thread_kernel_id()
        let index: Int? = entries.withLock { entries in
            guard let index = wanted ?? range.first(where: { entries[$0] == nil }) else { return nil }
            entries[index] = Entry(kind: kind, kernelID: kernelID)
            return index
        }
        guard let index else { return nil }
        // Main keeps the program's name; a foreign thread keeps the one that its module gave it.
        if kind == .main || kind == .foreign {
            chost_thread_set(UInt32(index), kind.rawValue, nil)
        } else {
            chost_thread_set(UInt32(index), kind.rawValue, "\(kind.name) \(index)")
        }
        return index
    }

    func leave(_ index: Int) {
        entries.withLock { $0[index] = nil }
    }

    /// The index of the calling thread; a thread that the host did not make gets one now.
    func currentIndex() -> UInt32 {
        let index = chost_thread_index()
        if index != MH_THREAD_NONE { return index }
        guard enter(.foreign) != nil else { return MH_THREAD_NONE }
        chost_thread_at_exit { index in
            HostProcess.shared?.threads.leave(Int(index))
        }
        return chost_thread_index()
    }

    /// All threads now alive, by index.
    var all: [(index: Int, entry: Entry)] {
        entries.withLock { entries in
            entries.enumerated().compactMap { index, entry in entry.map { (index, $0) } }
        }
    }
}

/// A thread of the host's own.
enum HostThread {
    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Starts a detached thread; false when the system gives no more.
    @discardableResult
    static func spawn(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(body))
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, start.toOpaque())
        if code != 0 { start.release() }
        return code == 0
    }
}
