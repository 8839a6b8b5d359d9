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

    /// Adds the row of a call and stores it or has it stored. Throws when a value is none of its column's type, and the provider's reason
    /// where it does not block; elsewhere that is logged.
    func add(_ plan: RowPlan, _ call: RowPlan.Call) throws(Rejection) {
        if table.blocks { try collect(plan, call) } else { try storeAtOnce(plan, call) }
    }

    /// Threads do not wait for one another here: a row lies on the stack of its own.
    private func storeAtOnce(_ plan: RowPlan, _ call: RowPlan.Call) throws(Rejection) {
        let columns = plan.layout.count
        let refusal = withUnsafeTemporaryAllocation(of: mh_value.self, capacity: max(1, columns)) { row -> Rejection? in
            withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { room -> Rejection? in
                guard let row = row.baseAddress else { return nil }
                var text = RowText(room: room)
                do throws(Rejection) {
                    try plan.fill(row, from: call, &text)
                    return table.insert(row, columns: columns)
                } catch {
                    return error
                }
            }
        }
        if let refusal { throw refusal }
        context.stored.add(1)
    }

    private func collect(_ plan: RowPlan, _ call: RowPlan.Call) throws(Rejection) {
        let outcome = state.withLock { state -> Result<Bool, Rejection> in
            do throws(Rejection) {
                var text = RowText(arena: state.collecting.arena)
                try plan.fill(state.collecting.nextRow(), from: call, &text)
            } catch {
                return .failure(error)
            }
            state.collecting.add(line: 0)
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
