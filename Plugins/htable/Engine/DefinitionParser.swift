// Reads the text of a table definition: name=>attribute=value;attribute=value. Pure; an error names the place in the text and what
// was expected there.
import ModuleABI
public import ModuleKit

/// Parses Kamailio's table definitions, with our attribute `maxsize`.
public struct DefinitionParser {
    private let text: [UInt8]
    private var position = 0
    private var definition = TableDefinition(name: "")
    private var seen: Set<String> = []

    private static let attributes = [
        "size", "autoexpire", "dbtable", "cols", "coldelim", "colnull", "dbmode", "initval", "updateexpire",
        "dmqreplicate", "reloadat", "maxsize",
    ]
    /// Longest name of a table: with "htable:expired:" before it, it names an event route.
    private static let longestName = 48

    /// The definition; throws with the column, counted from 1, of the first mistake.
    public static func parse(_ text: String) throws(ModuleFailure) -> TableDefinition {
        var parser = DefinitionParser(text: Array(text.utf8))
        return try parser.parse()
    }

    private init(text: [UInt8]) { self.text = text }

    // MARK: Grammar

    private mutating func parse() throws(ModuleFailure) -> TableDefinition {
        skipSpaces()
        let nameStart = position
        while let byte = peek, byte != UInt8(ascii: "="), !Self.isSpace(byte) { position += 1 }
        let name = text[nameStart..<position]
        guard !name.isEmpty else { throw fault(at: nameStart, "found no table name, expected name=>attributes") }
        guard let bad = name.firstIndex(where: { !Self.isNameByte($0) }) else {
            try finishName(String(decoding: name, as: UTF8.self), nameStart)
            return definition
        }
        throw fault(
            at: bad, "the table name holds \(Self.shown(text[bad])), expected letters, digits, \"_\", \"-\", \".\" or \":\"")
    }

    private mutating func finishName(_ name: String, _ start: Int) throws(ModuleFailure) {
        guard name.utf8.count <= Self.longestName else {
            throw fault(
                at: start, "the table name has \(name.utf8.count) bytes, expected at most \(Self.longestName)")
        }
        definition.name = name
        skipSpaces()
        guard peek == UInt8(ascii: "="), position + 1 < text.count, text[position + 1] == UInt8(ascii: ">") else {
            throw fault(at: position, "found \(found) after the table name, expected \"=>\"")
        }
        position += 2
        while true {
            skipSpaces()
            if peek == nil { break }
            if peek == UInt8(ascii: ";") {
                position += 1
                continue
            }
            try parseAttribute()
        }
    }

    private mutating func parseAttribute() throws(ModuleFailure) {
        let start = position
        while let byte = peek, byte != UInt8(ascii: "="), byte != UInt8(ascii: ";"), !Self.isSpace(byte) {
            position += 1
        }
        let name = String(decoding: text[start..<position], as: UTF8.self)
        guard Self.attributes.contains(name) else {
            let near = Self.nearest(to: name).map { "; did you mean \($0)?" } ?? ""
            throw fault(
                at: start, "found the attribute \"\(printable(name.utf8, atMost: 40))\", which tables do not have\(near)")
        }
        guard seen.insert(name).inserted else { throw fault(at: start, "\(name) is given twice") }
        skipSpaces()
        guard peek == UInt8(ascii: "=") else {
            throw fault(at: position, "found \(found) after \(name), expected \"=\" and a value")
        }
        position += 1
        skipSpaces()
        let valueStart = position
        let value = try parseValue(of: name)
        skipSpaces()
        guard peek == nil || peek == UInt8(ascii: ";") else {
            throw fault(at: position, "found \(found) after the value of \(name), expected \";\" or the end")
        }
        try apply(name, value, valueStart)
    }

    private mutating func parseValue(of name: String) throws(ModuleFailure) -> [UInt8] {
        if let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
            let start = position
            position += 1
            while let byte = peek, byte != quote { position += 1 }
            guard peek != nil else { throw fault(at: start, "the quote of \(name) is never closed") }
            position += 1
            return Array(text[(start + 1)..<(position - 1)])
        }
        let start = position
        while let byte = peek, byte != UInt8(ascii: ";") { position += 1 }
        var end = position
        while end > start, Self.isSpace(text[end - 1]) { end -= 1 }
        return Array(text[start..<end])
    }

    // MARK: Attributes

    private mutating func apply(_ name: String, _ value: [UInt8], _ start: Int) throws(ModuleFailure) {
        switch name {
        case "size": definition.size = Int(try number(name, value, start, 0...Int64(Int32.max)))
        case "autoexpire":
            definition.autoexpire = Int(try number(name, value, start, 0...Int64(Int32.max)))
        case "dbtable":
            let text = String(decoding: value, as: UTF8.self)
            guard !text.isEmpty else { throw fault(at: start, "dbtable is empty, expected the name of a table") }
            definition.databaseTable = text
        case "cols": definition.columns = try columns(value, start)
        case "coldelim":
            guard value.count == 1 else {
                throw fault(at: start, "coldelim has \(value.count) bytes, expected one, such as ','")
            }
            definition.columnDelimiter = value[0]
        case "colnull":
            guard value.count <= 1 else {
                throw fault(at: start, "colnull has \(value.count) bytes, expected one or none")
            }
            definition.columnNull = value.first
        case "dbmode": definition.storesAtStop = try number(name, value, start, 0...1) == 1
        case "initval": definition.initialValue = try number(name, value, start, Int64.min...Int64.max)
        case "updateexpire": definition.updatesExpiry = try number(name, value, start, 0...1) == 1
        case "dmqreplicate": definition.isReplicated = try number(name, value, start, 0...1) == 1
        case "reloadat":
            definition.reloadInterval = Int(try number(name, value, start, 0...Int64(Int32.max)))
        default: definition.limit = try limit(value, start)
        }
    }

    private func number(
        _ name: String, _ value: [UInt8], _ start: Int, _ range: ClosedRange<Int64>
    ) throws(ModuleFailure) -> Int64 {
        let text = String(decoding: value, as: UTF8.self)
        guard let number = Int64(text), range.contains(number) else {
            let bounds =
                range == Int64.min...Int64.max
                ? "a whole number of 64 bits" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw fault(at: start, "\(name) is \"\(printable(text.utf8, atMost: 40))\", expected \(bounds)")
        }
        return number
    }

    private func columns(_ value: [UInt8], _ start: Int) throws(ModuleFailure) -> [String] {
        let names = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            String(decoding: $0.drop(while: Self.isSpace).reversed().drop(while: Self.isSpace).reversed(), as: UTF8.self)
        }
        guard (2...8).contains(names.count) else {
            throw fault(
                at: start,
                "cols names \(names.count) columns, expected 2 to 8: the key's, then the value's, as in cols='k,a,b'")
        }
        guard !names.contains("") else { throw fault(at: start, "cols has an empty column name") }
        return names
    }

    private func limit(_ value: [UInt8], _ start: Int) throws(ModuleFailure) -> SizeLimit {
        let digits = value.prefix { (0x30...0x39).contains($0) }
        let unit = String(decoding: value[digits.count...].drop(while: Self.isSpace), as: UTF8.self).lowercased()
        let units: [String: Int] = [
            "b": 1, "bytes": 1, "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20,
            "mib": 1 << 20, "g": 1 << 30, "gb": 1 << 30, "gib": 1 << 30,
        ]
        if let number = Int(String(decoding: digits, as: UTF8.self)), number > 0 {
            if unit.isEmpty { return .items(number) }
            if let factor = units[unit], case (let bytes, false) = number.multipliedReportingOverflow(by: factor) {
                return .bytes(bytes)
            }
        }
        throw fault(
            at: start,
            "maxsize is \"\(printable(value, atMost: 40))\", expected a number of items such as 100000, or of "
                + "bytes with a unit such as 64MiB")
    }

    // MARK: Text

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private var found: String { peek.map(Self.shown) ?? "the end" }

    private static func shown(_ byte: UInt8) -> String {
        (0x21...0x7E).contains(byte)
            ? "\"\(Character(UnicodeScalar(byte)))\"" : "byte 0x\(String(byte, radix: 16, uppercase: true))"
    }

    private mutating func skipSpaces() { while let byte = peek, Self.isSpace(byte) { position += 1 } }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private func fault(at position: Int, _ text: String) -> ModuleFailure {
        let name = definition.name.isEmpty ? "" : " of table \(definition.name)"
        return ModuleFailure(MH_E_INVALID, "column \(position + 1) of the definition\(name): \(text)")
    }

    /// The attribute that differs in at most two letters.
    private static func nearest(to name: String) -> String? {
        let word = Array(name.utf8.prefix(40))
        func distance(_ other: [UInt8]) -> Int {
            var row = Array(0...other.count)
            for (index, byte) in word.enumerated() {
                var diagonal = row[0]
                row[0] = index + 1
                for column in other.indices {
                    let above = row[column + 1]
                    row[column + 1] = min(
                        above + 1, row[column] + 1, diagonal + (byte == other[column] ? 0 : 1))
                    diagonal = above
                }
            }
            return row[other.count]
        }
        let best = attributes.min { distance(Array($0.utf8)) < distance(Array($1.utf8)) }
        return best.flatMap { distance(Array($0.utf8)) <= 2 ? $0 : nil }
    }
}
