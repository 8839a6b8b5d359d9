// What script functions and pseudo-variables share: the "table=>key" of their arguments, and text that lives until a thread's next call.
import Glibc
import ModuleABI
import ModuleKit

/// The two parts of "table=>key": the name without blanks, the key as it is.
struct TableAndKey {
    var table: UnsafeRawBufferPointer
    var key: UnsafeRawBufferPointer

    /// Nil when there is no "=>" or no table name before it.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")), equals + 1 < text.count,
            text[equals + 1] == UInt8(ascii: ">")
        else { return nil }
        var start = 0
        var end = equals
        while start < end, text[start] == 0x20 { start += 1 }
        while end > start, text[end - 1] == 0x20 { end -= 1 }
        guard start < end else { return nil }
        table = UnsafeRawBufferPointer(rebasing: text[start..<end])
        key = UnsafeRawBufferPointer(rebasing: text[(equals + 2)...])
    }
}

/// What a thread keeps from one call of a script to the next. It is made at the first call and freed when the thread ends.
final class ScriptThread {
    /// The iterators of routes, by name.
    var iterators: [[UInt8]: TableIterator] = [:]
    /// The expired item that this thread is telling of.
    var record: (key: [UInt8], value: ItemCopy)?
    @exclusivity(unchecked) var copy = ItemCopy()
    /// The route that runs has locked a slot, and perhaps unlocked it.
    var mayHoldSlots = false
    @exclusivity(unchecked) private var text: UnsafeMutableRawBufferPointer = .allocate(
        byteCount: ScriptThread.roomSize, alignment: 1)

    /// Most iterators of one thread: a route that makes names and never ends them is stopped here.
    static let mostIterators = 4096

    /// Where threads keep theirs; who asks often keeps the number.
    static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { raw in
            if let raw { Unmanaged<ScriptThread>.fromOpaque(raw).release() }
        }
        return key
    }()

    /// The calling thread's.
    static var current: ScriptThread { uncounted(key).takeUnretainedValue() }

    /// The same without a count of references; it lives as long as the thread.
    @inline(__always) static func uncounted(_ key: pthread_key_t) -> Unmanaged<ScriptThread> {
        pthread_getspecific(key).map { Unmanaged<ScriptThread>.fromOpaque($0) } ?? make(key)
    }

    @inline(never) private static func make(_ key: pthread_key_t) -> Unmanaged<ScriptThread> {
        let new = Unmanaged.passRetained(ScriptThread())
        pthread_setspecific(key, new.toOpaque())
        return new
    }

    deinit { text.deallocate() }

    /// Bytes of a value that are copied right to where the host reads them; longer ones are copied once more.
    private static let roomSize = 1024

    /// Memory for a value that stays valid until the next call on this thread.
    @inline(__always) var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: text[..<Self.roomSize])
    }

    /// A value that stays valid until the next call on this thread.
    func value(_ copy: ItemCopy) -> mh_value {
        if copy.isInteger { return mh_int(copy.integer) }
        return value(copy.bytes)
    }

    func value(_ bytes: [UInt8]) -> mh_value {
        if text.count < bytes.count {
            text.deallocate()
            text = .allocate(byteCount: bytes.count * 2, alignment: 1)
        }
        text.copyBytes(from: bytes)
        return mh_text(mh_str(borrowing: UnsafeRawBufferPointer(rebasing: text[..<bytes.count])))
    }
}

extension mh_value {
    /// Text as it is, integers in decimal, nothing for the rest.
    var scriptBytes: [UInt8] {
        switch type {
        case MH_STRING, MH_BLOB: Array(self.as.text.bytes)
        case MH_INT, MH_BOOL, MH_TIME, MH_DURATION, MH_SIZE: Array(String(self.as.integer).utf8)
        default: []
        }
    }

    /// An integer, also one written as text.
    var scriptInteger: Int64? {
        switch type {
        case MH_INT, MH_BOOL, MH_TIME, MH_DURATION, MH_SIZE: self.as.integer
        case MH_STRING: Int64(self.as.text.string)
        default: nil
        }
    }
}
