import Foundation
import TestSupport
import Testing

@testable import TimestoreEngine

@Suite("Protocol decoder")
struct DecoderTests {
    /// What a stream says, with the records of a PUT joined.
    private static func decode(_ stream: [UInt8], pieces: Int, stopping: Bool = false) -> [String] {
        var decoder = RequestDecoder()
        var events: [String] = []
        var records: [UInt8] = []
        var start = 0
        while start < stream.count {
            let piece = Array(stream[start..<min(stream.count, start + pieces)])
            var position = 0
            while position < piece.count {
                position += piece[position...].withUnsafeBytes { bytes in
                    decoder.decode(bytes) { event in
                        if case .records(let bytes) = event {
                            records += Array(bytes)
                        } else {
                            if case .putEnd = event { events.append("\(records)") }
                            records = []
                            events.append("\(event)")
                        }
                        return !stopping
                    }
                }
            }
            start += pieces
        }
        return events + ["\(records)", "\(decoder.isBetweenRequests)"]
    }

    @Test("Every input of the fuzzer's corpus says the same in pieces of any size, and when each event stops the decoder")
    func corpus() throws {
        let folder = "\(BuiltProducts.repository)/Tests/Fuzzers/corpus/timestore"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.count >= 13)
        for name in names {
            let stream = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))).dropFirst(2)
            let whole = Self.decode(Array(stream), pieces: max(1, stream.count))
            for pieces in [1, 2, 3, 5, 7, 8, 9, 55, 56, 57, 100] {
                #expect(Self.decode(Array(stream), pieces: pieces) == whole, "\(name) in pieces of \(pieces)")
                #expect(
                    Self.decode(Array(stream), pieces: pieces, stopping: true) == whole, "\(name) in pieces of \(pieces)")
            }
        }
    }

    @Test("Records are lent on as they came: a batch in one buffer is one run, not copied")
    func borrowed() {
        let stream = Wire.put(uuid(1), (0..<1000).map { Record(UInt32($0)) })
        var decoder = RequestDecoder()
        var runs: [(UnsafeRawPointer?, Int)] = []
        stream.withUnsafeBytes { bytes in
            _ = decoder.decode(bytes) { event in
                if case .records(let records) = event { runs.append((records.baseAddress, records.count)) }
                return true
            }
            #expect(runs.count == 1)
            #expect(runs.first?.0 == bytes.baseAddress.map { $0 + 56 })
            #expect(runs.first?.1 == 8000)
        }
    }

    @Test("A UUID is 8-4-4-4-12 hexadecimal digits, and comes back as it was written")
    func identifiers() {
        for good in ["12345678-9abc-def0-1234-56789abcdef0", "ABCDEF00-ABCD-abcd-AbCd-aBcDeF012345"] {
            #expect(SeriesID(good)?.text == good)
        }
        #expect(SeriesID("ABCDEF00-abcd-abcd-abcd-abcdef012345") != SeriesID("abcdef00-abcd-abcd-abcd-abcdef012345"))
        for bad in [
            "", "12345678-9abc-def0-1234-56789abcdef", "12345678_9abc-def0-1234-56789abcdef0",
            "12345678-9abc-def0-1234-56789abcdefg",
        ] {
            #expect(SeriesID(bad) == nil)
        }
    }

    @Test("Any byte at any place of a UUID is taken or refused for what it is")
    func everyByteOfAnIdentifier() {
        let good = Array("01234567-89ab-CDEF-abcd-EfAb12345678".utf8)
        let digits = Array("0123456789abcdefABCDEF".utf8)
        for place in good.indices {
            for byte in UInt8.min...UInt8.max {
                var text = good
                text[place] = byte
                let id = text.withUnsafeBytes { SeriesID($0) }
                let isGood = good[place] == UInt8(ascii: "-") ? byte == UInt8(ascii: "-") : digits.contains(byte)
                #expect((id != nil) == isGood, "byte \(byte) at \(place)")
                if isGood { #expect(id?.text == String(decoding: text, as: UTF8.self)) }
            }
        }
    }

    @Test("A run of records in order ends before the first that descends or is beyond the limit, wherever that is")
    func runs() {
        for count in [0, 1, 2, 63, 64, 65, 66, 128, 129, 130, 200] {
            for place in 0..<max(1, count) {
                var times = (0..<UInt32(count)).map { 1000 + $0 / 2 }
                if place < count { times[place] = 5 }
                var bytes: [UInt8] = []
                for time in times { RecordBytes.append(time, 1, to: &bytes) }
                for limit in [1000, 1031, 1032, 1033, UInt32.max] {
                    for start in [0, 1, 64] where start <= count {
                        var expected = 0
                        for index in start..<count {
                            guard times[index] <= limit, index == start || times[index] >= times[index - 1] else { break }
                            expected += 1
                        }
                        let found = bytes.withUnsafeBytes { RecordBytes.run($0, from: start, upTo: limit) }
                        #expect(found == expected, "\(count) records, \(place) descends, from \(start) to \(limit)")
                    }
                }
            }
        }
    }

    @Test("Days and years are those of the calendar, from 1970 to 2106")
    func calendar() {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC") ?? .gmt
        for time in stride(from: 0, through: Int(UInt32.max), by: 43_207) {
            let date = Date(timeIntervalSince1970: Double(time))
            let day = CalendarDay(UInt32(time))
            guard day.year == calendar.component(.year, from: date),
                day.dayOfYear == calendar.ordinality(of: .day, in: .year, for: date)
            else {
                Issue.record("\(time): \(day)")
                return
            }
        }
    }

    @Test(
        "Times are read as operators write them",
        arguments: [
            ("0", 0), ("1704067200", 1_704_067_200), ("2024-01-01", 1_704_067_200), ("2024-02-29T12:00:01Z", 1_709_208_001),
            ("2024-02-29 12:00", 1_709_208_000), ("now", 1_000_000), ("-90m", 994_600), ("-1d", 913_600), ("-20", 999_980),
        ])
    func times(text: String, expected: UInt32) {
        #expect(TimeArgument.read(text, now: 1_000_000) == expected)
    }

    @Test(
        "What is no time is refused",
        arguments: [
            "", "yesterday", "2023-02-29", "2024-13-01", "1969-12-31", "4294967296", "2024-01-01T25:00", "-1y",
            "2024-01-01Zx",
        ])
    func badTimes(text: String) {
        #expect(TimeArgument.read(text, now: 1_000_000) == nil)
    }
}
