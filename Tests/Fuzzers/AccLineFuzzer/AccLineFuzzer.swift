// Feeds arbitrary bytes to acc's line intake under libFuzzer: whatever comes, a stream cut in two gives what it gives whole, and every
// line is a row, a rejection or an answer. Build it as a library target on AccIntake with `-sanitize=fuzzer,address` everywhere, link
// the objects with `swiftc -sanitize=fuzzer,address`, and run it on the folder corpus/acc beside this one.

import AccIntake
import ModuleABI
import ModuleKit

/// What a stream came to.
private struct Outcome: Equatable {
    var rows: [[Value]] = []
    var rejected = 0
    var answers = 0
    var lines: UInt64 = 0
}

private let layout: RowLayout = {
    do throws(ModuleFailure) {
        return try RowLayout(
            columns: [
                Column("id", .string), Column("n", .integer), Column("x", .float), Column("at", .time),
                Column("raw", .blob),
            ], timeColumn: "at")
    } catch {
        preconditionFailure("the fuzzer's columns are good: \(error.text)")
    }
}()

private func parse(_ chunks: [ArraySlice<UInt8>]) -> Outcome {
    var feed = LineFeed(parser: RecordParser(layout: layout), limit: 4096)
    let batch = RowBatch(columns: 5)
    var outcome = Outcome()
    func settle(_ stretches: [Stretch]) {
        var rows = 0
        for stretch in stretches {
            rows += stretch.rows
            outcome.rejected += stretch.rejected
            outcome.answers += stretch.wantsAnswer ? 1 : 0
            precondition((stretch.fault == nil) == (stretch.rejected == 0), "a rejection has its reason")
            if let fault = stretch.fault {
                precondition(fault.line > 0 && fault.text.utf8.count < 1000, "a reason is short: \(fault)")
                precondition(!fault.text.utf8.contains { $0 < 0x20 }, "a reason is one printable line")
            }
        }
        precondition(rows == batch.count, "the stretches hold every row")
        for index in 0..<batch.count { outcome.rows.append(batch.row(index).map { Value($0) }) }
        batch.reset()
    }
    for chunk in chunks {
        var rest = chunk
        while !rest.isEmpty {
            var stretches: [Stretch] = []
            let copy = Array(rest)
            copy.withUnsafeBufferPointer { bytes in
                rest = rest.dropFirst(feed.feed(bytes, arrival: 1, into: batch, stretches: &stretches))
                settle(stretches)
            }
        }
    }
    var stretches: [Stretch] = []
    feed.finish(arrival: 1, into: batch, stretches: &stretches)
    settle(stretches)
    outcome.lines = feed.line
    return outcome
}

/// Called by libFuzzer for each input: its first byte says where the rest is cut. Always answers 0.
@c
public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: size)
    guard let first = input.first else { return 0 }
    let stream = Array(input.dropFirst())
    let cut = stream.isEmpty ? 0 : Int(first) % (stream.count + 1)
    let whole = parse([stream[...]])
    let parted = parse([stream[..<cut], stream[cut...]])
    precondition(whole == parted, "cut at byte \(cut)")
    let lines = stream.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let expected = lines.count - (lines.last?.isEmpty == false ? 0 : 1)
    precondition(whole.lines == UInt64(expected), "found \(whole.lines) lines, expected \(expected)")
    let counted = whole.rows.count + whole.rejected + whole.answers
    let isLoneReturn = lines.last.map { Array($0) == [UInt8(ascii: "\r")] } ?? false
    precondition(
        counted == expected - (isLoneReturn ? 1 : 0), "every line is a row, a rejection or an answer")
    return 0
}
