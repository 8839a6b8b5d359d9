import Glibc

/// The directories of the store, walked name by name: one bucket, the series whose UUIDs begin with the same four characters, at a
/// time. Any thread; it reads names and never writes.
struct DirectoryTree: Sendable {
    var root: String

    struct Bucket: Hashable, Comparable {
        var outer: String
        var inner: String
        static func < (left: Self, right: Self) -> Bool { (left.outer, left.inner) < (right.outer, right.inner) }
    }

    struct Entry {
        var year: Int
        var name: FileName
        var path: String
    }

    /// The years that have a directory, ascending.
    func years() throws(SystemError) -> [Int] {
        try SystemCall.names(in: root).compactMap { name in
            guard name.utf8.count == 4, let year = Int(name), (1970...CalendarDay.lastYear).contains(year) else {
                return nil
            }
            return year
        }.sorted()
    }

    /// The buckets of all years, ascending; with a prefix only those where a UUID that begins so can be.
    func buckets(prefix: String = "") throws(SystemError) -> [Bucket] {
        func fits(_ bucket: String) -> Bool { bucket.hasPrefix(prefix) || prefix.hasPrefix(bucket) }
        var buckets: Set<Bucket> = []
        for year in try years() {
            for outer in try SystemCall.names(in: "\(root)/\(year)") where outer.utf8.count == 2 && fits(outer) {
                for inner in try SystemCall.names(in: "\(root)/\(year)/\(outer)")
                where inner.utf8.count == 2 && fits(outer + inner) {
                    buckets.insert(Bucket(outer: outer, inner: inner))
                }
            }
        }
        return buckets.sorted()
    }

    /// The series of a bucket with their files, and the names that belong to none. Hidden files of the store are no strays: what they
    /// are for is `unfinished`, the series and year of each.
    func contents(
        of bucket: Bucket
    ) throws(SystemError) -> (series: [(id: SeriesID, files: [Entry])], strays: [String], unfinished: [(SeriesID, Int)]) {
        var found: [SeriesID: [Entry]] = [:]
        var strays: [String] = []
        var unfinished: [(SeriesID, Int)] = []
        for year in try years() {
            let directory = "\(root)/\(year)/\(bucket.outer)/\(bucket.inner)"
            for name in try SystemCall.names(in: directory).sorted() {
                let path = "\(directory)/\(name)"
                let isHidden = name.hasPrefix(".")
                let text = name.dropFirst(isHidden ? 1 : 0)
                guard let id = SeriesID(String(text.prefix(SeriesID.length))), text.hasPrefix(bucket.outer + bucket.inner)
                else {
                    strays.append(path)
                    continue
                }
                if isHidden {
                    unfinished.append((id, year))
                } else if let parsed = FileName(text.dropFirst(SeriesID.length)) {
                    found[id, default: []].append(Entry(year: year, name: parsed, path: path))
                } else {
                    strays.append(path)
                }
            }
        }
        return (found.map { ($0.key, $0.value) }.sorted { $0.0.text < $1.0.text }, strays, unfinished)
    }
}
