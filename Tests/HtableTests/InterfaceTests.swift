import Glibc
import ModuleABI
import ModuleKit
import Testing

@testable import HtableEngine

@Suite("mh.htable/1, called as another module calls it")
struct InterfaceTests {
    private let functions: mh_htable_interface
    private let context: UnsafeMutableRawPointer
    private let table: OpaquePointer
    private let clock = Clock(at: 1000)

    init() throws {
        let settings = Settings()
        try settings.addTable(.string("t=>autoexpire=60"))
        try settings.addTable(.string("plain=>initval=0;maxsize=2"))
        let tables = Tables()
        try tables.start(settings, clock: clock)
        let published = Provider(tables).publish()
        let (functions, context) = (published.table.pointee, published.context)
        self.functions = functions
        self.context = context
        var raw: OpaquePointer?
        let code = "t".withMHString { functions.open(context, $0, &raw, nil) }
        try #require(code == MH_OK)
        table = try #require(raw)
    }

    private func open(_ name: String) -> OpaquePointer? {
        var raw: OpaquePointer?
        let code = name.withMHString { functions.open(context, $0, &raw, nil) }
        #expect((code == MH_OK) == (raw != nil))
        return raw
    }

    private func set(
        _ key: String, _ content: Content, _ seconds: Int64 = Int64(MH_HTABLE_STANDARD), in other: OpaquePointer? = nil
    )
        -> Int32
    {
        key.withMHString { key in
            content.lend { value in
                var raw = Provider.raw(value)
                return functions.set(context, other ?? table, key, &raw, seconds, nil)
            }
        }
    }

    private func get(_ key: String, room: Int = 64) -> (code: Int32, value: Content?, length: Int, expiry: Int64) {
        var item = mh_htable_item()
        return withUnsafeTemporaryAllocation(byteCount: max(room, 1), alignment: 1) { buffer in
            let code = key.withMHString { functions.get(context, table, $0, buffer.baseAddress, room, &item, nil) }
            guard code == MH_OK else { return (code, nil, item.value.as.text.len, 0) }
            if item.value.type == MH_INT { return (code, .int(item.value.as.integer), 0, item.expires_at) }
            return (code, .text(item.value.as.text.string), item.value.as.text.len, item.expires_at)
        }
    }

    @Test("Items are set, read into the caller's buffer, compared, added to, expired and removed")
    func items() throws {
        #expect(open("nix") == nil)
        #expect(set("a", .text("hello"), 5) == MH_OK)
        #expect(get("a") == (MH_OK, .text("hello"), 5, 1005))
        #expect(get("a", room: 2) == (MH_E_LIMIT, nil, 5, 0))
        #expect(get("none").code == MH_E_NOT_FOUND)
        #expect(set("n", .int(5)) == MH_OK)
        #expect(get("n") == (MH_OK, .int(5), 0, 1060))
        var sum: Int64 = 0
        #expect("n".withMHString { functions.add(context, table, $0, 3, &sum, nil) } == MH_OK)
        #expect(sum == 8)
        #expect("a".withMHString { functions.add(context, table, $0, 3, &sum, nil) } == MH_E_INVALID)
        #expect("none".withMHString { functions.add(context, table, $0, 3, &sum, nil) } == MH_E_NOT_FOUND)
        var (eight, nine, null) = (mh_int(8), mh_int(9), mh_null())
        #expect("n".withMHString { functions.compare_and_set(context, table, $0, &eight, &nine, 0, nil) } == MH_OK)
        #expect("n".withMHString { functions.compare_and_set(context, table, $0, &eight, &nine, 0, nil) } == MH_E_AGAIN)
        #expect("n".withMHString { functions.compare_and_set(context, table, $0, &null, &nine, 0, nil) } == MH_E_AGAIN)
        #expect("m".withMHString { functions.compare_and_set(context, table, $0, &null, &nine, 0, nil) } == MH_OK)
        #expect("n".withMHString { functions.expire(context, table, $0, 7, nil) } == MH_OK)
        #expect(get("n").expiry == 1007)
        #expect("n".withMHString { functions.set_until(context, table, $0, &eight, 5000, nil) } == MH_OK)
        #expect(get("n") == (MH_OK, .int(8), 0, 5000))
        #expect("n".withMHString { functions.set_until(context, table, $0, &eight, 900, nil) } == MH_OK)
        #expect(get("n").code == MH_E_NOT_FOUND)
        #expect("n".withMHString { functions.expire(context, table, $0, 7, nil) } == MH_E_NOT_FOUND)
        #expect("a".withMHString { functions.remove(context, table, $0, nil) } == MH_OK)
        #expect("a".withMHString { functions.remove(context, table, $0, nil) } == MH_E_NOT_FOUND)
        #expect(functions.count(context, table) == 1)
        #expect("x".withMHString { functions.set(context, table, $0, &null, 0, nil) } == MH_E_INVALID)
        let plain = open("plain")
        #expect("x".withMHString { functions.expire(context, plain, $0, 7, nil) } == MH_E_UNSUPPORTED)
        #expect(
            [set("1", .int(1), in: plain), set("2", .int(1), in: plain), set("3", .int(1), in: plain)] == [
                0, 0, MH_E_NO_SPACE,
            ])
        #expect(functions.flush(context, plain, nil) == MH_OK)
        #expect(functions.count(context, plain) == 0)
    }

    private final class Seen {
        var keys: [String] = []
        var most = Int.max
    }

    private func visitor(_ seen: Seen) -> mh_htable_visitor {
        mh_htable_visitor(
            struct_size: UInt32(MemoryLayout<mh_htable_visitor>.size), reserved: 0,
            ctx: Unmanaged.passUnretained(seen).toOpaque(),
            item: { context, item in
                guard let context, let item else { return -1 }
                let seen = Unmanaged<Seen>.fromOpaque(context).takeUnretainedValue()
                seen.keys.append(item.pointee.key.string)
                return seen.keys.count >= seen.most ? 1 : 0
            })
    }

    @Test("Walks see every item or those that match, and end when the visitor says so; batches keep the order of the keys")
    func many() throws {
        for number in 0..<40 { #expect(set("k\(number)", .int(Int64(number))) == MH_OK) }
        let seen = Seen()
        var visitor = visitor(seen)
        #expect(functions.match(context, table, nil, &visitor, nil) == MH_OK)
        #expect(Set(seen.keys).count == 40)
        seen.keys = []
        seen.most = 3
        #expect(functions.match(context, table, nil, &visitor, nil) == MH_OK)
        #expect(seen.keys.count == 3)
        seen.most = .max
        seen.keys = []
        "sw".withMHString { op in
            "k1".withMHString { operand in
                var pattern = mh_htable_pattern(
                    struct_size: UInt32(MemoryLayout<mh_htable_pattern>.size), on: MH_HTABLE_ON_KEY, op: op, operand: operand
                )
                #expect(functions.match(context, table, &pattern, &visitor, nil) == MH_OK)
                #expect(seen.keys.count == 11)
                var removed: Int64 = 0
                #expect(functions.remove_matching(context, table, &pattern, &removed, nil) == MH_OK)
                #expect(removed == 11)
                pattern.on = 9
                #expect(functions.match(context, table, &pattern, &visitor, nil) == MH_E_INVALID)
            }
        }
        seen.keys = []
        "k5".withMHString { first in
            "k1".withMHString { gone in
                "k2".withMHString { last in
                    let names = [first, gone, last]
                    names.withUnsafeBytes { bytes in
                        var array = mh_array(items: bytes.baseAddress, count: 3, stride: 16)
                        #expect(functions.get_batch(context, table, &array, &visitor, nil) == MH_OK)
                        var sums: [Int64] = [-1, -1, -1]
                        #expect(functions.add_batch(context, table, &array, 10, &sums, nil) == MH_OK)
                        #expect(sums == [15, 0, 12])
                    }
                }
            }
        }
        #expect(seen.keys == ["k5", "k2"])
    }

    @Test("A follower hears of changes until it ends; locks are the thread's")
    func followAndLock() throws {
        let heard = Locked<[UInt32]>([])
        var follow = mh_htable_follow(
            struct_size: UInt32(MemoryLayout<mh_htable_follow>.size), flags: MH_HTABLE_FOLLOW_CHANGES,
            ctx: Unmanaged.passUnretained(heard).toOpaque(),
            changed: { context, change in
                guard let context, let change else { return }
                let heard = Unmanaged<Locked<[UInt32]>>.fromOpaque(context).takeUnretainedValue()
                heard.change { $0.append(change.pointee.kind) }
            })
        var follower: OpaquePointer?
        #expect(functions.follow(context, table, &follow, &follower, nil) == MH_OK)
        _ = set("a", .int(1))
        _ = "a".withMHString { functions.remove(context, table, $0, nil) }
        functions.unfollow(context, follower)
        _ = set("a", .int(1))
        #expect(heard.value == [MH_HTABLE_SET, MH_HTABLE_REMOVED])
        follow.flags = 3
        #expect(functions.follow(context, table, &follow, &follower, nil) == MH_E_INVALID)
        "here".withMHString { site in
            #expect("a".withMHString { functions.lock(context, table, $0, site, nil) } == MH_OK)
            #expect("a".withMHString { functions.unlock(context, table, $0, site, nil) } == MH_OK)
            #expect("a".withMHString { functions.unlock(context, table, $0, site, nil) } == MH_E_STATE)
        }
    }
}
