// The management commands on files: list, verify, compact.
import Glibc
import ModuleABI
import ModuleKit

extension TimestoreModule {
    func declareFiles(in builder: ModuleBuilder) {
        builder.command(
            "timestore.list", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "The series with their files, records and times of the first and the last record.",
            example: "timestore.list 1234",
            arguments: [.init("prefix", MH_STRING, optional: true, help: "Only UUIDs that begin so.")]
        ) { call, reply throws(CommandFault) in try self.list(call.string(0) ?? "", reply) }
        builder.command(
            "timestore.verify", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "Reads every record, mends what a crash has left, and names what is wrong.",
            example: "timestore.verify",
            arguments: [.init("uuid", MH_STRING, optional: true, help: "Only this series.")]
        ) { call, reply throws(CommandFault) in try self.verify(call, reply) }
        builder.command(
            "timestore.compact", flags: MH_MI_CHANGE | MH_MI_SLOW,
            summary: "Merges the overlapping files of a series into sorted ones; a crash leaves the old or the new.",
            example: "timestore.compact 12345678-1234-1234-1234-123456789abc",
            arguments: [.init("uuid", MH_STRING, help: "The series.")]
        ) { call, reply throws(CommandFault) in
            let context = try self.running()
            let id = try Self.id(call)
            var run = CompactionRun(context)
            do throws(ModuleFailure) {
                try run.run(id, years: try Self.years(DirectoryTree(root: context.environment.root)))
            } catch {
                context.faults.report(error.text)
                throw Self.fault(error)
            }
            try reply.map { () throws(CommandFault) in
                reply.integer("files_before", run.filesBefore)
                reply.integer("files_after", run.filesAfter)
            }
        }
    }

    private static func years(_ tree: DirectoryTree) throws(ModuleFailure) -> [Int] {
        do throws(SystemError) { return try tree.years() } catch { throw error.failure("\(tree.root): cannot be read") }
    }

    private func list(_ prefix: String, _ reply: Reply) throws(CommandFault) {
        let tree = DirectoryTree(root: try running().environment.root)
        do throws(SystemError) {
            guard reply.beginList() else { return }
            for bucket in try tree.buckets(prefix: prefix) {
                for (id, files) in try tree.contents(of: bucket).series where id.text.hasPrefix(prefix) {
                    var (records, first, last) = (0, UInt32.max, UInt32.min)
                    for file in files {
                        // One that was renamed or replaced between its name and here is missing in this list, not in the store.
                        guard let summary = FileSummary(file.path) else { continue }
                        records += summary.records
                        first = min(first, summary.first)
                        last = max(last, summary.last)
                    }
                    guard records > 0 else { continue }
                    reply.beginMap("series", attributes: true)
                    reply.text("uuid", id.text)
                    reply.integer("files", files.count)
                    reply.integer("records", records)
                    reply.integer("first", first)
                    reply.integer("last", last)
                    guard reply.end() else { return }
                }
            }
            reply.end()
        } catch {
            throw Self.fault(error.failure("\(tree.root): cannot be read"))
        }
    }

    private func verify(_ call: Call, _ reply: Reply) throws(CommandFault) {
        let context = try running()
        let tree = DirectoryTree(root: context.environment.root)
        let mendedBefore = context.tally.mended.now
        var verification = Verification(context)
        var series = 0
        let only = call.string(0) == nil ? nil : try Self.id(call)
        do throws(SystemError) {
            for bucket in try tree.buckets(prefix: only.map { String($0.text.prefix(4)) } ?? "") {
                let (found, strays, unfinished) = try tree.contents(of: bucket)
                for stray in strays where only == nil { verification.add("\(stray): is no file of the store") }
                var years: [SeriesID: Set<Int>] = [:]
                for (id, files) in found { years[id] = Set(files.map(\.year)) }
                for (id, year) in unfinished { years[id, default: []].insert(year) }
                for (id, numbers) in years.sorted(by: { $0.key.text < $1.key.text }) where only == nil || only == id {
                    series += 1
                    verification.check(id, years: numbers.sorted())
                }
            }
        } catch {
            throw Self.fault(error.failure("\(tree.root): cannot be read"))
        }
        try reply.map { () throws(CommandFault) in
            reply.integer("series", series)
            reply.integer("files", verification.files)
            reply.integer("records", verification.records)
            reply.integer("mended", context.tally.mended.now - mendedBefore)
            try reply.list("problems") { () throws(CommandFault) in
                for problem in verification.problems { reply.text("problem", problem) }
            }
        }
    }
}

/// What size and header of a file say.
private struct FileSummary {
    var records: Int
    var first: UInt32
    var last: UInt32

    /// Reads a file; nil when it is gone or has no header.
    init?(_ path: String) {
        do throws(SystemError) {
            let file = OpenFile(try SystemCall.retrying { open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) })
            let header = try SystemCall.bytes(file.descriptor, at: 0, count: FileLayout.headerSize)
            let size = Int(try SystemCall.status(of: file.descriptor).st_size)
            guard header.count == FileLayout.headerSize else { return nil }
            records = (size - FileLayout.headerSize) / RecordBytes.size
            (first, last) = header.withUnsafeBytes {
                (
                    UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt32.self)),
                    UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                )
            }
        } catch {
            return nil
        }
    }
}
