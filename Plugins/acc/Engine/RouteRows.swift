import ModuleABI
import ModuleKit
import Synchronization

/// Rows that routes bring for one table. Where inserts do not block they are stored at once; where they do, a pool thread stores what has
/// collected while the routes go on (group commit). Any thread.
final class RouteRows: @unchecked Sendable {
    let table: AccountingTable
    private let context: IntakeContext

    private struct State {
        /// Takes the next rows.
        var collecting: RowBatch
        /// Belongs to the pool thread while `isCommitting`.
        var committing: RowBatch
        var isCommitting = false
    }
    private let state: Mutex<State>

    init(_ table: AccountingTable, context: IntakeContext) {
        self.table = table
        self.context = context
        let columns = context.layout.count
        state = Mutex(State(collecting: RowBatch(columns: columns), committing: RowBatch(columns: columns)))
    }

    /// Adds a row, which `fill` writes with texts in the arena, and stores it or has it stored. Throws what `fill` throws, and the
    /// provider's reason where it does not block; elsewhere that is logged.
    func add(
        _ fill: (UnsafeMutablePointer<mh_value>, ByteArena) throws(Rejection) -> Void
    ) throws(Rejection) {
        let outcome = state.withLock { state -> Result<Bool, Rejection> in
            do throws(Rejection) {
                try fill(state.collecting.nextRow(), state.collecting.arena)
            } catch {
                return .failure(error)
            }
            state.collecting.add(line: 0)
            guard table.blocks else {
                let refusal = table.insert(state.collecting).first
                state.collecting.reset()
                if let refusal { return .failure(Rejection(refusal.text)) }
                context.stored.add(1)
                return .success(false)
            }
            defer { state.isCommitting = true }
            return .success(!state.isCommitting)
        }
        if try outcome.get() { commit() }
    }

    private func commit() {
        do throws(ModuleFailure) {
            try context.host.loop.offload { [self] in store() }
        } catch {
            // The host takes no more pool work when it stops: the rows are stored here, late but whole.
            store()
        }
    }

    /// Stores what has collected until nothing is left.
    private func store() {
        while let batch = next() {
            let refusals = table.insert(batch)
            let refused = refusals.reduce(0) { $0 + $1.rows.count }
            context.stored.add(Int64(batch.count - refused))
            guard let first = refusals.first else { continue }
            context.rejected.add(Int64(refused))
            context.host.log.error("acc_db_request: \(refused) of \(batch.count) rows are not stored: \(first.text)")
        }
    }

    private func next() -> RowBatch? {
        state.withLock { state in
            state.committing.reset()
            guard state.collecting.count > 0 else {
                state.isCommitting = false
                return nil
            }
            swap(&state.collecting, &state.committing)
            return state.committing
        }
    }
}
