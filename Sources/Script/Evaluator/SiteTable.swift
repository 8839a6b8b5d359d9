// What the loop of instructions needs of places that name a pseudo-variable, and of texts, in memory without counted references:
// counting them cost more than the look-up that a loop is for, and workers would share the counts. This file owns the memory and
// holds the objects that it names; all of it is freed with the evaluator.

/// A place that names a pseudo-variable.
struct SiteAccess {
    let site: Unmanaged<VariableSite>
    /// The variable, where nothing but its key is to be known; nil: the long way.
    let direct: Unmanaged<DirectVariable>?
    /// Whether there is one, and its key is the same at each access.
    let isStraight: Bool
    /// The key, where it is the same at each access.
    let key: UnsafeRawBufferPointer
    /// The text that the key comes from; nil where it is `key`.
    let format: Unmanaged<ScriptFormat>?
    /// Where the value lies and what becomes of it, for one of the worker's variables behind which one operation stands.
    let operation: (place: Place, operation: Unmanaged<PreparedOperation>)?
}

/// The places of a program as one evaluator has them.
final class SiteTable {
    private let sites: [VariableSite]
    private let variables: [DirectVariable]
    let start: UnsafeMutablePointer<SiteAccess>

    init(_ sites: [VariableSite]) {
        self.sites = sites
        start = .allocate(capacity: max(1, sites.count))
        var variables: [DirectVariable] = []
        for (index, site) in sites.enumerated() {
            let direct = Self.direct(site)
            if let direct { variables.append(direct) }
            var format: Unmanaged<ScriptFormat>?
            var key = UnsafeRawBufferPointer(start: nil, count: 0)
            switch site.key {
            case .none: break
            case .constant(let bytes): key = Self.copy(bytes)
            case .format(let text): format = .passUnretained(text)
            }
            (start + index).initialize(
                to: SiteAccess(
                    site: .passUnretained(site), direct: direct.map { .passUnretained($0) },
                    isStraight: direct != nil && format == nil, key: key, format: format,
                    operation: Self.operation(site)))
        }
        self.variables = variables
    }

    deinit {
        for index in sites.indices { start[index].key.deallocate() }
        start.deinitialize(count: sites.count)
        start.deallocate()
    }

    private static func direct(_ site: VariableSite) -> DirectVariable? {
        guard case .outside = site.storage, case .known(.none) = site.index, !site.isTransformed else { return nil }
        return site.prepared as? DirectVariable
    }

    private static func operation(_ site: VariableSite) -> (place: Place, operation: Unmanaged<PreparedOperation>)? {
        guard case .worker(let place, _) = site.storage, site.transformations.count == 1,
            let operation = site.transformations[0] as? PreparedOperation
        else { return nil }
        return (place, .passUnretained(operation))
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeRawBufferPointer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
        return UnsafeRawBufferPointer(memory)
    }
}

/// One piece of a text with pseudo-variables, in order.
enum FormatStep {
    case literal(UnsafePointer<UInt8>, Int)
    /// One of the worker's variables as it is.
    case worker(Place, Unmanaged<VariableSite>)
    case site(Unmanaged<VariableSite>)
}

/// The pieces of a text.
final class FormatSteps: @unchecked Sendable {
    // @unchecked: written in init only.
    private let sites: [VariableSite]
    private var literals: [UnsafeMutablePointer<UInt8>] = []
    let start: UnsafeMutablePointer<FormatStep>
    let count: Int

    init(_ pieces: [ScriptFormat.Piece]) {
        count = pieces.count
        start = .allocate(capacity: max(1, pieces.count))
        var sites: [VariableSite] = []
        for (index, piece) in pieces.enumerated() {
            let step: FormatStep
            switch piece {
            case .literal(let bytes):
                let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
                bytes.withUnsafeBufferPointer {
                    if let start = $0.baseAddress { memory.initialize(from: start, count: $0.count) }
                }
                literals.append(memory)
                step = .literal(memory, bytes.count)
            case .variable(let site):
                if case .worker(let place, _) = site.storage, !site.isTransformed {
                    step = .worker(place, .passUnretained(site))
                } else {
                    step = .site(.passUnretained(site))
                }
                sites.append(site)
            }
            (start + index).initialize(to: step)
        }
        self.sites = sites
    }

    deinit {
        for literal in literals { literal.deallocate() }
        start.deinitialize(count: count)
        start.deallocate()
    }
}
