// Merges the overlapping files of a year into sorted ones. The new files are written beside the old; a plan that stands on the disk makes
// the exchange one step: whoever finds the plan finishes it.
import Glibc
import ModuleABI
import Synchronization

/// New files in the place of old ones.
struct CompactionPlan: Equatable {
    /// Names of the files that go, as in the directory.
    var old: [String]
    /// Names of the new files and those that they are to get.
    var new: [(temporary: String, final: String)]

    static func == (left: Self, right: Self) -> Bool { left.text == right.text }

    /// One line for each file: `-` and the name of one that goes, or `+`, the temporary name, a blank and the final name.
    var text: String {
        old.map { "-\($0)\n" }.joined() + new.map { "+\($0.temporary) \($0.final)\n" }.joined() + "end\n"
    }

    init(old: [String], new: [(temporary: String, final: String)]) {
        self.old = old
        self.new = new
    }

    /// Reads a plan; nil when it is not whole.
    init?(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.popLast() == "", lines.popLast() == "end" else { return nil }
        self.init(old: [], new: [])
        for line in lines {
            guard !line.contains("/") else { return nil }
            switch line.first {
            case "-": old.append(String(line.dropFirst()))
            case "+":
                let names = line.dropFirst().split(separator: " ")
                guard names.count == 2 else { return nil }
                new.append((String(names[0]), String(names[1])))
            default: return nil
            }
        }
    }
}

/// Numbers the runs of this process, for the names of their files.
private let runs = Atomic<Int>(0)

extension YearFiles {
    private var planPath: String { "\(directory)/.\(id.text).compact" }

    /// The files that overlap with others, oldest first.
    var overlapping: [SeriesFile] {
        files.filter { file in
            files.contains { $0 !== file && $0.first <= file.last && file.first <= $0.last }
        }.sorted { $0.age < $1.age }
    }

    /// What `overlapping` held when a compaction began; equal when nothing has changed since.
    var overlapMark: [Int] { overlapping.flatMap { [$0.age, $0.count, Int($0.first), Int($0.last)] } }

    /// Writes the new files for the overlapping ones and a plan of the exchange. Any thread: it only reads the old ones.
    static func prepare(
        _ sources: [RangeSource], directory: String, prefix: String, maxDays: Int
    ) throws(SystemError) -> [(temporary: String, name: FileName)] {
        var reader = RangeReader(sources)
        // Two runs may prepare at once; the first to exchange wins.
        let run = runs.add(1, ordering: .relaxed).newValue
        var written: [(temporary: String, name: FileName)] = []
        var output: MergedFile?
        do throws(SystemError) {
            while let piece = try reader.nextBytes() {
                var failure: SystemError?
                piece.withUnsafeBytes { bytes in
                    do throws(SystemError) {
                        var index = 0
                        while index < bytes.count / RecordBytes.size {
                            let time = RecordBytes.time(bytes, index)
                            if let full = output, time > full.limit {
                                written.append((full.path, try full.close()))
                                output = nil
                            }
                            let file: MergedFile
                            if let open = output {
                                file = open
                            } else {
                                file = try MergedFile("\(directory)/.\(prefix).merged\(run)_\(written.count)", time, maxDays)
                                output = file
                            }
                            let count = RecordBytes.run(bytes, from: index, upTo: file.limit)
                            try file.append(UnsafeRawBufferPointer(rebasing: bytes[(index * 8)..<((index + count) * 8)]))
                            index += count
                        }
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
            }
            if let output { written.append((output.path, try output.close())) }
        } catch {
            if let output { unlink(output.path) }
            for file in written { unlink(file.temporary) }
            throw error
        }
        return written
    }

    /// Whether all that was prepared is still there: files are read in anew when a series was forgotten, and what looks left over is removed.
    static func arePresent(_ prepared: [(temporary: String, name: FileName)]) -> Bool {
        prepared.allSatisfy { exists($0.temporary) }
    }

    /// Exchanges the overlapping files for those that were prepared, which are all present. When it throws, those are gone or a plan stands
    /// that names them: they are no longer the caller's.
    func exchange(for prepared: [(temporary: String, name: FileName)]) throws(SystemError) {
        let old = overlapping
        var taken = Set(files.filter { file in !old.contains { $0 === file } }.map(\.name))
        var new: [(temporary: String, final: String)] = []
        for file in prepared {
            var name = file.name
            while taken.contains(name) { name.number += 1 }
            taken.insert(name)
            let temporary = file.temporary.split(separator: "/").last.map(String.init) ?? ""
            new.append((temporary, id.text + name.text))
        }
        let plan = CompactionPlan(old: old.map { id.text + $0.name.text }, new: new)
        do throws(SystemError) { try write(plan) } catch {
            for file in prepared { unlink(file.temporary) }
            throw error
        }
        // The plan stands: from here on it is carried out, now or when the files are next read in, and nothing that it names may go.
        for file in old { cache.forget(file) }
        do throws(SystemError) {
            try SystemCall.syncDirectory(directory)
            try carryOut(plan)
            files = []
            try load()
        } catch {
            isStale = true
            throw error
        }
    }

    private func write(_ plan: CompactionPlan) throws(SystemError) {
        let temporary = "\(directory)/.\(id.text).plan"
        unlink(temporary)
        let file = OpenFile(
            try SystemCall.retrying { open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644) })
        let bytes = Array(plan.text.utf8)
        var failure: SystemError?
        bytes.withUnsafeBytes { bytes in
            do throws(SystemError) {
                try file.write(bytes, at: 0)
                try SystemCall.retrying { fdatasync(file.descriptor) }
                try SystemCall.retrying { Glibc.rename(temporary, planPath) }
            } catch {
                failure = error
            }
        }
        if let failure {
            unlink(temporary)
            throw failure
        }
    }

    /// Finishes a compaction that was interrupted after its plan stood.
    func finishCompaction() throws(SystemError) {
        let file = OpenFile(try SystemCall.retrying { open(planPath, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) })
        let bytes = try SystemCall.bytes(file.descriptor, at: 0, count: 1 << 20)
        guard let plan = CompactionPlan(String(decoding: bytes, as: UTF8.self)) else {
            // It was renamed into place whole, so this is not ours to judge; nothing has been removed on its account.
            environment.log(MH_LOG_ERROR, "\(planPath): is no plan of a compaction; it is removed")
            unlink(planPath)
            return
        }
        try carryOut(plan)
        environment.tally.mended.count()
        environment.log(MH_LOG_WARNING, "\(directory)/\(id.text): finished a compaction that was interrupted")
    }

    private func carryOut(_ plan: CompactionPlan) throws(SystemError) {
        // The old ones go first, and only while all of the new ones are still under their temporary names: later a final name
        // may be the same as an old one.
        if plan.new.allSatisfy({ Self.exists("\(directory)/\($0.temporary)") }) {
            for name in plan.old {
                do throws(SystemError) { try SystemCall.retrying { unlink("\(directory)/\(name)") } } catch {
                    // With an old file and a new one records would be there twice.
                    if error.number != ENOENT { throw error }
                }
            }
        }
        for file in plan.new where Self.exists("\(directory)/\(file.temporary)") {
            try SystemCall.retrying { Glibc.rename("\(directory)/\(file.temporary)", "\(directory)/\(file.final)") }
        }
        try SystemCall.syncDirectory(directory)
        try SystemCall.retrying { unlink(planPath) }
    }
}

/// A file of merged records while it is written.
private final class MergedFile {
    let path: String
    /// The last time that it takes.
    let limit: UInt32
    private let file: OpenFile
    private let first: UInt32
    private var last: UInt32
    private var count = 0

    init(_ path: String, _ first: UInt32, _ maxDays: Int) throws(SystemError) {
        self.path = path
        self.first = first
        last = first
        let day = CalendarDay(first)
        limit = min(CalendarDay.end(ofYear: day.year), CalendarDay.end(of: day.dayOfYear + maxDays, in: day.year))
        unlink(path)
        file = OpenFile(
            try SystemCall.retrying { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644) })
    }

    func append(_ records: UnsafeRawBufferPointer) throws(SystemError) {
        try file.write(records, at: FileLayout.offset(count))
        count += records.count / RecordBytes.size
        last = RecordBytes.time(records, records.count / RecordBytes.size - 1)
    }

    /// Completes it on the disk; the name that its records ask for.
    func close() throws(SystemError) -> FileName {
        try file.writeHeader(first, last)
        try SystemCall.retrying { fdatasync(file.descriptor) }
        return FileName(startDay: CalendarDay(first).dayOfYear, endDay: CalendarDay(last).dayOfYear)
    }
}
