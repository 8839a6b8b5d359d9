// Tables and short ways to use them.
import Glibc
import ModuleABI
import ModuleKit
import Testing

@testable import HtableEngine

/// A value as tests write it.
enum Content: Equatable, Sendable, CustomStringConvertible {
    case int(Int64)
    case text(String)

    var description: String {
        switch self {
        case .int(let number): "\(number)"
        case .text(let text): "\"\(text)\""
        }
    }

    init(_ value: ItemValue) {
        switch value {
        case .integer(let number): self = .int(number)
        case .bytes(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    func lend<Result>(_ body: (ItemValue) throws -> Result) rethrows -> Result {
        switch self {
        case .int(let number): return try body(.integer(number))
        case .text(let text):
            let bytes = Array(text.utf8)
            return try bytes.withUnsafeBytes { try body(.bytes($0)) }
        }
    }
}

/// A table of a test; small reservation, so that the sanitizers need not shadow gigabytes.
func makeTable(
    _ definition: String = "t=>", clock: Clock = Clock(at: 1_000_000), locks: SlotLocks = SlotLocks(patience: 5),
    seed: UInt64? = nil
) throws -> HashTable {
    try HashTable(
        try DefinitionParser.parse(definition), clock: clock, locks: locks, reserving: 256 << 20, seed: seed)
}

/// Lends a text's bytes.
func lend<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let bytes = Array(text.utf8)
    return try bytes.withUnsafeBytes(body)
}

extension HashTable {
    @discardableResult
    func put(
        _ key: String, _ value: Content, expiry: ExpiryRule = .standard, when condition: WriteCondition = .always
    ) throws -> Bool {
        try HtableTests.lend(key) { key in try value.lend { try set(key, $0, expiry: expiry, when: condition) } }
    }

    func read(_ key: String) throws -> Content? { try readWithExpiry(key)?.value }

    func readWithExpiry(_ key: String) throws -> (value: Content, expiry: UInt32)? {
        var copy = ItemCopy()
        guard try HtableTests.lend(key, { try get($0, into: &copy) }) else { return nil }
        return (copy.isInteger ? .int(copy.integer) : .text(copy.text), copy.expiry)
    }

    @discardableResult
    func drop(_ key: String) throws -> Bool { try HtableTests.lend(key) { try remove($0) } }

    func increase(_ key: String, by amount: Int64 = 1) throws -> Int64? {
        try HtableTests.lend(key) { try add(amount, to: $0) }
    }

    @discardableResult
    func expire(_ key: String, at moment: UInt32) throws -> Bool {
        try HtableTests.lend(key) { try setExpiry(moment, of: $0) }
    }

    /// Everything, in the order of a walk.
    func all() -> [(key: String, value: Content)] {
        var items: [(key: String, value: Content)] = []
        forEach { key, value, _ in
            items.append((String(decoding: key, as: UTF8.self), Content(value)))
            return true
        }
        return items
    }

    /// Everything, in the order of a dump: slot, size as told, keys.
    func dumped(
        matching matcher: Matcher? = nil, capacity: Int = SlotOrder.defaultCapacity
    ) -> [(slot: UInt32, size: Int, keys: [String])] {
        var slots: [(slot: UInt32, size: Int, keys: [String])] = []
        SlotOrder(self, matching: matcher, capacity: capacity).forEachSlot { slot, size, items in
            var keys: [String] = []
            _ = items.forEach { key, _ in
                keys.append(String(decoding: key, as: UTF8.self))
                return true
            }
            slots.append((slot, size, keys))
            return true
        }
        return slots
    }
}

/// Runs work on a number of threads and waits for all; the first failure is thrown.
func inParallel(_ threads: Int, _ work: @escaping @Sendable (Int) throws -> Void) throws {
    final class Job {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }
    let failures = Locked<[String]>([])
    var ids: [pthread_t] = []
    for index in 0..<threads {
        let job = Job {
            do { try work(index) } catch { failures.change { $0.append("\(error)") } }
        }
        var id = pthread_t()
        let code = pthread_create(
            &id, nil,
            { context in
                if let context { Unmanaged<Job>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, Unmanaged.passRetained(job).toOpaque())
        try #require(code == 0)
        ids.append(id)
    }
    for id in ids { pthread_join(id, nil) }
    #expect(failures.value == [])
}

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
    private var stored: Value
    private var mutex = pthread_mutex_t()
    init(_ value: Value) {
        stored = value
        pthread_mutex_init(&mutex, nil)
    }
    func change<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        return body(&stored)
    }
    var value: Value { change { $0 } }
}

/// A small reproducible generator.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
