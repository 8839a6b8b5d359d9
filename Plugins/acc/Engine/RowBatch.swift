public import ModuleABI

/// Rows on their way into one `insert_batch`: the values row after row, and the line number that each row came from.
///
/// Owns the values and line numbers; texts in the values point into the input or into `arena`, and are void after `reset`. One thread
/// at a time.
public final class RowBatch {
    /// Values in a row.
    public let columns: Int
    /// Rows that are complete.
    public private(set) var count = 0
    /// Bytes that live as long as the batch.
    public let arena = ByteArena()

    private var capacity: Int
    private(set) var values: UnsafeMutablePointer<mh_value>
    private(set) var lines: UnsafeMutablePointer<UInt64>

    /// Above so many values the batch asks to be stored, whatever else is at hand.
    private static let manyValues = 64 << 10

    public init(columns: Int) {
        self.columns = columns
        capacity = 64
        values = .allocate(capacity: capacity * max(1, columns))
        lines = .allocate(capacity: capacity)
    }

    deinit {
        values.deallocate()
        lines.deallocate()
    }

    /// True when the batch should be stored before more is added.
    var isFull: Bool { count * columns >= RowBatch.manyValues }

    /// Room for the next row's values, uninitialised; void as soon as another row is asked for.
    @inline(__always)
    func nextRow() -> UnsafeMutablePointer<mh_value> {
        if count == capacity { grow() }
        return values + count * columns
    }

    /// Adds the row that was written into `nextRow`.
    @inline(__always)
    func add(line: UInt64) {
        lines[count] = line
        count += 1
    }

    /// The values of a row.
    public func row(_ index: Int) -> UnsafeBufferPointer<mh_value> {
        precondition(index >= 0 && index < count, "a row of this batch")
        return UnsafeBufferPointer(start: values + index * columns, count: columns)
    }

    /// Empties the batch; what its values pointed at is void.
    public func reset() {
        count = 0
        arena.reset()
        if capacity * columns > 2 * RowBatch.manyValues { resize(to: 64, keeping: 0) }
    }

    private func grow() { resize(to: capacity * 2, keeping: count) }

    private func resize(to newCapacity: Int, keeping rows: Int) {
        let newValues = UnsafeMutablePointer<mh_value>.allocate(capacity: newCapacity * max(1, columns))
        let newLines = UnsafeMutablePointer<UInt64>.allocate(capacity: newCapacity)
        newValues.update(from: values, count: rows * columns)
        newLines.update(from: lines, count: rows)
        values.deallocate()
        lines.deallocate()
        (values, lines, capacity) = (newValues, newLines, newCapacity)
    }
}
