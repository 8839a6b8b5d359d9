import Glibc
import ModuleABI
import ModuleKit

/// Compacts a series year by year: the merged files are written on the calling thread while the owner goes on, and exchanged by the owner
/// when nothing has changed meanwhile; a series that never rests is compacted by its owner at once.
struct CompactionRun {
    let context: StoreContext
    private(set) var filesBefore = 0
    private(set) var filesAfter = 0
    private static let attempts = 3

    init(_ context: StoreContext) { self.context = context }

    private struct Snapshot: Sendable {
        var sources: [RangeSource]
        var mark: [Int]
        var directory: String
        var files: Int
    }

    mutating func run(_ id: SeriesID, years: [Int]) throws(ModuleFailure) {
        for year in years {
            for attempt in 1...Self.attempts where try run(id, year, isLast: attempt == Self.attempts) { break }
        }
    }

    /// Whether it is done; else the series has changed meanwhile.
    private mutating func run(_ id: SeriesID, _ year: Int, isLast: Bool) throws(ModuleFailure) -> Bool {
        let owner = context.owner(of: id)
        let maxDays = context.environment.maxDaysPerFile
        let prefix = id.text
        if isLast {
            let counts = try onOwner(owner) { (store) throws(SystemError) in
                let files = try store.series(id).year(year)
                let before = files.files.count
                let snapshot = try Self.snapshot(of: files)
                if !snapshot.sources.isEmpty {
                    try files.exchange(
                        for: try YearFiles.prepare(
                            snapshot.sources, directory: snapshot.directory, prefix: prefix, maxDays: maxDays))
                }
                return (before, files.files.count)
            }
            filesBefore += counts.0
            filesAfter += counts.1
            return true
        }
        let snapshot = try onOwner(owner) { (store) throws(SystemError) in
            try Self.snapshot(of: try store.series(id).year(year))
        }
        guard !snapshot.sources.isEmpty else {
            filesBefore += snapshot.files
            filesAfter += snapshot.files
            return true
        }
        let prepared: [(temporary: String, name: FileName)]
        do throws(SystemError) {
            prepared = try YearFiles.prepare(
                snapshot.sources, directory: snapshot.directory, prefix: prefix, maxDays: maxDays)
        } catch {
            throw error.failure("\(prefix): its files cannot be compacted")
        }
        // What is prepared and not exchanged is removed when the files are next read in, unless a plan stands by then.
        let after: Int? = try onOwner(owner) { (store) throws(SystemError) in
            let files = try store.series(id).year(year)
            guard files.overlapMark == snapshot.mark, YearFiles.arePresent(prepared) else { return nil }
            try files.exchange(for: prepared)
            return files.files.count
        }
        guard let after else {
            for file in prepared { unlink(file.temporary) }
            return false
        }
        filesBefore += snapshot.files
        filesAfter += after
        return true
    }

    private static func snapshot(of files: YearFiles) throws(SystemError) -> Snapshot {
        var sources: [RangeSource] = []
        for file in files.overlapping {
            sources.append(
                RangeSource(file: try files.opened(file), records: 0..<file.count, first: file.first, rank: file.age))
        }
        return Snapshot(sources: sources, mark: files.overlapMark, directory: files.directory, files: files.files.count)
    }

    private func onOwner<Answer>(
        _ owner: StoreWorker, _ body: @escaping (WorkerStore) throws(SystemError) -> Answer
    ) throws(ModuleFailure) -> Answer {
        let outcome = try Rendezvous<Result<Answer, SystemError>>.run(on: owner) { worker in
            do throws(SystemError) { return .success(try worker.withStore(body)) } catch { return .failure(error) }
        }
        switch outcome {
        case .success(let answer): return answer
        case .failure(let error): throw error.failure("\(context.environment.root): files cannot be compacted")
        }
    }
}
