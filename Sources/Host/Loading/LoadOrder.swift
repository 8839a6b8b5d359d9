/// Sorts modules so that providers come before those that require them; otherwise keeps the order of the config.
enum LoadOrder {
    enum Fault: Error, Equatable {
        /// The names around the circle, the first one again at the end.
        case cycle([String])
        case missing(module: String, interface: String)
    }

    /// The indexes of `notes` in start order. Optional requirements order modules too, unless that would make a circle.
    static func sort(_ notes: [ModuleNote]) -> (order: [Int], faults: [(index: Int, fault: Fault)]) {
        var faults: [(Int, Fault)] = []
        func providers(of requirement: ModuleNote.Interface) -> [Int] {
            notes.indices.filter { index in notes[index].provides.contains { requirement.isSatisfied(by: $0) } }
        }
        var hard: [[Int]] = Array(repeating: [], count: notes.count)
        var soft: [[Int]] = Array(repeating: [], count: notes.count)
        for (index, note) in notes.enumerated() {
            for requirement in note.requires {
                let all = providers(of: requirement)
                let found = all.filter { $0 != index }
                if all == [index], !requirement.isOptional {
                    faults.append((index, .cycle([note.name, note.name])))
                } else if requirement.isOptional {
                    soft[index] += found
                } else if found.isEmpty {
                    faults.append((index, .missing(module: note.name, interface: requirement.description)))
                } else {
                    hard[index] += found
                }
            }
        }
        var before = hard
        // An optional requirement counts unless what it asks for, by way of others, needs the one that asks.
        func reaches(_ from: Int, _ to: Int) -> Bool {
            var seen: Set<Int> = []
            var open = [from]
            while let next = open.popLast() {
                if next == to { return true }
                if seen.insert(next).inserted { open += before[next] }
            }
            return false
        }
        for index in notes.indices {
            for provider in soft[index] where !reaches(provider, index) { before[index].append(provider) }
        }
        enum Mark { case new, open, done }
        var marks = Array(repeating: Mark.new, count: notes.count)
        var order: [Int] = []
        var path: [Int] = []
        func visit(_ index: Int) {
            guard marks[index] == .new else { return }
            marks[index] = .open
            path.append(index)
            for next in before[index] {
                if marks[next] == .open {
                    let circle = path[(path.firstIndex(of: next) ?? 0)...] + [next]
                    faults.append((index, .cycle(circle.map { notes[$0].name })))
                } else {
                    visit(next)
                }
            }
            path.removeLast()
            marks[index] = .done
            order.append(index)
        }
        for index in notes.indices { visit(index) }
        return (order, faults)
    }
}
