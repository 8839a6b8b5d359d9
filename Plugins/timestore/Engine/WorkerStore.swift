import Glibc
import ModuleABI

/// The series that one worker owns. One thread at a time: the one that has the turn.
final class WorkerStore {
    let environment: StoreEnvironment
    private let cache: FileCache
    // Each access is over at once.
    @exclusivity(unchecked) private var series: [SeriesID: Series] = [:]
    /// The one that was used last, commonly the next, too.
    @exclusivity(unchecked) private var last: Series?
    @exclusivity(unchecked) private var clock: UInt64 = 0

    init(_ environment: StoreEnvironment) {
        self.environment = environment
        cache = FileCache(environment)
    }

    deinit { environment.tally.series.count(-series.count) }

    /// A series, from memory or begun anew.
    func series(_ id: SeriesID) -> Series {
        clock += 1
        if let last, last.id == id {
            last.lastUse = clock
            return last
        }
        if let known = series[id] {
            known.lastUse = clock
            last = known
            return known
        }
        last = nil
        if series.count >= environment.cachedSeries {
            let oldest = series.values.sorted { $0.lastUse < $1.lastUse }.prefix((series.count + 1) / 2)
            for old in oldest { series[old.id] = nil }
            environment.tally.series.count(-oldest.count)
        }
        let new = Series(id, environment: environment, cache: cache)
        new.lastUse = clock
        series[id] = new
        last = new
        environment.tally.series.count()
        return new
    }

    /// Stores records in the order in which they come; answers how many of them, from the first on, are stored.
    func append(_ id: SeriesID, _ records: UnsafeRawBufferPointer) -> (stored: Int, failure: SystemError?) {
        let outcome = series(id).append(records)
        environment.tally.stored.count(outcome.stored)
        if outcome.failure != nil { environment.tally.storeErrors.count() }
        return outcome
    }

    /// The records from `start` to `end`, both included.
    func read(_ id: SeriesID, from start: UInt32, to end: UInt32) throws(SystemError) -> RangeReader {
        RangeReader(try series(id).sources(from: start, to: end))
    }

    /// What is not known to be on the disk.
    func takeDirty() -> Commit { cache.takeDirty() }
    /// Takes back what a commit that failed was for.
    func takeBack(_ commit: Commit) { cache.takeBack(commit) }
    var isDirty: Bool { !cache.dirtyFiles.isEmpty || !cache.dirtyDirectories.isEmpty }

    /// Forgets all files when one that is open has been removed, so that what comes next is not written where nobody sees it.
    func lookForVanishedFiles() {
        guard cache.hasVanishedFile else { return }
        environment.log(
            MH_LOG_WARNING,
            "\(environment.root): files in use were removed by somebody; what they held since is gone with them")
        for series in series.values { series.forget() }
    }
}
