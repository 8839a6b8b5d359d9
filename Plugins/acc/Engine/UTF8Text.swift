/// The length of the UTF-8 character at an index, 1 to 4; 0 when the bytes there are no character (RFC 3629: no surrogates, nothing
/// over U+10FFFF, shortest forms only).
@inline(__always)
func utf8Length(_ bytes: Bytes, at index: Int) -> Int {
    let first = bytes[index]
    if first < 0x80 { return 1 }
    let left = bytes.count - index
    @inline(__always) func continues(_ offset: Int) -> Bool { bytes[index + offset] & 0xC0 == 0x80 }
    switch first {
    case 0xC2...0xDF:
        return left >= 2 && continues(1) ? 2 : 0
    case 0xE0...0xEF:
        guard left >= 3, continues(1), continues(2) else { return 0 }
        let second = bytes[index + 1]
        if first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F { return 0 }
        return 3
    case 0xF0...0xF4:
        guard left >= 4, continues(1), continues(2), continues(3) else { return 0 }
        let second = bytes[index + 1]
        if first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F { return 0 }
        return 4
    default:
        return 0
    }
}
