import Glibc
import ModuleABI

/// The files of a series in one year, in memory as on disk. One thread at a time: the one that has the turn.
final class YearFiles {
    let id: SeriesID
    let year: Int
    let directory: String
    let environment: StoreEnvironment
    let cache: FileCache
    /// In the order of their names.
    @exclusivity(unchecked) var files: [SeriesFile] = []
    /// What is here is no longer what is on disk, and it could not be read in anew: to be done before anything else.
    var isStale = false
    private let start: UInt32
    private let end: UInt32

    init(id: SeriesID, year: Int, environment: StoreEnvironment, cache: FileCache) {
        self.id = id
        self.year = year
        self.environment = environment
        self.cache = cache
        directory = environment.directory(of: id, year: year)
        start = UInt32(CalendarDay.firstDay(of: year)) * CalendarDay.seconds
        end = CalendarDay.end(ofYear: year)
    }

    func contains(_ time: UInt32) -> Bool { time >= start && time <= end }

    /// The day of a time of this year, 1 for the first of January.
    private func day(of time: UInt32) -> Int { Int((time - start) / CalendarDay.seconds) + 1 }

    func path(_ name: FileName) -> String { "\(directory)/\(id.text)\(name.text)" }

    func opened(_ file: SeriesFile) throws(SystemError) -> OpenFile {
        try cache.use(file, path: path(file.name))
    }

    var newest: SeriesFile? { files.max { $0.age < $1.age } }

    private func sort() { files.sort { $0.name < $1.name } }

    // MARK: Who takes a record

    /// The file that takes a record of a time, and the last time up to which it takes the records that follow in order.
    ///
    /// It is the first in the order of names that ends before and has days left, unless a younger file holds that very time
    /// already: then the older one would be read first, and records of equal time would change places.
    func taker(of time: UInt32) throws(SystemError) -> (file: SeriesFile, limit: UInt32)? {
        let day = day(of: time)
        var limit = end
        for file in files where !file.isReadOnly {
            let lastDay = file.name.startDay + environment.maxDaysPerFile
            guard day <= lastDay else { continue }
            guard file.last <= time else {
                // Once its end is reached, this one is asked before those behind it.
                limit = min(limit, file.last - 1)
                continue
            }
            guard let tie = try lastTimeWithoutTie(file, time) else { continue }
            limit = min(limit, tie, CalendarDay.end(of: lastDay, in: year))
            // Its name moves with its last day, and with the name the order.
            if files.count > 1 { limit = min(limit, CalendarDay.end(of: day, in: year)) }
            return (file, max(limit, time))
        }
        return nil
    }

    /// The last time from `time` on that no file younger than `file` holds; nil when one holds `time` itself.
    private func lastTimeWithoutTie(_ file: SeriesFile, _ time: UInt32) throws(SystemError) -> UInt32? {
        var limit = UInt32.max
        for other in files where other.age > file.age && other.last >= time {
            if other.first > time {
                limit = min(limit, other.first - 1)
                continue
            }
            let open = try opened(other)
            let next = try open.time(try open.lowerBound(time, in: 0..<other.count))
            if next == time { return nil }
            limit = min(limit, next - 1)
        }
        return limit
    }

    /// The file in which records out of order find their sorted place: the youngest, if it was itself begun out of order and is small.
    private var overflow: SeriesFile? {
        guard let newest, files.count > 1, newest.bytes <= StoreEnvironment.overflowLimit, !newest.isReadOnly,
            files.contains(where: { $0.age < newest.age && $0.last > newest.first })
        else { return nil }
        return newest
    }

    // MARK: Appending

    /// Stores the records from `index` on that go to one place in one step; answers how many.
    func store(_ records: UnsafeRawBufferPointer, from index: Int) throws(SystemError) -> Int {
        let time = RecordBytes.time(records, index)
        if let (file, limit) = try taker(of: time) {
            let count = RecordBytes.run(records, from: index, upTo: limit)
            try append(Self.slice(records, index, count), to: file)
            return count
        }
        guard files.contains(where: { $0.last > time && !$0.isReadOnly }) else {
            // In order, but no file has days left.
            let lastDay = day(of: time) + environment.maxDaysPerFile
            let count = RecordBytes.run(records, from: index, upTo: min(end, CalendarDay.end(of: lastDay, in: year)))
            try begin(Self.slice(records, index, count))
            return count
        }
        return try storeOutOfOrder(records, from: index)
    }

    private static func slice(_ records: UnsafeRawBufferPointer, _ index: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: records[(index * RecordBytes.size)..<((index + count) * RecordBytes.size)])
    }

    /// Appends records in order that the file may take. When it throws, none of them is stored.
    private func append(_ records: UnsafeRawBufferPointer, to file: SeriesFile) throws(SystemError) {
        let open = try opened(file)
        let count = records.count / RecordBytes.size
        let last = RecordBytes.time(records, count - 1)
        do throws(SystemError) {
            if file.hasTail {
                try open.cut(to: FileLayout.offset(file.count))
                file.hasTail = false
            }
            // Records first, the header after them: a header that lags is mended, one that runs ahead would lie.
            try open.write(records, at: FileLayout.offset(file.count))
            if last != file.last { try open.writeHeader(file.first, last) }
        } catch {
            do throws(SystemError) { try open.cut(to: FileLayout.offset(file.count)) } catch {
                file.hasTail = true
                environment.log(MH_LOG_ERROR, "\(path(file.name)): cannot be cut back after a failed write: \(error.reason)")
            }
            throw error
        }
        file.count += count
        file.last = last
        cache.touched(open)
        if day(of: last) != file.name.endDay || day(of: file.first) != file.name.startDay { rename(file) }
    }

    /// Begins a file with records in order. When it throws, none of them is stored.
    @discardableResult
    private func begin(_ records: UnsafeRawBufferPointer) throws(SystemError) -> SeriesFile {
        let count = records.count / RecordBytes.size
        let file = SeriesFile(
            year: year, name: FileName(startDay: 0, endDay: 0), count: count, first: RecordBytes.time(records, 0),
            last: RecordBytes.time(records, count - 1))
        let open = try create(file)
        do throws(SystemError) {
            try open.writeHeader(file.first, file.last)
            try open.write(records, at: FileLayout.headerSize)
        } catch {
            unlink(path(file.name))
            throw error
        }
        file.age = (newest?.age ?? 0) + 1
        file.birth = BirthTime.nanoseconds(of: open.descriptor)
        files.append(file)
        sort()
        cache.keep(open, for: file)
        cache.touched(open)
        return file
    }

    /// Makes an empty file under the first free name, and the directories above it.
    private func create(_ file: SeriesFile) throws(SystemError) -> OpenFile {
        var name = file.dueName
        while true {
            do throws(SystemError) {
                let open = try cache.open(path(name), O_RDWR | O_CREAT | O_EXCL)
                file.name = name
                cache.touched(directory: directory)
                return open
            } catch {
                switch error.number {
                case EEXIST: name.number += 1
                case ENOENT: try makeDirectory()
                default: throw error
                }
            }
        }
    }

    private func makeDirectory() throws(SystemError) {
        var path = environment.root
        for part in directory.dropFirst(environment.root.count).split(separator: "/") {
            cache.touched(directory: path)
            path += "/\(part)"
            do throws(SystemError) { try SystemCall.retrying { mkdir(path, 0o755) } } catch {
                if error.number != EEXIST { throw error }
            }
        }
    }

    /// Gives a file the name that its records ask for. A failure is no loss: the name is mended when the file is next read in.
    func rename(_ file: SeriesFile) {
        var name = file.dueName
        guard name.startDay != file.name.startDay || name.endDay != file.name.endDay else { return }
        while Self.exists(path(name)) { name.number += 1 }
        guard Glibc.rename(path(file.name), path(name)) == 0 else {
            let reason = SystemError.last.reason
            environment.log(MH_LOG_ERROR, "\(path(file.name)): cannot be renamed to \(path(name)): \(reason)")
            return
        }
        file.name = name
        cache.touched(directory: directory)
        sort()
    }

    static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    // MARK: Out of order

    private func storeOutOfOrder(_ records: UnsafeRawBufferPointer, from index: Int) throws(SystemError) -> Int {
        var target = overflow
        let first = CalendarDay(RecordBytes.time(records, index)).dayOfYear
        var days = (low: first, high: first)
        if let file = target {
            days = (min(first, file.name.startDay), max(first, file.name.endDay))
            if days.high - days.low > environment.maxDaysPerFile {
                target = nil
                days = (first, first)
            }
        }
        // With them go the records behind them that no other file takes, so that a batch costs one rewrite.
        let total = min(records.count / RecordBytes.size, index + 65_536)
        var next = index + 1
        while next < total {
            let time = RecordBytes.time(records, next)
            guard contains(time) else { break }
            let day = CalendarDay(time).dayOfYear
            let wider = (low: min(days.low, day), high: max(days.high, day))
            guard wider.high - wider.low <= environment.maxDaysPerFile else { break }
            if let taker = try taker(of: time), taker.file !== target { break }
            days = wider
            next += 1
        }
        let sorted = RecordBytes.sorted(Self.slice(records, index, next - index))
        var failure: SystemError?
        sorted.withUnsafeBytes { sorted in
            do throws(SystemError) {
                if let target {
                    try insert(sorted, into: target)
                } else {
                    // It must be told from those that it overlaps, also after a restart.
                    BirthTime.wait(beyond: files.map(\.birth).max() ?? 0)
                    try begin(sorted)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return next - index
    }

    /// Puts sorted records in their places in a small file, which is replaced as a whole.
    private func insert(_ sorted: UnsafeRawBufferPointer, into file: SeriesFile) throws(SystemError) {
        if RecordBytes.time(sorted, 0) >= file.last { return try append(sorted, to: file) }
        let old = try opened(file).records(0..<file.count)
        guard old.count == file.bytes else { throw SystemError(number: EIO) }
        let merged = old.withUnsafeBytes { RecordBytes.merged($0, sorted) }
        try replace(file, with: merged)
        environment.tally.rewrites.count()
    }

    /// Replaces the records of a file by others in order: whole or not at all, whatever happens.
    func replace(_ file: SeriesFile, with records: [UInt8]) throws(SystemError) {
        let temporary = "\(directory)/.\(id.text).new"
        unlink(temporary)
        let open = try cache.open(temporary, O_RDWR | O_CREAT | O_EXCL)
        let count = records.count / RecordBytes.size
        let (first, last) = records.withUnsafeBytes { (RecordBytes.time($0, 0), RecordBytes.time($0, count - 1)) }
        do throws(SystemError) {
            try open.writeHeader(first, last)
            var failure: SystemError?
            records.withUnsafeBytes { bytes in
                do throws(SystemError) { try open.write(bytes, at: FileLayout.headerSize) } catch { failure = error }
            }
            if let failure { throw failure }
            if environment.sync != .none { try SystemCall.retrying { fdatasync(open.descriptor) } }
            try SystemCall.retrying { Glibc.rename(temporary, path(file.name)) }
        } catch {
            unlink(temporary)
            throw error
        }
        cache.keep(open, for: file)
        cache.touched(open)
        cache.touched(directory: directory)
        file.count = count
        (file.first, file.last) = (first, last)
        file.birth = BirthTime.nanoseconds(of: open.descriptor)
        rename(file)
    }
}
