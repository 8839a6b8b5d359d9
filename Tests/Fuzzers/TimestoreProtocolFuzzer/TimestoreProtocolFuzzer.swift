// Feeds arbitrary bytes to timestore's protocol decoder under libFuzzer: whatever comes, a stream cut in three gives what it gives whole,
// and that is what a decoder that reads the reference word by word gives. Build it as a library target on TimestoreEngine with
// `-sanitize=fuzzer,address` everywhere, link the objects with `swiftc -sanitize=fuzzer,address`, and run it on the folder
// corpus/timestore beside this one.

import TimestoreEngine

/// What a stream came to.
private enum Event: Equatable {
    case get(String, UInt32, UInt32)
    case put(String, UInt32)
    case records([UInt8])
    case putEnd
    case unknownType(UInt32)
    case badIdentifier
}

private func decode(_ chunks: [ArraySlice<UInt8>], stopping: Bool) -> (events: [Event], isBetween: Bool) {
    var decoder = RequestDecoder()
    var events: [Event] = []
    for chunk in chunks {
        let copy = Array(chunk)
        copy.withUnsafeBytes { bytes in
            var position = 0
            while position < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
                let taken = decoder.decode(rest) { event in
                    switch event {
                    case .get(let id, let start, let end): events.append(.get(id.text, start, end))
                    case .put(let id, let count): events.append(.put(id.text, count))
                    case .records(let records):
                        precondition(records.count % RecordBytes.size == 0 && !records.isEmpty, "records are whole")
                        // However they are cut, together they are the same.
                        if case .records(let before) = events.last {
                            events[events.count - 1] = .records(before + records)
                        } else {
                            events.append(.records(Array(records)))
                        }
                    case .putEnd: events.append(.putEnd)
                    case .refused(.unknownType(let type)): events.append(.unknownType(type))
                    case .refused(.badIdentifier(let text)):
                        precondition(
                            text.utf8.count <= 40 && !text.utf8.contains { $0 < 0x20 || $0 > 0x7E }, "a name is printable")
                        events.append(.badIdentifier)
                    }
                    return !stopping
                }
                precondition(taken > 0 && taken <= rest.count, "a decoder goes on")
                precondition(stopping || taken == rest.count, "it stops only when it is told to")
                position += taken
            }
        }
    }
    return (events, decoder.isBetweenRequests)
}

/// The reference, word by word.
private func expected(_ stream: [UInt8]) -> (events: [Event], isBetween: Bool) {
    var events: [Event] = []
    var position = 0
    func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(stream[position + offset + $1]) << (8 * $1) } }
    func isUUID(_ text: ArraySlice<UInt8>) -> Bool {
        let groups = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.joined().allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0 | 0x20) && $0 > 0x40 }
    }
    while stream.count - position >= RequestDecoder.requestSize {
        let type = word(0)
        let (count, a, b) = (word(44), word(48), word(52))
        let name = stream[(position + 4)..<(position + 40)]
        let inline = Array(stream[(position + 48)..<(position + 56)])
        position += RequestDecoder.requestSize
        guard type == 1 || type == 2 else {
            events.append(.unknownType(type))
            continue
        }
        let text = String(decoding: name, as: UTF8.self)
        if type == 1 {
            events.append(isUUID(name) ? .get(text, a, b) : .badIdentifier)
            continue
        }
        if isUUID(name) { events.append(.put(text, count)) }
        var records = count == 1 ? inline : []
        if count > 1 {
            let here = min(Int(count), (stream.count - position) / RecordBytes.size)
            records = Array(stream[position..<(position + here * RecordBytes.size)])
            position += records.count
            if here < Int(count) {
                if isUUID(name), !records.isEmpty { events.append(.records(records)) }
                return (events, false)
            }
        }
        if isUUID(name), !records.isEmpty { events.append(.records(records)) }
        events.append(isUUID(name) ? .putEnd : .badIdentifier)
    }
    return (events, position == stream.count)
}

/// Called by libFuzzer for each input: its first two bytes say where the rest is cut. Always answers 0.
@c
public func LLVMFuzzerTestOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let input = UnsafeBufferPointer(start: data, count: size)
    guard input.count >= 2 else { return 0 }
    let stream = Array(input.dropFirst(2))
    let cuts = [Int(input[0]), Int(input[1])].map { stream.isEmpty ? 0 : $0 % (stream.count + 1) }.sorted()
    let reference = expected(stream)
    let whole = decode([stream[...]], stopping: false)
    precondition(whole == reference, "found \(whole), expected \(reference)")
    let parted = decode([stream[..<cuts[0]], stream[cuts[0]..<cuts[1]], stream[cuts[1]...]], stopping: true)
    precondition(parted == reference, "cut at \(cuts): found \(parted), expected \(reference)")
    return 0
}
