// The reads behind `mh.htable/1`, written straight: they are called millions of times a second, and what they do under a lock is no
// more than finding an item and copying it.
import ModuleABI
import ModuleKit

/// An array of the interface: elements of one struct at a distance that the caller chose.
struct BorrowedArray<Element> {
    private let base: UnsafeRawPointer?
    private let stride: Int
    let count: Int

    init(_ raw: mh_array) {
        base = raw.items
        stride = Int(raw.stride)
        count = raw.items == nil ? 0 : Int(raw.count)
    }

    @inline(__always) subscript(_ index: Int) -> UnsafePointer<Element> {
        // Never null: with no elements the count is 0.
        (base.unsafelyUnwrapped + index &* stride).assumingMemoryBound(to: Element.self)
    }
}

extension Provider {
    /// Reads an item into a buffer and tells of it.
    @inline(__always) static func read(
        _ table: HashTable, _ key: UnsafeRawBufferPointer, _ buffer: UnsafeMutableRawPointer?, _ size: Int,
        _ target: UnsafeMutablePointer<mh_htable_item>, _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        let room = UnsafeMutableRawBufferPointer(start: buffer, count: buffer == nil ? 0 : size)
        do throws(ModuleFailure) {
            guard let found = try table.get(key, buffer: room) else { return isMissing(table, error) }
            target.pointee = Provider.item(key, found.value, found.expiry)
            return found.length > room.count ? isLonger(found.length, size, target, error) : MH_OK
        } catch let failure {
            return failure.report(to: error)
        }
    }

    @inline(never) private static func isMissing(_ table: HashTable, _ error: UnsafePointer<mh_error>?) -> Int32 {
        ModuleFailure(MH_E_NOT_FOUND, "there is no such item in table \(table.name)").report(to: error)
    }

    @inline(never) private static func isLonger(
        _ length: Int, _ size: Int, _ target: UnsafeMutablePointer<mh_htable_item>, _ error: UnsafePointer<mh_error>?
    ) -> Int32 {
        target.pointee.value.as.text.len = length
        return ModuleFailure(MH_E_LIMIT, "the value has \(length) bytes, and the buffer \(size); give a larger one")
            .report(to: error)
    }

    /// Reads many items; the visitor is called without any lock, as it may take long or use the table.
    static func readBatch(
        _ table: HashTable, _ raw: mh_array, _ visitor: UnsafePointer<mh_htable_visitor>?
    ) throws(ModuleFailure) {
        guard let visitor, let call = visitor.pointee.item else {
            throw ModuleFailure(MH_E_INVALID, "the visitor has no function `item`")
        }
        let context = visitor.pointee.ctx
        let keys = BorrowedArray<mh_str>(raw)
        var bytes: [UInt8] = []
        let now = table.now
        var isOver = false
        try table.forEachWarm(keys.count, { keys[$0].pointee.bytes }) { (index, hash) throws(ModuleFailure) in
            if isOver { return }
            let key = keys[index].pointee.bytes
            try table.lock(hash, key, "a read")
            guard let item = table.visible(hash, key, now)?.item else {
                hash.stripe.release()
                return
            }
            guard let integer = item.integer else {
                isOver = !show(key, item, hash, &bytes) { item in call(context, item) == 0 }
                return
            }
            let number = integer.loadUnaligned(as: Int64.self)
            var shown = Provider.item(key, .integer(number), item.expiry)
            hash.stripe.release()
            isOver = call(context, &shown) != 0
        }
    }

    /// Shows what is no integer in its bucket; the stripe is locked, and is not when `body` is called.
    @inline(never) private static func show(
        _ key: UnsafeRawBufferPointer, _ item: Item, _ hash: KeyHash, _ bytes: inout [UInt8],
        _ body: (UnsafePointer<mh_htable_item>) -> Bool
    ) -> Bool {
        let expiry = item.expiry
        if let block = item.block {
            block.retain()
            defer { block.release() }
            hash.stripe.release()
            return withUnsafePointer(to: Provider.item(key, block.body.value, expiry), body)
        }
        if case .integer = item.value {
            let shown = Provider.item(key, item.value, expiry)
            hash.stripe.release()
            return withUnsafePointer(to: shown, body)
        }
        bytes.removeAll(keepingCapacity: true)
        if case .bytes(let text) = item.value { bytes.append(contentsOf: text) }
        hash.stripe.release()
        return bytes.lend { text in withUnsafePointer(to: Provider.item(key, .bytes(text), expiry), body) }
    }
}
