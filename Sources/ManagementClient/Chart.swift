import Glibc
import JSON

/// Values over time as a picture of braille dots, two by four to a character, with the values at the left and the times (UTC) below.
struct Chart {
    private let points: [(time: Double, value: Double)]
    /// Records that have no number to show.
    private let leftOut: Int

    /// The chart of records with `time` in seconds since 1970 and `value`; nil when there are none in `result`, neither in a list of
    /// its own nor in a member `records`.
    init?(_ result: JSONValue) {
        guard let records = result.array ?? result["records"]?.array else { return nil }
        var points: [(time: Double, value: Double)] = []
        for record in records {
            guard let time = record["time"]?.double, record["value"] != nil else { return nil }
            if let value = record["value"]?.double, value.isFinite { points.append((time, value)) }
        }
        self.points = points
        leftOut = records.count - points.count
    }

    /// The lines of the chart, at most `width` columns and about `height` lines.
    func render(width: Int, height: Int) -> String {
        guard let first = points.first, let last = points.last else { return "(no records to plot)\n" }
        var low = points.reduce(first.value) { min($0, $1.value) }
        var high = points.reduce(first.value) { max($0, $1.value) }
        if low == high {
            let margin = max(abs(low) * 0.05, 1)
            (low, high) = (low - margin, high + margin)
        }
        let rows = max(2, height - 3)
        let labels = (0..<rows).map { row in
            row % 4 == 0 || row == rows - 1 ? Self.text(high - (high - low) * Double(row) / Double(rows - 1)) : ""
        }
        let margin = labels.reduce(0) { max($0, $1.utf8.count) }
        let columns = max(8, width - margin - 2)
        let cells = draw(columns, rows, times: first.time...max(last.time, first.time + 1), values: low...high)
        var text = ""
        for row in 0..<rows {
            text += String(repeating: " ", count: margin - labels[row].utf8.count) + labels[row]
            text += labels[row].isEmpty ? " │" : " ┤"
            var line = String.UnicodeScalarView()
            for column in 0..<columns {
                let dots = cells[row * columns + column]
                line.append(dots == 0 ? " " : Unicode.Scalar(0x2800 + UInt32(dots)) ?? " ")
            }
            while line.last == " " { line.removeLast() }
            text += String(line) + "\n"
        }
        text += String(repeating: " ", count: margin + 1) + "└" + String(repeating: "─", count: columns) + "\n"
        text += axis(columns, indent: margin + 2, from: first.time, to: last.time)
        if leftOut > 0 { text += "\(leftOut) records without a finite value are left out\n" }
        return text
    }

    /// One byte of dots for each character (Unicode, braille patterns).
    private func draw(
        _ columns: Int, _ rows: Int, times: ClosedRange<Double>, values: ClosedRange<Double>
    ) -> [UInt8] {
        var cells = [UInt8](repeating: 0, count: columns * rows)
        let bits: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
        func place(_ value: Double, _ range: ClosedRange<Double>, _ count: Int) -> Int {
            let part = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
            // The difference of the greatest numbers has no value of its own.
            guard part.isFinite else { return value > 0 ? count - 1 : 0 }
            return max(0, min(count - 1, Int((part * Double(count - 1)).rounded())))
        }
        func set(_ x: Int, _ y: Int) { cells[(y / 4) * columns + x / 2] |= bits[x % 2][y % 4] }
        var before: (x: Int, y: Int)?
        for point in points {
            let x = place(point.time, times, columns * 2)
            let y = rows * 4 - 1 - place(point.value, values, rows * 4)
            if let before, x - before.x <= columns / 4, x != before.x || y != before.y {
                // A line to the last point, unless there is a gap in time.
                let steps = max(abs(x - before.x), abs(y - before.y))
                for step in 1...steps {
                    set(before.x + (x - before.x) * step / steps, before.y + (y - before.y) * step / steps)
                }
            } else {
                set(x, y)
            }
            before = (x, y)
        }
        return cells
    }

    private func axis(_ columns: Int, indent: Int, from first: Double, to last: Double) -> String {
        let left = Self.time(first, span: last - first)
        let right = Self.time(last, span: last - first)
        guard last > first else { return String(repeating: " ", count: indent) + left + " UTC\n" }
        let middle = Self.time(first + (last - first) / 2, span: last - first)
        var line = String(repeating: " ", count: indent) + left
        let room = columns - left.utf8.count - right.utf8.count
        guard room > 0 else { return line + " to " + right + " UTC\n" }
        if room > middle.utf8.count + 4 {
            let before = (columns - middle.utf8.count) / 2 - left.utf8.count
            line += String(repeating: " ", count: before) + middle
            line += String(repeating: " ", count: room - before - middle.utf8.count)
        } else {
            line += String(repeating: " ", count: room)
        }
        return line + right + "\n"
    }

    /// A time in UTC, as fine as a chart of `span` seconds needs.
    private static func time(_ seconds: Double, span: Double) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        gmtime_r(&moment, &parts)
        let format = span > 20 * 86_400 ? "%Y-%m-%d" : span > 1200 ? "%Y-%m-%d %H:%M" : "%Y-%m-%d %H:%M:%S"
        var buffer = [CChar](repeating: 0, count: 64)
        let count = strftime(&buffer, buffer.count, format, &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func text(_ value: Double) -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = withVaList([value]) { vsnprintf(&buffer, buffer.count, "%.5g", $0) }
        return String(decoding: buffer.prefix(max(0, Int(count))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
