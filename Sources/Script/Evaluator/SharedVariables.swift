import Synchronization

/// `$shv`: variables of all workers, behind one lock.
final class SharedVariables: Sendable {
    private let values = Mutex<[ScriptValue]>([])

    /// The value of a variable, 0 before the first assignment.
    func value(_ number: Int) -> ScriptValue {
        values.withLock { values in
            number < values.count ? values[number] : .integer(0)
        }
    }

    /// Assigns; null makes it 0 again.
    func assign(_ value: ScriptValue, to number: Int) {
        values.withLock { values in
            while values.count <= number { values.append(.integer(0)) }
            values[number] = value.isNull ? .integer(0) : value
        }
    }
}
