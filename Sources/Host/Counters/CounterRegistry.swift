import CHost
import ModuleABI
import Synchronization

/// All counters and gauges, by module (their group) and name. Any thread.
final class CounterRegistry: Sendable {
    struct Counter: @unchecked Sendable {
        // @unchecked: `cell` is an atomic that is never freed.
        var group: String
        var name: String
        var help: String
        var isGauge: Bool
        var cell: OpaquePointer?
        var read: (@Sendable () -> Int64)?

        var value: Int64 { read.map { $0() } ?? chost_counter_get(cell) }
        /// A computed gauge has no cell to reset.
        var canReset: Bool { !isGauge && read == nil }
    }

    private struct Group {
        var order: [String] = []
        var counters: [String: Counter] = [:]
    }

    private let groups = Mutex<[String: Group]>([:])

    /// Makes a counter or finds the one made before; nil when that one is of another kind.
    func make(group: String, name: String, help: String, isGauge: Bool) -> OpaquePointer? {
        groups.withLock { groups in
            if let known = groups[group]?.counters[name] {
                return known.isGauge == isGauge && known.read == nil ? known.cell : nil
            }
            let cell = chost_counter_make()
            groups[group, default: Group()].order.append(name)
            groups[group]?.counters[name] = Counter(
                group: group, name: name, help: help, isGauge: isGauge, cell: cell)
            return cell
        }
    }

    func makeComputed(
        group: String, name: String, help: String,
        read: @escaping @Sendable () -> Int64
    ) -> Bool {
        let counter = Counter(
            group: group, name: name, help: help, isGauge: true, read: read)
        return groups.withLock { groups in
            guard groups[group]?.counters[name] == nil else { return false }
            groups[group, default: Group()].order.append(name)
            groups[group]?.counters[name] = counter
            return true
        }
    }

    /// Forgets a module's counters; their cells stay, since a late add must find them.
    func remove(group: String) { groups.withLock { $0[group] = nil } }

    /// The counters that a word selects: "all", "group:", "group:name" or "name".
    func select(_ word: String) -> [Counter] {
        groups.withLock { groups in
            func list(_ group: Group) -> [Counter] { group.order.compactMap { group.counters[$0] } }
            if word == "all" { return groups.sorted { $0.key < $1.key }.flatMap { list($0.value) } }
            if word.hasSuffix(":") { return groups[String(word.dropLast())].map(list) ?? [] }
            if let colon = word.firstIndex(of: ":") {
                let name = String(word[word.index(after: colon)...])
                if let found = groups[String(word[..<colon])]?.counters[name] { return [found] }
            }
            return groups.sorted { $0.key < $1.key }.compactMap { $0.value.counters[word] }
        }
    }
}
