// Feeds arbitrary bytes to mi-fifo's framer under libFuzzer, whole and in pieces. Build it together with the
// framer's sources by `swiftc -parse-as-library -sanitize=fuzzer,address`, and run it on corpus/fifo beside
// this folder.

#if canImport(FifoTransport)
@testable import FifoTransport
#endif

/// Called by libFuzzer for each input: its first byte chooses the limit and the pieces, the rest is what
/// clients write. Always answers 0.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFifoFraming(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeRawBufferPointer(start: data, count: size)
    guard let choice = input.first else { return 0 }
    let bytes = UnsafeRawBufferPointer(rebasing: input.dropFirst())
    let maximumSize = choice & 1 == 0 ? 1 << 20 : 64
    let whole = outcome(bytes, piece: bytes.count, maximumSize: maximumSize)
    let parts = outcome(bytes, piece: 1 + Int(choice >> 1), maximumSize: maximumSize)
    precondition(whole.requests == parts.requests, "the outcome depends on how the bytes were split")
    precondition(whole.isPartial == parts.isPartial, "the state depends on how the bytes were split")
    var handedOut = 0
    for request in whole.requests {
        let size: Int
        switch request {
        case .classic(let request):
            // Texts travel beside names and values, so a byte may be handed out twice; quotes lose some.
            size = request.command.count + request.arguments.reduce(0) { $0 + $1.text.count }
        case .json(let request): size = request.text.count
        case .refused(let refusal):
            precondition([400, 408, 413].contains(refusal.code) && !refusal.text.isEmpty)
            continue
        }
        precondition(size <= maximumSize, "a request is larger than its limit")
        handedOut += size
    }
    precondition(handedOut <= bytes.count, "bytes were handed out twice")
    return 0
}

private func outcome(
    _ bytes: UnsafeRawBufferPointer, piece: Int, maximumSize: Int
) -> (requests: [FifoRequest], isPartial: Bool) {
    var framer = FifoFramer(maximumSize: maximumSize)
    var requests: [FifoRequest] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        framer.feed(UnsafeRawBufferPointer(rebasing: rest.prefix(piece))) { requests.append($0) }
        rest = rest.dropFirst(piece)
    }
    let isPartial = framer.isPartial
    framer.expire { requests.append($0) }
    precondition(!framer.isPartial, "silence must end every request")
    return (requests, isPartial)
}
