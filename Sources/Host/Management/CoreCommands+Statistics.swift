import CHost

/// The commands about counters and gauges.
extension CoreCommands {
    static func selected(_ host: HostProcess, _ call: CoreCall) throws(Fault) -> [CounterRegistry.Counter] {
        var words = call.arguments.first.map { argument in argument.strings } ?? []
        if words.isEmpty { words = ["all"] }
        let found = words.flatMap { host.counters.select($0) }
        guard !found.isEmpty else { throw Fault(404, "Statistics Not Found: \(words.joined(separator: " "))") }
        return found
    }

    static let getStatistics: Body = { (host, call, reply) throws(Fault) in
        let counters = try selected(host, call)
        reply.list { for counter in counters { reply.text("", "\(counter.group):\(counter.name) = \(counter.value)") } }
    }

    static let fetchStatistics: Body = { (host, call, reply) throws(Fault) in
        let counters = try selected(host, call)
        reply.map { for counter in counters { reply.integer("\(counter.group).\(counter.name)", counter.value) } }
    }

    static let resetStatistics: Body = { (host, call, reply) throws(Fault) in
        for counter in try selected(host, call) where counter.canReset { chost_counter_set(counter.cell, 0) }
    }

    static let clearStatistics: Body = { (host, call, reply) throws(Fault) in
        let counters = try selected(host, call)
        reply.list {
            for counter in counters {
                let before = counter.value
                if counter.canReset { chost_counter_set(counter.cell, 0) }
                let text = "\(counter.group):\(counter.name) = \(counter.canReset ? 0 : before)"
                reply.text("", counter.canReset && before != 0 ? "\(text) (\(before))" : text)
            }
        }
    }
}
