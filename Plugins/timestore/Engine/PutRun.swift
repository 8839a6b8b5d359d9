/// Records of PUTs in a row to one series, gathered from one connection to be stored in one step, and how many each PUT has among them.
struct PutRun {
    private(set) var id: SeriesID?
    private(set) var bytes: [UInt8] = []
    /// Of the PUTs that have come in whole.
    private(set) var shares: [Int] = []
    /// Of the PUT whose end has not come.
    private(set) var open = 0

    var isEmpty: Bool { bytes.isEmpty && shares.isEmpty }

    /// Whether records of a series may join; a run of another one is to be stored before.
    func takes(_ other: SeriesID) -> Bool { isEmpty || id == other }

    mutating func add(_ records: UnsafeRawBufferPointer, of id: SeriesID) {
        self.id = id
        bytes.append(contentsOf: records)
        open += records.count / RecordBytes.size
    }

    /// The PUT under way has come in whole.
    mutating func endPut(of id: SeriesID) {
        self.id = id
        shares.append(open)
        open = 0
    }

    /// Forgets what was stored; its space is kept.
    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        shares.removeAll(keepingCapacity: true)
        open = 0
    }
}
