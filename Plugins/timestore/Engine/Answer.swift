/// The answer to one request, waiting for its turn on its connection. Belongs to the connection's worker.
final class Answer {
    /// What a GET found: small answers as bytes, others as what reads them.
    enum Found {
        case records([UInt8])
        case reader(RangeReader)
    }

    /// 0xFFFFFFFF is the answer.
    var hasFailed = false
    /// Records of a PUT that are stored.
    var stored: UInt32 = 0
    var found: Found?
    /// Steps under way on workers.
    var outstanding = 0
    /// The whole request has come in.
    var isWhole: Bool
    let isGet: Bool

    init(isGet: Bool, isWhole: Bool) {
        self.isGet = isGet
        self.isWhole = isWhole
    }

    var isReady: Bool { isWhole && outstanding == 0 }

    static let failure = UInt32.max
}
