// The memory that values of one evaluator live in: the worker's variables and constants in one block, and the registers
// of the routes under way in chunks. This file alone owns the pointers: they are allocated here, every element is
// initialised at once, and all of it is freed with the owner. Chunks never move, so a route may keep the address of its
// registers until it ends.

/// The worker's variables and the constants: places -1 and down.
final class GlobalValues {
    private let start: UnsafeMutablePointer<ScriptValue>
    private let count: Int

    /// The address of place 0, one behind the last value: place -1 is the value before it.
    let end: UnsafeMutablePointer<ScriptValue>

    /// Makes them; `initial` holds place -1 first. Texts are copied, so that threads share no reference counts.
    ///
    /// - Parameter old: Values of the same program, when it had fewer of them: these are taken over.
    init(_ initial: [ScriptValue], succeeding old: GlobalValues?) {
        count = initial.count
        start = .allocate(capacity: max(1, count))
        end = start + count
        for (index, value) in initial.enumerated() {
            var copy = value
            if let old, index < old.count { copy = (old.end - 1 - index).pointee }
            if case .text(let bytes) = copy { copy = .text(bytes.map { $0 }) }
            (end - 1 - index).initialize(to: copy)
        }
    }

    deinit {
        start.deinitialize(count: count)
        start.deallocate()
    }
}

/// The registers of the routes under way.
final class RegisterStack {
    private struct Chunk {
        var start: UnsafeMutablePointer<ScriptValue>
        var capacity: Int
        var used = 0
        /// How many may hold something else than null.
        var touched = 0
    }

    private static let chunkSize = 1024
    @exclusivity(unchecked) private var chunks: [Chunk] = []
    @exclusivity(unchecked) private var current = 0

    init() {
        addChunk(holding: Self.chunkSize)
    }

    deinit {
        for chunk in chunks {
            chunk.start.deinitialize(count: chunk.capacity)
            chunk.start.deallocate()
        }
    }

    private func addChunk(holding count: Int) {
        let capacity = max(count, Self.chunkSize)
        let start = UnsafeMutablePointer<ScriptValue>.allocate(capacity: capacity)
        start.initialize(repeating: .null, count: capacity)
        chunks.append(Chunk(start: start, capacity: capacity))
    }

    /// Takes registers for a route. Their values are what another route left there.
    func push(_ count: Int) -> UnsafeMutablePointer<ScriptValue> {
        if chunks[current].used + count > chunks[current].capacity {
            current += 1
            if current == chunks.count {
                addChunk(holding: count)
            } else if chunks[current].capacity < count {
                // It is empty: nothing is above it.
                chunks[current].start.deinitialize(count: chunks[current].capacity)
                chunks[current].start.deallocate()
                let start = UnsafeMutablePointer<ScriptValue>.allocate(capacity: count)
                start.initialize(repeating: .null, count: count)
                chunks[current] = Chunk(start: start, capacity: count)
            }
        }
        let base = chunks[current].start + chunks[current].used
        chunks[current].used += count
        chunks[current].touched = max(chunks[current].touched, chunks[current].used)
        return base
    }

    /// Gives back the registers that were taken last.
    func pop(_ count: Int) {
        chunks[current].used -= count
        if chunks[current].used == 0, current > 0 { current -= 1 }
    }

    /// Lets go of the texts in registers that nobody uses, when no route runs.
    func clear() {
        for index in chunks.indices where chunks[index].touched > 0 {
            chunks[index].start.update(repeating: .null, count: chunks[index].touched)
            chunks[index].touched = 0
        }
    }
}
