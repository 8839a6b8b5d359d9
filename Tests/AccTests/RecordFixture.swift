import AccIntake
import Foundation
import ModuleABI
import ModuleKit

/// Parses text outside any host: rows as values, rejections as "line N: …".
struct RecordFixture {
    var layout: RowLayout
    var limit = 1 << 20
    static let arrival: Int64 = 1_795_227_895_250_000

    init(
        _ columns: String = "id:string,n:int,x:float,at:time,raw:blob", time: String? = nil,
        delimiter: String = "|"
    ) throws {
        let names = columns.split(separator: ",").map(String.init)
        layout = try RowLayout(
            columns: try Column.parse(names), timeColumn: time, delimiter: delimiter.utf8.first ?? 0)
    }

    struct Outcome: Equatable {
        var rows: [[Value]] = []
        var rejected = 0
        /// The first fault of each stretch that has one.
        var faults: [String] = []
        var answers = 0
    }

    /// Feeds chunks one after another, then ends the input.
    func parse(chunks: [[UInt8]], ends: Bool = true) -> Outcome {
        var feed = LineFeed(parser: RecordParser(layout: layout), limit: limit)
        let batch = RowBatch(columns: layout.columns.count)
        var outcome = Outcome()
        func settle(_ stretches: [Stretch]) {
            var rows = 0
            for stretch in stretches {
                rows += stretch.rows
                outcome.rejected += stretch.rejected
                if let fault = stretch.fault { outcome.faults.append(fault.description) }
                if stretch.wantsAnswer { outcome.answers += 1 }
            }
            precondition(rows == batch.count, "the stretches hold every row of the batch")
            for index in 0..<batch.count { outcome.rows.append(batch.row(index).map { Value($0) }) }
            batch.reset()
        }
        for chunk in chunks {
            // Each chunk is in memory of its own that is gone afterwards, so that a sanitizer sees what outlives it.
            var rest = chunk[...]
            while !rest.isEmpty {
                var stretches: [Stretch] = []
                let copy = Array(rest)
                copy.withUnsafeBufferPointer { bytes in
                    rest = rest.dropFirst(
                        feed.feed(bytes, arrival: RecordFixture.arrival, into: batch, stretches: &stretches))
                    settle(stretches)
                }
            }
        }
        if ends {
            var stretches: [Stretch] = []
            feed.finish(arrival: RecordFixture.arrival, into: batch, stretches: &stretches)
            settle(stretches)
        }
        return outcome
    }

    func parse(_ text: String) -> Outcome { parse(chunks: [Array(text.utf8)]) }

    /// The values of the one row of a line; nil when it is rejected.
    func row(_ line: String) -> [Value]? { parse(line).rows.first }

    /// Why a line is rejected, without "line 1: "; nil when it is not.
    func rejection(_ line: String) -> String? { rejection(Array(line.utf8)) }

    func rejection(_ line: [UInt8]) -> String? {
        parse(chunks: [line]).faults.first.map { String($0.dropFirst("line 1: ".count)) }
    }
}
