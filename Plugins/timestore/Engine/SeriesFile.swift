/// One file of a series as its owner knows it.
final class SeriesFile {
    let year: Int
    var name: FileName
    /// Records.
    var count: Int
    var first: UInt32
    var last: UInt32
    /// The place among the files of its year in order of their making: of equal times an older file's were stored first.
    var age = 0
    /// When it was made, as the file system says; what `age` is told from after a restart.
    var birth: UInt64 = 0
    var open: OpenFile?
    /// The owner's clock of uses, for closing the least recently used.
    var lastUse: UInt64 = 0
    /// Behind its records may be more, of a write that failed and could not be taken back: to be cut off before the next write.
    var hasTail = false
    /// Its records are not in order and could not be mended, or it holds records of another year: it takes no more.
    var isReadOnly = false

    init(year: Int, name: FileName, count: Int, first: UInt32, last: UInt32) {
        self.year = year
        self.name = name
        self.count = count
        self.first = first
        self.last = last
    }

    var bytes: Int { count * RecordBytes.size }

    /// The name that the records ask for, without a number.
    var dueName: FileName {
        FileName(startDay: CalendarDay(first).dayOfYear, endDay: CalendarDay(last).dayOfYear)
    }
}
