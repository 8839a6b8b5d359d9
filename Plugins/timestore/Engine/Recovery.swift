import Glibc
import ModuleABI
import ModuleKit

/// After a start that follows a crash: has every file that the last host may have been writing looked at by its owner. It runs in the
/// pool beside the service; what is asked for meanwhile is mended when it is touched.
final class Recovery: @unchecked Sendable {
    // @unchecked: constant.
    private let context: StoreContext
    private let since: Int

    init(_ context: StoreContext, changedSince since: Int) {
        self.context = context
        // Times of files are as coarse as the clock's tick.
        self.since = since - 2
    }

    func start() throws(ModuleFailure) {
        try context.host.loop.offload { self.run() }
    }

    private func run() {
        let tree = DirectoryTree(root: context.environment.root)
        do throws(SystemError) {
            for bucket in try tree.buckets() {
                let (series, _, unfinished) = try tree.contents(of: bucket)
                for (id, year) in unfinished { touch(id, year) }
                for (id, files) in series {
                    for year in Set(files.filter { changed($0.path) }.map(\.year)) { touch(id, year) }
                }
            }
        } catch {
            context.host.log.error(error.failure("\(tree.root): the files cannot be looked at after the crash").text)
        }
    }

    private func changed(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mtim.tv_sec >= since
    }

    private func touch(_ id: SeriesID, _ year: Int) {
        let owner = context.owner(of: id)
        context.host.loop.post(to: owner.index) {
            // A failure comes again, and is reported, when the series is used.
            do throws(SystemError) {
                try owner.withStore { (store) throws(SystemError) in _ = try store.series(id).year(year) }
            } catch {}
        }
    }
}
