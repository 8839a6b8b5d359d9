// The bytes of a row.
import Foundation
import ModuleABI
import Testing

@testable import FlatstoreEngine

/// Formats one row in a room of exactly `room` bytes; nil when it does not fit.
func format(_ fields: [Field], _ settings: Settings = Settings(), room: Int = 8192) -> [UInt8]? {
    withValues(fields) { values in
        let null = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, settings.nullText.count))
        null.initialize(from: settings.nullText, count: settings.nullText.count)
        let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        defer {
            null.deallocate()
            buffer.deallocate()
        }
        let count = RowFormat(settings, nullText: null).write(
            values, fields.count, from: buffer, to: buffer + room)
        return count > 0 ? Array(UnsafeBufferPointer(start: buffer, count: count)) : nil
    }
}

private func row(_ fields: [Field], _ settings: Settings = Settings()) -> String {
    String(decoding: format(fields, settings) ?? Array("full".utf8), as: UTF8.self)
}

/// Splits a row of `escape=backslash` and takes the escapes back: the reader that the format promises.
private func unescape(_ row: [UInt8], _ settings: Settings) -> [[UInt8]]? {
    var fields: [[UInt8]] = [[]]
    var rest = row.dropLast(settings.recordDelimiter.count)[...]
    guard row.suffix(settings.recordDelimiter.count) == settings.recordDelimiter[...] else { return nil }
    while let byte = rest.popFirst() {
        if byte == settings.fieldDelimiter {
            fields.append([])
            continue
        }
        guard byte == settings.escapeCharacter else {
            fields[fields.count - 1].append(byte)
            continue
        }
        guard let letter = rest.popFirst() else { return nil }
        switch letter {
        case UInt8(ascii: "n"): fields[fields.count - 1].append(10)
        case UInt8(ascii: "r"): fields[fields.count - 1].append(13)
        case UInt8(ascii: "t"): fields[fields.count - 1].append(9)
        case UInt8(ascii: "x"):
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            rest = rest.dropFirst(2)
            fields[fields.count - 1].append(value)
        default: fields[fields.count - 1].append(letter)
        }
    }
    return fields
}

@Suite("Row format")
struct RowFormatTests {
    @Test("A row of Kamailio's acc is written byte for byte as Kamailio writes it")
    func kamailioRow() {
        let fields: [Field] = [
            .text("OPTIONS"), .text("abc"), .text(""), .text("cid-a"), .text("200"), .text("O|K"),
            .time(1_795_227_895_123_456), .text("agent|x"), .text("a"), .text("a|b\\c,e%"), .null, .int(286),
        ]
        #expect(row(fields) == "OPTIONS|abc||cid-a|200|O%7CK|1795227895|agent%7Cx|a|a%7Cb\\c,e%||286\n")
    }

    @Test("Every type has its text")
    func types() {
        #expect(row([.int(.min), .int(0), .int(.max)]) == "-9223372036854775808|0|9223372036854775807\n")
        #expect(row([.bool(true), .bool(false), .size(65536)]) == "1|0|65536\n")
        #expect(row([.real(1.5), .real(-0.0)]) == "1.500000|-0.000000\n")
        #expect(row([.real(.infinity), .real(-.infinity)]) == "inf|-inf\n")
        #expect(row([.time(-1), .time(-1_000_000), .time(999_999)]) == "-1|-1|0\n")
        #expect(
            row([.duration(1_500_000_000), .duration(-1), .duration(-1_000), .duration(.min)])
                == "1.500000|-0.000000|-0.000001|-9223372036.854776\n")
        #expect(row([.blob([0, 0x41, 0x7C, 0x5C, 0xFF, 0x0A])]) == "\\x00A\\x7C\\x5C\\xFF\\x0A\n")
        var settings = Settings()
        settings.nullText = Array("\\N".utf8)
        #expect(row([.null, .int(1), .null], settings) == "\\N|1|\\N\n")
    }

    @Test("Integers of every length are written as the standard library writes them")
    func integers() {
        var numbers: [Int64] = [0, 1, -1, .min, .max]
        var power: Int64 = 1
        for _ in 0..<18 {
            power *= 10
            numbers += [power - 1, power, power + 1, -power, 1 - power]
        }
        for _ in 0..<2_000 { numbers.append(Int64.random(in: .min ... .max) >> Int64.random(in: 0..<63)) }
        for number in numbers { #expect(row([.int(number)]) == "\(number)\n") }
    }

    @Test("Floating point is written as %f, ties and carries included")
    func floats() {
        var numbers: [Double] = [
            0.5e-6, 1.5e-6, 2.5e-6, 0.0000005, 0.9999995, 0.99999949999, 999_999.9999996, 1e15 + 0.3,
            4_503_599_627_370_495.5,
            4_503_599_627_370_496, 1e16, 1e22, 1e308, 0.1, 0.2, 1.0 / 3, -2.675, .leastNonzeroMagnitude, .pi,
            -0.0000001, 0.015625, 0.0000019073486328125,
        ]
        for _ in 0..<5_000 {
            numbers.append(Double.random(in: -1e6...1e6))
            numbers.append(Double(Int64.random(in: -1_000_000_000...1_000_000_000)) / 1_048_576 / 64)
            numbers.append(Double(bitPattern: UInt64.random(in: 0..<0x7FF0_0000_0000_0000)))
        }
        for number in numbers { #expect(row([.real(number)]) == String(format: "%f\n", number)) }
    }

    @Test("percent escapes both delimiters and nothing else, wherever they stand in a text of any length")
    func percent() {
        var settings = Settings()
        settings.recordDelimiter = Array("\r\n".utf8)
        for length in 0...70 {
            for special in [UInt8(ascii: "|"), 10, 13, UInt8(ascii: "%"), UInt8(ascii: "\\"), 0, 0xFF] {
                for position in 0..<max(1, length) {
                    var text = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    if length > 0 { text[position] = special }
                    var expected: [UInt8] = []
                    for byte in text {
                        if byte == UInt8(ascii: "|") || byte == 10 || byte == 13 {
                            expected += Array(String(format: "%%%02X", byte).utf8)
                        } else {
                            expected.append(byte)
                        }
                    }
                    #expect(format([.bytes(text)], settings) == expected + [13, 10])
                }
            }
        }
    }

    @Test(
        "backslash gives every byte string back, with any delimiters",
        arguments: [
            ("|", "\n", "\\"), (",", "\r\n", "\\"), ("\t", "\n", "\\"), (";", "#", "!"), ("|", "\0", "\\"),
        ])
    func backslash(field: String, record: String, character: String) {
        var settings = Settings()
        settings.escape = .backslash
        settings.fieldDelimiter = Array(field.utf8)[0]
        settings.recordDelimiter = Array(record.utf8)
        settings.escapeCharacter = Array(character.utf8)[0]
        let awkward = Array("|,;\t\n\r\\%!#nrtx\0\u{7F}é".utf8) + [0xFF, 0x80, 0x1F, 0x20]
        for _ in 0..<3_000 {
            let fields = (0..<Int.random(in: 1...4)).map { _ in
                (0..<Int.random(in: 0...40)).map { _ in
                    Bool.random() ? UInt8.random(in: 0...255) : (awkward.randomElement() ?? 0)
                }
            }
            let row = format(fields.map { .bytes($0) }, settings) ?? []
            #expect(unescape(row, settings) == fields)
            // No byte of the record delimiter stands anywhere but at the end.
            #expect(
                !row.dropLast(settings.recordDelimiter.count).contains {
                    settings.recordDelimiter.contains($0)
                })
        }
    }

    @Test("A row of any length is its fields, each as it stands in a row of its own", arguments: Escape.allCases)
    func fieldByField(escape: Escape) {
        for (field, record) in [("|", "\n"), (",", "\r\n"), ("\t", "\n"), (".", "-"), ("\0", "\n")] {
            var settings = Settings()
            settings.escape = escape
            settings.fieldDelimiter = Array(field.utf8)[0]
            settings.recordDelimiter = Array(record.utf8)
            settings.nullText = Array("NULL".utf8)
            for _ in 0..<60 {
                // Mostly plain rows, as they come; some with a byte or two that need an escape, at any place.
                let awkward = Int.random(in: 0...3) == 0 ? 40 : 100_000
                func text(_ lengths: ClosedRange<Int>) -> [UInt8] {
                    (0..<Int.random(in: lengths)).map { _ in
                        Int.random(in: 0..<awkward) == 0 ? UInt8.random(in: 0...255) : UInt8.random(in: 0x30...0x7A)
                    }
                }
                let fields = (0..<Int.random(in: 1...40)).map { _ -> Field in
                    switch Int.random(in: 0...11) {
                    case 0: .int(Int64.random(in: .min ... .max) >> Int64.random(in: 0..<63))
                    case 1: .null
                    case 2: .real(Double.random(in: -1e6...1e6))
                    case 3: .blob(text(0...20))
                    case 4: .time(Int64.random(in: 0...2_000_000_000_000_000))
                    case 5: .bytes(text(60...300))
                    default: .bytes(text(0...40))
                    }
                }
                let alone = fields.map { (format([$0], settings) ?? []).dropLast(settings.recordDelimiter.count) }
                let expected = Array(alone.joined(separator: [settings.fieldDelimiter])) + settings.recordDelimiter
                #expect(format(fields, settings, room: 65_536) == expected)
            }
        }
    }

    @Test("none writes raw bytes")
    func raw() {
        var settings = Settings()
        settings.escape = .none
        #expect(row([.text("a|b\n"), .int(1)], settings) == "a|b\n|1\n")
    }

    @Test("A row either fits its room to the last byte or is refused, and never writes beyond")
    func room() {
        let long = String(repeating: "x|y", count: 30)
        for escape in Escape.allCases {
            var settings = Settings()
            settings.escape = escape
            settings.nullText = Array("null".utf8)
            let fields: [Field] = [
                .text(long), .int(.min), .null, .real(1e308), .blob(Array(long.utf8)), .duration(.min),
                .time(.max),
                .text("plain text that is a little longer"),
            ]
            let whole = format(fields, settings)
            // Rooms are allocated exactly, so that the address sanitizer sees a byte too many.
            for room in 0..<2_000 {
                if let row = format(fields, settings, room: room) { #expect(row == whole) }
            }
            let bound = withValues(fields) { RowFormat.bound($0, fields.count, nullLength: 4) }
            #expect(format(fields, settings, room: bound) == whole)
        }
    }
}
