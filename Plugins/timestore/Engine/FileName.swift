/// The part of a file's name behind the UUID: `_<SSS>_<EEE>[_<n>]`, days of the year of the first and the last record.
struct FileName: Hashable, Comparable {
    var startDay: Int
    var endDay: Int
    /// 0: the name has none.
    var number = 0

    init(startDay: Int, endDay: Int, number: Int = 0) {
        self.startDay = startDay
        self.endDay = endDay
        self.number = number
    }

    /// Reads what follows the UUID; nil when it is another file's.
    init?(_ text: Substring) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3 || parts.count == 4, parts[0].isEmpty, let start = Self.day(parts[1]),
            let end = Self.day(parts[2])
        else { return nil }
        self.init(startDay: start, endDay: end)
        if parts.count == 4 {
            guard let number = Int(parts[3]), number > 0, "\(number)" == parts[3] else { return nil }
            self.number = number
        }
    }

    private static func day(_ text: Substring) -> Int? {
        guard text.utf8.count == 3, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func text(_ day: Int) -> String {
        let digits = String(day)
        return String(repeating: "0", count: max(0, 3 - digits.utf8.count)) + digits
    }

    var text: String {
        "_\(Self.text(startDay))_\(Self.text(endDay))" + (number > 0 ? "_\(number)" : "")
    }

    /// The order of the names as bytes, which is the order in which files are asked to take a record.
    static func < (left: Self, right: Self) -> Bool {
        if left.startDay != right.startDay { return left.startDay < right.startDay }
        if left.endDay != right.endDay { return left.endDay < right.endDay }
        guard left.number > 0, right.number > 0 else { return left.number < right.number }
        return "\(left.number)" < "\(right.number)"
    }
}
