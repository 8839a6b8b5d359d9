import ModuleABI
import ModuleKit

/// The store for threads that may block: commands and other modules. Each call goes to the owner of its series and waits.
struct StoreAccess {
    let context: StoreContext

    /// Stores records; answers how many, from the first on, when not all of them are as safe as the mode promises it throws.
    func append(_ id: SeriesID, _ records: [UInt8]) -> (stored: Int, failure: ModuleFailure?) {
        typealias Outcome = (stored: Int, failure: SystemError?, isSafe: Bool)
        do throws(ModuleFailure) {
            let outcome = try Rendezvous<Outcome>.later(on: context.owner(of: id)) { worker, done in
                let (stored, failure) = records.withUnsafeBytes { bytes in worker.withStore { $0.append(id, bytes) } }
                worker.finish(stored > 0) { isSafe in done((stored, failure, isSafe)) }
            }
            if let failure = outcome.failure {
                let refusal = failure.failure("\(id.text): records are not stored in \(context.environment.root)")
                context.faults.report(refusal.text)
                return (outcome.stored, refusal)
            }
            if !outcome.isSafe {
                let text = "\(id.text): records are stored, but not safe on the disk; the log says why"
                return (outcome.stored, ModuleFailure(MH_E_IO, text))
            }
            return (outcome.stored, nil)
        } catch {
            return (0, error)
        }
    }

    /// What reads the records from `start` to `end`, both included; to be used on the calling thread.
    func read(_ id: SeriesID, _ start: UInt32, _ end: UInt32) throws(ModuleFailure) -> RangeReader {
        typealias Outcome = Result<RangeReader, SystemError>
        let outcome = try Rendezvous<Outcome>.run(on: context.owner(of: id)) { worker in
            do throws(SystemError) {
                return Outcome.success(
                    try worker.withStore { (store) throws(SystemError) in try store.read(id, from: start, to: end) })
            } catch {
                return Outcome.failure(error)
            }
        }
        switch outcome {
        case .success(let reader): return reader
        case .failure(let error):
            throw error.failure("\(id.text): records cannot be read in \(context.environment.root)")
        }
    }
}
