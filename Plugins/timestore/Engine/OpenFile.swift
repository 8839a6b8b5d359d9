import Glibc

/// A file's descriptor, shared by its owner and by the answers that are still reading from it; closed when the last of them lets go.
final class OpenFile: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
        try SystemCall.write(descriptor, bytes, at: offset)
    }

    func cut(to size: Int) throws(SystemError) {
        try SystemCall.retrying { ftruncate(descriptor, off_t(size)) }
    }

    /// Writes the header: the times of the first and the last record.
    func writeHeader(_ first: UInt32, _ last: UInt32) throws(SystemError) {
        var header = (first.littleEndian, last.littleEndian)
        var failure: SystemError?
        withUnsafeBytes(of: &header) { bytes in
            do throws(SystemError) { try write(bytes, at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// The time of record `index`.
    func time(_ index: Int) throws(SystemError) -> UInt32 {
        var time: UInt32 = 0
        var failure: SystemError?
        withUnsafeMutableBytes(of: &time) { target in
            do throws(SystemError) {
                let count = try SystemCall.read(descriptor, target, at: FileLayout.offset(index))
                // Somebody else has cut the file.
                if count < 4 { throw SystemError(number: EIO) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return UInt32(littleEndian: time)
    }

    /// The index of the first record of `range` whose time is at least `time`; the upper bound when there is none.
    func lowerBound(_ time: UInt32, in range: Range<Int>) throws(SystemError) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if try self.time(middle) < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The index of the first record of `range` whose time is after `time`; the upper bound when there is none.
    func upperBound(_ time: UInt32, in range: Range<Int>) throws(SystemError) -> Int {
        time == .max ? range.upperBound : try lowerBound(time + 1, in: range)
    }

    /// Whole records, fewer when the file ends before.
    func records(_ range: Range<Int>) throws(SystemError) -> [UInt8] {
        try SystemCall.bytes(descriptor, at: FileLayout.offset(range.lowerBound), count: range.count * RecordBytes.size)
    }
}

/// Where things are in a file: 8 bytes of header, then records (timestore reference, "Files").
enum FileLayout {
    static let headerSize = 8

    static func offset(_ index: Int) -> Int { headerSize + index * RecordBytes.size }
}
