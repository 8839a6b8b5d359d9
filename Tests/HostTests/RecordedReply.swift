import ModuleABI
import Synchronization
import TestSupport

@testable import Host

/// A consumer that writes down what it hears: `map(a`, `list(`, `)`, `a=5`; and how the reply ended.
final class RecordedReply: ReplyConsumer, Sendable {
    private struct State {
        var words: [String] = []
        var fault: Fault?
        var completions = 0
    }

    private let state = Mutex(State())
    /// Events after which the client is gone.
    private let patience: Int

    init(patience: Int = .max) { self.patience = patience }

    var text: String { state.withLock { $0.words.joined(separator: " ") } }
    var fault: Fault? { state.withLock { $0.fault } }
    var completions: Int { state.withLock { $0.completions } }

    /// Waits for the end of the reply.
    func ended() -> Bool { eventually { completions > 0 } }

    func event(_ event: ReplyEvent, mayBlock: Bool) -> Bool {
        let word =
            switch event {
            case .map(let name, let attributes): "map\(attributes ? "!" : "")(\(name.string)"
            case .list(let name): "list(\(name.string)"
            case .end: ")"
            case .value(let name, let value): "\(name.string)=\(ArgumentValue(value.pointee))"
            }
        return state.withLock { state in
            guard state.words.count < patience else { return false }
            state.words.append(word)
            return true
        }
    }

    func done(_ fault: Fault?) {
        state.withLock { state in
            state.fault = fault
            state.completions += 1
        }
    }
}
