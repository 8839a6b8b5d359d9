// The staging file of `durability=ring`: a shared file mapping that a slot uses as its buffer. Its pages belong to the kernel,
// so rows in it survive the death of the process; the next start writes them to the row file (RingRecovery.swift).
//
// Layout of `.<row file>.ring`, integers in the machine's byte order:
//   0  magic "MHFLRNG1", written last when the file is made       32  draining: bytes of the drain under way, or 0
//   8  version (4 bytes), reserved (4 bytes)                      40  the row file's device when it began
//  16  capacity of the rows' part in bytes                        48  its inode
//  24  committed: bytes of whole rows                             56  its size
//  64  the system's boot id, 36 bytes                           4096  rows
// Order is what makes it safe: a row lies in the mapping before `committed` covers it; device, inode and size are there before
// `draining` is set; and `committed` is 0 again before `draining` is cleared. So at any instant the file tells which
// rows are not in the row file, or where to look whether a drain got there.
import Glibc
import ModuleABI
import ModuleKit
import Synchronization

/// A mapped staging file. Trivial: the slot that holds it unmaps it with `discard` or `leave`.
struct StagingRing {
    let base: UnsafeMutableRawPointer
    let descriptor: Int32
    let capacity: Int

    static let magic: UInt64 = 0x3147_4E52_4C46_484D  // "MHFLRNG1"
    static let version: UInt32 = 1
    static let headerSize = 4096
    enum Offset {
        static let version = 8
        static let capacity = 16
        static let committed = 24
        static let draining = 32
        static let device = 40
        static let inode = 48
        static let size = 56
        static let boot = 64
    }

    /// The rows' part.
    var rows: UnsafeMutablePointer<UInt8> {
        (base + Self.headerSize).assumingMemoryBound(to: UInt8.self)
    }

    @inline(__always)
    private func word(_ offset: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        (base + offset).assumingMemoryBound(to: Atomic<Int>.self)
    }

    /// Makes the first `bytes` of the rows' part count: from here on they survive the process.
    @inline(__always)
    func commit(_ bytes: Int) { word(Offset.committed).pointee.store(bytes, ordering: .releasing) }

    /// Says where the rows are about to be appended.
    func beginDrain(to status: stat, bytes: Int) {
        word(Offset.draining).pointee.store(0, ordering: .releasing)
        word(Offset.device).pointee.store(Int(truncatingIfNeeded: status.st_dev), ordering: .relaxed)
        word(Offset.inode).pointee.store(Int(truncatingIfNeeded: status.st_ino), ordering: .relaxed)
        word(Offset.size).pointee.store(Int(status.st_size), ordering: .relaxed)
        word(Offset.draining).pointee.store(bytes, ordering: .releasing)
    }

    /// The rows are in the file.
    func finishDrain() {
        word(Offset.committed).pointee.store(0, ordering: .releasing)
        word(Offset.draining).pointee.store(0, ordering: .releasing)
    }

    /// The rows are not in the file, and nothing of them is.
    func abandonDrain() { word(Offset.draining).pointee.store(0, ordering: .releasing) }

    static func path(ofRowFile path: String) -> String {
        let directory = RowFile.directory(of: path)
        let name = path.dropFirst(directory == "/" ? 1 : directory.utf8.count + 1)
        return "\(directory == "/" ? "" : directory)/.\(name).ring"
    }

    /// Makes and maps a staging file; there is none of that name. Its blocks are allocated at once, so that a full disk
    /// refuses here and not with a signal at a later store.
    static func create(_ path: String, capacity: Int, mode: UInt32) throws(ModuleFailure) -> StagingRing {
        let descriptor = try attempt("cannot make the staging file \(path)") { () throws(SystemError) in
            try SystemCall.retrying {
                Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode & 0o600)
            }
        }
        do throws(ModuleFailure) {
            try RowFile.lock(descriptor, path)
            let size = headerSize + capacity
            let base = try attempt("cannot make the staging file \(path)") { () throws(SystemError) in
                var refusal: Int32
                repeat { refusal = posix_fallocate(descriptor, 0, off_t(size)) } while refusal == EINTR
                guard refusal == 0 else { throw SystemError(number: refusal) }
                let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                guard let base, base != MAP_FAILED else { throw SystemError.last }
                return base
            }
            base.storeBytes(of: version, toByteOffset: Offset.version, as: UInt32.self)
            base.storeBytes(of: UInt64(capacity), toByteOffset: Offset.capacity, as: UInt64.self)
            for (index, byte) in bootID().enumerated() {
                base.storeBytes(of: byte, toByteOffset: Offset.boot + index, as: UInt8.self)
            }
            for offset in [Offset.committed, Offset.draining, Offset.device, Offset.inode, Offset.size] {
                (base + offset).bindMemory(to: Atomic<Int>.self, capacity: 1).initialize(to: Atomic(0))
            }
            (base + headerSize).bindMemory(to: UInt8.self, capacity: capacity)
            base.bindMemory(to: Atomic<UInt64>.self, capacity: 1).pointee.store(magic, ordering: .releasing)
            return StagingRing(base: base, descriptor: descriptor, capacity: capacity)
        } catch {
            unlink(path)
            RowFile.close(descriptor)
            throw error
        }
    }

    /// The kernel's id of this boot, at most 36 bytes; empty when the system does not tell.
    static func bootID() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 36)
        let descriptor = Glibc.open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        return Array(bytes.prefix(max(0, count)))
    }

    /// True while the staging file has its name; without it the rows would die with the process.
    var isLinked: Bool {
        var status = stat()
        return fstat(descriptor, &status) != 0 || status.st_nlink > 0
    }

    /// Unmaps it and lets go of the lock; the file stays, with its rows, for the next start.
    func leave() {
        munmap(base, Self.headerSize + capacity)
        RowFile.close(descriptor)
    }

    /// Removes the file, which holds no rows any more.
    func discard(_ path: String) {
        unlink(path)
        leave()
    }
}
