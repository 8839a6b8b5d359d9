import Glibc
import ModuleABI
import ModuleKit

/// Turns one record into one row: a JSON object, a delimited line, or `column=value` arguments.
///
/// Texts in the row point into the record or into the batch's arena. Pure but for that; free to use from any thread.
public struct RecordParser: Sendable {
    public let layout: RowLayout

    public init(layout: RowLayout) { self.layout = layout }

    /// Marks a value of a row that the record has not given yet; no type of the ABI.
    static let absent: UInt32 = .max

    /// Parses a line without its line end and adds its row to the batch; a line whose first non-blank byte is `{` is JSON.
    ///
    /// `arrival`: microseconds since 1970, for the time column. On a rejection the batch is as it was.
    public func parse(_ line: Bytes, number: UInt64, arrival: Int64, into batch: RowBatch) throws(Rejection) {
        let row = batch.nextRow()
        if isJSON(line) {
            try JSONLine.parse(line, layout: layout, arena: batch.arena, arrival: arrival, into: row)
        } else {
            try parseDelimited(line, arrival: arrival, into: row)
        }
        batch.add(line: number)
    }

    @inline(__always)
    private func isJSON(_ line: Bytes) -> Bool {
        for byte in line where byte != UInt8(ascii: " ") && byte != UInt8(ascii: "\t") {
            return byte == UInt8(ascii: "{")
        }
        return false
    }

    private func parseDelimited(_ line: Bytes, arrival: Int64, into row: UnsafeMutablePointer<mh_value>)
        throws(Rejection)
    {
        guard let start = line.baseAddress else { throw .fieldCount(found: 0, expected: layout.count) }
        let end = start + line.count
        var field = start
        let last = layout.count - 1
        for index in 0...last {
            let found = memchr(field, Int32(layout.delimiter), end - field)
            let stop = found.map { UnsafePointer($0.assumingMemoryBound(to: UInt8.self)) }
            guard (stop == nil) == (index == last) else {
                throw .fieldCount(found: fields(in: line), expected: layout.count)
            }
            let fieldEnd = stop ?? end
            try set(
                Bytes(start: field, count: fieldEnd - field), column: index, arrival: arrival, to: row + index
            )
            field = fieldEnd + 1
        }
    }

    private func fields(in line: Bytes) -> Int { line.reduce(1) { $1 == layout.delimiter ? $0 + 1 : $0 } }

    /// Parses `column=value` arguments, values as in a delimited line, and adds their row to the batch.
    public func parse(assignments: [Bytes], arrival: Int64, into batch: RowBatch) throws(Rejection) {
        let row = batch.nextRow()
        for index in 0..<layout.count { row[index].type = RecordParser.absent }
        for assignment in assignments {
            guard let sign = assignment.firstIndex(of: UInt8(ascii: "=")) else {
                throw Rejection("argument \(quoted(assignment)): expected column=value")
            }
            let name = Bytes(rebasing: assignment[..<sign])
            guard let index = layout.index(of: name, hint: 0) else {
                throw .unknownColumn(name, among: layout.columns)
            }
            guard row[index].type == RecordParser.absent else { throw .twice(layout.columns[index]) }
            try set(
                Bytes(rebasing: assignment[(sign + 1)...]), column: index, arrival: arrival, to: row + index)
        }
        for index in 0..<layout.count where row[index].type == RecordParser.absent {
            row[index] = layout.absent(index, arrival: arrival)
        }
        batch.add(line: 0)
    }

    /// Stores a field's raw bytes as a value of the column's type; an empty field is the empty string in a string column and as
    /// if left out in others.
    @inline(__always)
    private func set(_ text: Bytes, column: Int, arrival: Int64, to value: UnsafeMutablePointer<mh_value>)
        throws(Rejection)
    {
        let type = layout.slots[column].type
        if type == MH_STRING {
            value.pointee = mh_value(text: text, type: MH_STRING)
        } else if text.isEmpty {
            value.pointee = layout.absent(column, arrival: arrival)
        } else if type == MH_BLOB {
            value.pointee = mh_value(text: text, type: MH_BLOB)
        } else {
            guard let converted = layout.convert(text, column: column) else {
                throw .value(text, for: layout.columns[column])
            }
            value.pointee = converted
        }
    }
}

extension RowLayout {
    /// The value that decimal or time text stands for in an int, float or time column; nil when it is none.
    func convert(_ text: Bytes, column: Int) -> mh_value? {
        switch slots[column].type {
        case MH_INT: return NumberText.integer(text).map { mh_int($0) }
        case MH_FLOAT: return NumberText.double(text).map { mh_float($0) }
        case MH_TIME:
            return TimeText.microseconds(text).map {
                mh_value(time: $0)
            }
        default: return nil
        }
    }
}

extension mh_value {
    @inline(__always)
    init(text: Bytes, type: UInt32) {
        self = mh_text(mh_str(borrowing: UnsafeRawBufferPointer(text)))
        self.type = type
    }

    /// A point in time, microseconds since 1970.
    @inline(__always)
    init(time micros: Int64) {
        self = mh_int(micros)
        type = MH_TIME
    }
}
