import Glibc

/// Bytes that stay where they are until the batch that points at them is stored: completed lines, unescaped strings, decoded blobs.
///
/// Owns its blocks: `reset` takes all allocations back at once and keeps at most `kept` bytes for the next batch. One thread at a
/// time.
public final class ByteArena {
    private var blocks: [UnsafeMutableRawBufferPointer] = []
    private var current = 0
    private var offset = 0

    private static let blockSize = 64 << 10
    private static let kept = 1 << 20

    public init() {}

    deinit { for block in blocks { block.deallocate() } }

    /// Room for `count` bytes, uninitialised.
    func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
        if current < blocks.count, blocks[current].count - offset >= count {
            let start = address(blocks[current], offset)
            offset += count
            return start
        }
        if current < blocks.count { current += 1 }
        if current == blocks.count || blocks[current].count < count {
            let block = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(ByteArena.blockSize, count), alignment: 16)
            blocks.insert(block, at: current)
        }
        offset = count
        return address(blocks[current], 0)
    }

    /// A copy of two pieces, end to end.
    func join(_ first: Bytes, _ second: Bytes) -> Bytes {
        let start = allocate(first.count + second.count)
        if let source = first.baseAddress { memcpy(start, source, first.count) }
        if let source = second.baseAddress { memcpy(start + first.count, source, second.count) }
        return Bytes(start: start, count: first.count + second.count)
    }

    /// Voids every allocation.
    func reset() {
        current = 0
        offset = 0
        var total = 0
        blocks.removeAll { block in
            total += block.count
            guard total > ByteArena.kept else { return false }
            block.deallocate()
            return true
        }
    }

    private func address(_ block: UnsafeMutableRawBufferPointer, _ offset: Int) -> UnsafeMutablePointer<UInt8> {
        guard let base = block.baseAddress else { preconditionFailure("an arena block is never empty") }
        return (base + offset).assumingMemoryBound(to: UInt8.self)
    }
}
