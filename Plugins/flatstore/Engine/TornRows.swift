// The ends of a table's files when the table is first used: a host that was killed in the middle of a write leaves a torn row in
// the file of each thread that was writing, and not each of those threads need ever write again.
import Glibc
import ModuleABI
import ModuleKit

extension Table {
    /// Cuts the torn last row of every file of this table, whichever thread's it was. Files of another host that runs are left alone; what
    /// cannot be mended now is mended when the file is opened for a row.
    func mendEnds() {
        let stem = "\(settings.filePrefix)\(name)_"
        for file in DirectoryListing.names(in: directoryPath).sorted()
        where file.hasPrefix(stem) && file.hasSuffix(settings.fileSuffix) {
            let index = file.dropFirst(stem.count).dropLast(settings.fileSuffix.count)
            guard UInt32(index) != nil, !index.hasPrefix("+") else { continue }
            let path = "\(prefix)\(file)"
            guard RowFile.endsTorn(path, recordDelimiter: settings.recordDelimiter) else { continue }
            do throws(ModuleFailure) {
                let file = try RowFile.open(
                    path, mode: settings.fileMode, recordDelimiter: settings.recordDelimiter, syncingName: false)
                RowFile.close(file.descriptor)
                if !file.repair.isEmpty { services.log(MH_LOG_WARNING, "\(path): \(file.repair)") }
            } catch {
                if error.code != MH_E_BUSY { services.log(MH_LOG_WARNING, error.text) }
            }
        }
    }
}

extension RowFile {
    /// Whether a regular file holds something and does not end in a record delimiter; false where that cannot be told.
    static func endsTorn(_ path: String, recordDelimiter: [UInt8]) -> Bool {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        do throws(SystemError) {
            let status = try SystemCall.status(of: descriptor)
            let size = Int(status.st_size)
            guard status.isRegular, size > 0 else { return false }
            let tail = try SystemCall.bytes(
                of: descriptor, from: max(0, size - recordDelimiter.count), to: size)
            return tail != recordDelimiter
        } catch {
            return false
        }
    }
}
