import Configuration
import Synchronization

/// All commands by name and alias. Any thread.
final class CommandRegistry: Sendable {
    private struct State {
        /// Under its name and each of its aliases.
        var byName: [String: Command] = [:]
        /// In the order in which they came.
        var commands: [Command] = []
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
                    if let present = state.byName[name] { return Taken(name: name, owner: present.module) }
                }
            }
            for command in commands {
                state.commands.append(command)
                for name in [command.name] + command.aliases { state.byName[name] = command }
            }
            return nil
        }
        if let taken { throw taken }
    }

    func remove(module: String) {
        state.withLock { state in
            state.byName = state.byName.filter { $0.value.module != module }
            state.commands.removeAll { $0.module == module }
        }
    }

    func find(_ name: String) -> Command? {
        state.withLock { $0.byName[name] }
    }

    /// All commands in the order in which they came.
    var all: [Command] { state.withLock { $0.commands } }

    func nearest(to name: String) -> String? {
        let names = state.withLock { state in
            state.commands.map(\.name) + state.commands.flatMap(\.aliases).sorted()
        }
        return nearestName(to: name, in: names)
    }
}
