import ModuleABI

/// Text that modules may read until it is next set: this file owns its memory, which is freed with the object. One thread.
final class StableText {
    private var memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 1)
    private var count = 0

    deinit { memory.deallocate() }

    func set(_ bytes: UnsafeRawBufferPointer) {
        if memory.count < bytes.count {
            memory.deallocate()
            memory = .allocate(byteCount: bytes.count * 2, alignment: 1)
        }
        memory.copyMemory(from: bytes)
        count = bytes.count
    }

    func clear() { count = 0 }

    /// Valid until the next `set`.
    var raw: mh_str { mh_str(UnsafeRawBufferPointer(rebasing: memory[..<count])) }
    var string: String { raw.string }
}
