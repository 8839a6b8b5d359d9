import Glibc
import ModuleABI
import ModuleKit

/// Looks at every file of a series: first as its owner does at the first touch, mending what a crash has left, then record by record.
struct Verification {
    let context: StoreContext
    private(set) var files = 0
    private(set) var records = 0
    private(set) var problems: [String] = []

    init(_ context: StoreContext) { self.context = context }

    /// One file as its owner knows it and as it is on the disk, at one moment.
    private struct State: Sendable {
        var path: String
        var file: OpenFile
        var count: Int
        var first: UInt32
        var last: UInt32
        var header: [UInt8]
        var size: Int
        var agrees: Bool
    }

    mutating func add(_ problem: String) { problems.append(problem) }

    mutating func check(_ id: SeriesID, years: [Int]) {
        for year in years {
            typealias Outcome = Result<[State], SystemError>
            let outcome: Outcome
            do throws(ModuleFailure) {
                outcome = try Rendezvous<Outcome>.run(on: context.owner(of: id)) { worker in
                    do throws(SystemError) {
                        return Outcome.success(
                            try worker.withStore { (store) throws(SystemError) in
                                let files = try store.series(id).year(year)
                                var states: [State] = []
                                for file in files.files { states.append(try Self.state(of: file, in: files)) }
                                return states
                            })
                    } catch {
                        return Outcome.failure(error)
                    }
                }
            } catch {
                problems.append("\(id.text) in \(year): cannot be looked at: \(error.text)")
                continue
            }
            switch outcome {
            case .success(let states): for state in states { check(state) }
            case .failure(let error): problems.append(error.failure("\(id.text) in \(year): cannot be read").text)
            }
        }
    }

    private static func state(of file: SeriesFile, in year: YearFiles) throws(SystemError) -> State {
        let open = try year.opened(file)
        let due = file.dueName
        return State(
            path: year.path(file.name), file: open, count: file.count, first: file.first, last: file.last,
            header: try SystemCall.bytes(open.descriptor, at: 0, count: FileLayout.headerSize),
            size: Int(try SystemCall.status(of: open.descriptor).st_size),
            agrees: due.startDay == file.name.startDay && due.endDay == file.name.endDay && !file.isReadOnly
                && YearFiles.exists(year.path(file.name)))
    }

    private mutating func check(_ state: State) {
        files += 1
        records += state.count
        if state.size != FileLayout.offset(state.count) {
            problems.append(
                "\(state.path): \(state.size) bytes, expected \(FileLayout.offset(state.count)) for \(state.count) records")
        }
        let header = state.header.withUnsafeBytes { bytes in
            bytes.count == FileLayout.headerSize
                ? (
                    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self)),
                    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
                ) : (0, 0)
        }
        if header != (state.first, state.last) {
            problems.append(
                "\(state.path): the header says \(header.0) to \(header.1), expected \(state.first) to \(state.last)")
        }
        if !state.agrees {
            problems.append("\(state.path): the records are of other days or of another year than the name says")
        }
        do throws(SystemError) {
            if let descent = try state.file.firstDescent(count: state.count) {
                problems.append("\(state.path): record \(descent) is before the one in front of it")
            }
            let ends = (try state.file.time(0), try state.file.time(state.count - 1))
            if ends != (state.first, state.last) {
                problems.append(
                    "\(state.path): records from \(ends.0) to \(ends.1), expected \(state.first) to \(state.last)")
            }
        } catch {
            problems.append(error.failure("\(state.path): cannot be read").text)
        }
    }
}
