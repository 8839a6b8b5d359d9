import Configuration
import Synchronization

/// All commands by name and alias. Any thread.
final class CommandRegistry: Sendable {
    private struct State {
        var commands: [String: Command] = [:]
        var byAlias: [String: String] = [:]
        var order: [String] = []
    }

    private let state = Mutex(State())

    struct Taken: Error {
        var name: String
        /// The module that has it; nil: the host.
        var owner: String?
    }

    /// Adds commands, all or none.
    func add(_ commands: [Command]) throws(Taken) {
        let taken: Taken? = state.withLock { state in
            var names: Set<String> = []
            for command in commands {
                for name in [command.name] + command.aliases {
                    if !names.insert(name).inserted { return Taken(name: name, owner: command.module) }
                    if let primary = state.byAlias[name] ?? (state.commands[name] == nil ? nil : name) {
                        return Taken(name: name, owner: state.commands[primary]?.module)
                    }
                }
            }
            for command in commands {
                state.commands[command.name] = command
                state.order.append(command.name)
                for alias in command.aliases { state.byAlias[alias] = command.name }
            }
            return nil
        }
        if let taken { throw taken }
    }

    func remove(module: String) {
        state.withLock { state in
            let names = Set(state.commands.values.filter { $0.module == module }.map(\.name))
            for name in names { state.commands[name] = nil }
            state.byAlias = state.byAlias.filter { !names.contains($0.value) }
            state.order.removeAll { names.contains($0) }
        }
    }

    func find(_ name: String) -> Command? {
        state.withLock { state in state.commands[name] ?? state.byAlias[name].flatMap { state.commands[$0] } }
    }

    /// All commands in the order in which they came.
    var all: [Command] { state.withLock { state in state.order.compactMap { state.commands[$0] } } }

    func nearest(to name: String) -> String? {
        let names = state.withLock { state in state.order + state.byAlias.keys.sorted() }
        return nearestName(to: name, in: names)
    }
}
