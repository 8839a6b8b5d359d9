/// When an answer to a PUT goes out, and so what it promises.
public enum SyncMode: String, Sendable, CaseIterable {
    /// When the kernel has the records: they survive the death of the process.
    case none
    /// As `none`, and at every interval all is written to the disk.
    case interval
    /// When the records are on the disk: they survive a loss of power. Requests share their fdatasync.
    case always
}

/// What all parts of the store share: constant, but for the counts.
struct StoreEnvironment: Sendable {
    /// The data directory, absolute.
    var root: String
    /// A file takes records of the day of its first one and of so many days after it.
    var maxDaysPerFile = 30
    var sync = SyncMode.none
    /// The last host on the directory died: what it wrote may not be on the disk yet.
    var followsCrash = false
    /// Open files of one worker, at least 4.
    var openFiles = 512
    /// Series of one worker whose files are kept in mind.
    var cachedSeries = 65_536
    var tally = Tally()
    /// Logs a line: level and text.
    var log: @Sendable (Int32, String) -> Void = { _, _ in }

    /// A file that takes records out of order is rewritten while it is no greater than this, bytes.
    static let overflowLimit = 64 * 1024

    func directory(of id: SeriesID, year: Int) -> String {
        let text = id.text.utf8
        return "\(root)/\(year)/\(String(decoding: text.prefix(2), as: UTF8.self))/"
            + String(decoding: text.dropFirst(2).prefix(2), as: UTF8.self)
    }
}
