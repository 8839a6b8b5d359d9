// What is done when the files of a year are first read in: whatever a crash has left half done is finished or undone, and reported.
import Glibc
import ModuleABI

extension YearFiles {
    /// Reads in the directory and mends what does not agree.
    func load() throws(SystemError) {
        let prefix = id.text
        var names = try cache.names(in: directory)
        if names.contains(".\(prefix).compact") {
            try finishCompaction()
            names = try cache.names(in: directory)
        }
        for name in names where name.hasPrefix(".\(prefix).") {
            unlink("\(directory)/\(name)")
            report("\(directory)/\(name): removed, it was left by a rewrite that did not come to its end")
        }
        var found: [SeriesFile] = []
        for name in names where name.hasPrefix(prefix) {
            guard let parsed = FileName(name.dropFirst(prefix.count)) else { continue }
            if let file = try read(parsed) { found.append(file) }
        }
        found.sort { ($0.birth, $0.name) < ($1.birth, $1.name) }
        for (age, file) in found.enumerated() { file.age = age }
        files = found.sorted { $0.name < $1.name }
        if environment.followsCrash { cache.touched(everythingOf: self) }
        for file in files where !file.isReadOnly {
            let before = path(file.name)
            rename(file)
            if path(file.name) != before { report("\(before): renamed to \(path(file.name)), as its records say") }
        }
    }

    private func report(_ text: String) {
        environment.tally.mended.count()
        environment.log(MH_LOG_WARNING, text)
    }

    /// Looks at one file; nil when it holds nothing.
    private func read(_ name: FileName) throws(SystemError) -> SeriesFile? {
        let path = path(name)
        let open: OpenFile
        do throws(SystemError) { open = try cache.open(path, O_RDWR) } catch {
            if error.number == ENOENT { return nil }
            throw error
        }
        let status = try SystemCall.status(of: open.descriptor)
        guard status.isRegular else { return nil }
        var count = max(0, Int(status.st_size) - FileLayout.headerSize) / RecordBytes.size
        if count > 0, Int(status.st_size) > FileLayout.offset(count) {
            let extra = Int(status.st_size) - FileLayout.offset(count)
            try open.cut(to: FileLayout.offset(count))
            report("\(path): a partial record of \(extra) bytes at the end is cut off")
        }
        if count == 0 {
            unlink(path)
            report("\(path): removed, it holds no whole record")
            return nil
        }
        let header = try SystemCall.bytes(open.descriptor, at: 0, count: FileLayout.headerSize)
        let (headerFirst, headerLast) = header.withUnsafeBytes {
            (
                $0.loadUnaligned(fromByteOffset: 0, as: UInt32.self).littleEndian,
                $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self).littleEndian
            )
        }
        let first = try open.time(0)
        var last = try open.time(count - 1)
        let file = SeriesFile(year: year, name: name, count: count, first: first, last: last)
        if last == 0, CalendarDay(last).year != year, try open.isZero(from: 0, count: count) {
            // The name and the size got to the disk, nothing else did.
            unlink(path)
            report("\(path): removed, it holds nothing but \(count) empty records, left by a loss of power")
            return nil
        }
        if headerFirst != first || headerLast != last {
            // Somebody was interrupted here; whatever came last may not be what was written.
            if let descent = try open.firstDescent(count: count) {
                if try open.isZero(from: descent, count: count) {
                    try open.cut(to: FileLayout.offset(descent))
                    report("\(path): \(count - descent) empty records at the end, left by a loss of power, are cut off")
                    count = descent
                    last = try open.time(count - 1)
                    (file.count, file.last) = (count, last)
                } else {
                    return try readUnsorted(file, open)
                }
            }
            try open.writeHeader(first, last)
            report(
                "\(path): the header said \(headerFirst) to \(headerLast), the records are \(first) to \(last): mended")
        }
        if CalendarDay(first).year != year || CalendarDay(last).year != year {
            environment.log(
                MH_LOG_ERROR,
                "\(path): holds records of another year than its directory's; they are read, but none are added: move the file"
            )
            file.isReadOnly = true
        }
        cache.keep(open, for: file)
        file.birth = BirthTime.nanoseconds(of: open.descriptor)
        return file
    }

    /// Brings the records of a file into order, which no version of the store writes otherwise.
    private func readUnsorted(
        _ file: SeriesFile, _ open: OpenFile
    ) throws(SystemError) -> SeriesFile? {
        let birth = BirthTime.nanoseconds(of: open.descriptor)
        let sorted = try open.records(0..<file.count).withUnsafeBytes { RecordBytes.sorted($0) }
        try replace(file, with: sorted)
        report("\(path(file.name)): its \(file.count) records were not in order of time: sorted")
        file.birth = birth
        return file
    }
}

extension OpenFile {
    private static let step = 32_768

    /// The index of the first record of the file whose time is before that of the one in front of it.
    func firstDescent(count: Int) throws(SystemError) -> Int? {
        var index = 0
        while index < count {
            // One record is read twice, so that steps are compared with each other.
            let bytes = try records(max(0, index - 1)..<min(count, index + Self.step))
            if let descent = bytes.withUnsafeBytes({ RecordBytes.firstDescent($0) }) { return max(0, index - 1) + descent }
            index += Self.step
        }
        return nil
    }

    /// Whether all records from `index` on are zeros.
    func isZero(from index: Int, count: Int) throws(SystemError) -> Bool {
        var index = index
        while index < count {
            let bytes = try records(index..<min(count, index + Self.step))
            if bytes.contains(where: { $0 != 0 }) { return false }
            index += Self.step
        }
        return true
    }
}
