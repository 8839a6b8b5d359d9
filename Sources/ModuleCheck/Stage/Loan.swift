import CModuleCheck
import Glibc
import ModuleABI

/// Values lent to a module for one call: when the loan ends, their memory becomes inaccessible, so that whoever has kept a pointer
/// instead of a copy is found at its next look.
final class Loan: @unchecked Sendable {
    // @unchecked: filled by one thread before the module sees it, ended by one thread after.
    private static let lock = Lock()
    private let start: UnsafeMutableRawPointer?
    private let size: Int
    private var used = 0
    private var isEnded = false
    private(set) var array = mh_array()

    /// Lays out values as an array of `mh_value`.
    init(_ values: [TypedValue]) {
        let size = Self.size(values)
        self.size = size
        start = Self.lock.with { cmodulecheck_lend(size) }
        array = lay(values)
    }

    /// One value.
    convenience init(_ value: TypedValue) { self.init([value]) }

    deinit { end() }

    /// The first value, where it lies.
    var first: UnsafePointer<mh_value>? { array.items?.assumingMemoryBound(to: mh_value.self) }
    /// The first value's text.
    var text: mh_str { first?.pointee.as.text ?? mh_str() }

    func end() {
        guard !isEnded, let start else { return }
        isEnded = true
        Self.lock.with { cmodulecheck_revoke(start, size) }
    }

    private static func size(_ values: [TypedValue]) -> Int {
        values.reduce(16 + values.count * 24) { sum, value in
            switch value {
            case .text(let bytes): sum + (bytes.count + 7) / 8 * 8
            case .list(let elements): sum + size(elements)
            default: sum
            }
        }
    }

    private func take(_ count: Int) -> UnsafeMutableRawPointer {
        // Without room for a loan the memory stays, and nothing is found.
        guard let start, used + count <= size else { return .allocate(byteCount: max(count, 8), alignment: 8) }
        defer { used += (count + 7) / 8 * 8 }
        return start + used
    }

    private func lay(_ values: [TypedValue]) -> mh_array {
        let memory = take(max(values.count, 1) * 24).bindMemory(to: mh_value.self, capacity: max(values.count, 1))
        for (index, value) in values.enumerated() {
            switch value {
            case .text(let bytes) where !bytes.isEmpty:
                let text = take(bytes.count)
                UnsafeMutableRawBufferPointer(start: text, count: bytes.count).copyBytes(from: bytes)
                (memory + index).initialize(
                    to: mh_text(mh_str(ptr: UnsafePointer(text.assumingMemoryBound(to: CChar.self)), len: bytes.count)))
            case .list(let elements):
                var list = mh_null()
                list.type = MH_LIST
                list.as.list = lay(elements)
                (memory + index).initialize(to: list)
            default: (memory + index).initialize(to: value.raw(type: MH_NULL))
            }
        }
        return mh_array(items: memory, count: UInt32(values.count), stride: UInt32(MemoryLayout<mh_value>.stride))
    }
}
