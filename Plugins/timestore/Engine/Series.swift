import Glibc

/// A series and those of its files that have been looked at, year by year. One thread at a time: the one that has the turn.
final class Series {
    let id: SeriesID
    private let environment: StoreEnvironment
    private let cache: FileCache
    private var years: [Int: YearFiles] = [:]
    /// Years that have been looked at and have no files.
    private var emptyYears = YearSet()
    /// The year of the last record that was stored.
    private var current: YearFiles?
    /// The owner's clock of uses.
    var lastUse: UInt64 = 0

    init(_ id: SeriesID, environment: StoreEnvironment, cache: FileCache) {
        self.id = id
        self.environment = environment
        self.cache = cache
    }

    deinit { forget() }

    /// Closes all files; they are looked up anew when they are needed.
    func forget() {
        for year in years.values { for file in year.files { cache.forget(file) } }
        years = [:]
        emptyYears = YearSet()
        current = nil
    }

    /// The files of a year, read in and mended when it is the first time.
    func year(_ number: Int) throws(SystemError) -> YearFiles {
        if let year = years[number] {
            guard year.isStale else { return year }
            forget()
        }
        let year = YearFiles(id: id, year: number, environment: environment, cache: cache)
        try year.load()
        emptyYears.remove(number)
        years[number] = year
        return year
    }

    /// Stores records in the order in which they come; answers how many of them, from the first on, are stored.
    func append(_ records: UnsafeRawBufferPointer) -> (stored: Int, failure: SystemError?) {
        let count = records.count / RecordBytes.size
        var index = 0
        var mayRetry = true
        while index < count {
            do throws(SystemError) {
                let time = RecordBytes.time(records, index)
                let year: YearFiles
                if let current, current.contains(time), !current.isStale {
                    year = current
                } else {
                    year = try self.year(CalendarDay(time).year)
                    current = year
                }
                index += try year.store(records, from: index)
            } catch {
                // A file is not where it was: an operator has moved things, so look again, once.
                guard error.number == ENOENT, mayRetry else { return (index, error) }
                mayRetry = false
                forget()
            }
        }
        return (count, nil)
    }

    /// The parts of files that hold the records from `start` to `end`, both included.
    func sources(from start: UInt32, to end: UInt32) throws(SystemError) -> [RangeSource] {
        do throws(SystemError) { return try foundSources(from: start, to: end) } catch {
            guard error.number == ENOENT else { throw error }
            forget()
            return try foundSources(from: start, to: end)
        }
    }

    private func foundSources(from start: UInt32, to end: UInt32) throws(SystemError) -> [RangeSource] {
        guard start <= end else { return [] }
        var sources: [RangeSource] = []
        for number in CalendarDay(start).year...CalendarDay(end).year where !emptyYears.contains(number) {
            let year = try self.year(number)
            if year.files.isEmpty {
                // One bit is kept of it; series that are asked for all time would hold a lot of nothing otherwise.
                years[number] = nil
                if current === year { current = nil }
                emptyYears.insert(number)
                continue
            }
            for file in year.files where file.first <= end && file.last >= start {
                let open = try year.opened(file)
                let all = 0..<file.count
                let low = file.first >= start ? 0 : try open.lowerBound(start, in: all)
                let high = file.last <= end ? file.count : try open.upperBound(end, in: low..<file.count)
                guard low < high else { continue }
                sources.append(
                    RangeSource(
                        file: open, records: low..<high, first: low == 0 ? file.first : try open.time(low),
                        rank: number << 32 | file.age))
            }
        }
        return sources
    }
}

/// A set of the years from 1970 to 2161, 24 bytes.
private struct YearSet {
    private var bits: (UInt64, UInt64, UInt64) = (0, 0, 0)

    private static func place(_ year: Int) -> (word: Int, bit: UInt64) {
        ((year - 1970) / 64, 1 << UInt64((year - 1970) % 64))
    }

    func contains(_ year: Int) -> Bool {
        let (word, bit) = Self.place(year)
        return (word == 0 ? bits.0 : word == 1 ? bits.1 : bits.2) & bit != 0
    }

    mutating func insert(_ year: Int) { change(year) { $0 |= $1 } }
    mutating func remove(_ year: Int) { change(year) { $0 &= ~$1 } }

    private mutating func change(_ year: Int, _ body: (inout UInt64, UInt64) -> Void) {
        let (word, bit) = Self.place(year)
        switch word {
        case 0: body(&bits.0, bit)
        case 1: body(&bits.1, bit)
        default: body(&bits.2, bit)
        }
    }
}
