// The `s` class, second part: digests and encodings. Base 64 and its URL form are RFC 4648's, base 58 has Bitcoin's
// alphabet, 7bit is the packing of GSM 03.38 in hexadecimal digits.

import CNettle

extension TextOperations {
    static let digests: [TextOperation] = [
        digest("md5", MD5_DIGEST_SIZE, modhost_md5), digest("sha1", SHA1_DIGEST_SIZE, modhost_sha1),
        digest("sha256", SHA256_DIGEST_SIZE, modhost_sha256), digest("sha384", SHA384_DIGEST_SIZE, modhost_sha384),
        digest("sha512", SHA512_DIGEST_SIZE, modhost_sha512),
    ]

    static let encodings: [TextOperation] = [
        .text("encode.hexa") { text, _ in .text(hexadecimal(text)) },
        .text("decode.hexa") { text, _ in .text(try bytes(hexadecimal: text)) },
        .text("encode.base58") { text, _ in .text(try Base58.encode(text)) },
        .text("decode.base58") { text, _ in .text(try Base58.decode(text)) },
        .text("encode.base64") { text, _ in .text(Base64.standard.encode(text, pads: true)) },
        .text("encode.base64t") { text, _ in .text(Base64.standard.encode(text, pads: false)) },
        .text("encode.base64url") { text, _ in .text(Base64.url.encode(text, pads: true)) },
        .text("encode.base64urlt") { text, _ in .text(Base64.url.encode(text, pads: false)) },
        .text("decode.base64") { text, _ in .text(try Base64.standard.decode(text)) },
        .text("decode.base64t") { text, _ in .text(try Base64.standard.decode(text)) },
        .text("decode.base64url") { text, _ in .text(try Base64.url.decode(text)) },
        .text("decode.base64urlt") { text, _ in .text(try Base64.url.decode(text)) },
        .text("encode.7bit") { text, _ in .text(try SevenBit.encode(text)) },
        .text("decode.7bit") { text, _ in .text(SevenBit.decode(try bytes(hexadecimal: text))) },
    ]

    private static func digest(
        _ name: String, _ size: Int32,
        _ digest: @escaping @Sendable (Int, UnsafePointer<UInt8>?, UnsafeMutablePointer<UInt8>?) -> Void
    ) -> TextOperation {
        .text(name) { text, _ in
            .text(
                hexadecimal(
                    [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
                        text.withUnsafeBufferPointer { digest($0.count, $0.baseAddress, buffer.baseAddress) }
                        count = Int(size)
                    }))
        }
    }
}

/// Two digits for each byte, lower-case.
func hexadecimal(_ bytes: [UInt8], upper: Bool = false) -> [UInt8] {
    let digits = Array((upper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
    var result: [UInt8] = []
    result.reserveCapacity(2 * bytes.count)
    for byte in bytes {
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
    }
    return result
}

/// The value of a hexadecimal digit, nil for other bytes.
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
}

private func bytes(hexadecimal text: [UInt8]) throws(ScriptError) -> [UInt8] {
    guard text.count.isMultiple(of: 2) else {
        throw ScriptError("found \(text.count) hexadecimal digits, expected an even number")
    }
    var result: [UInt8] = []
    result.reserveCapacity(text.count / 2)
    for index in stride(from: 0, to: text.count, by: 2) {
        guard let high = hexadecimalDigit(text[index]), let low = hexadecimalDigit(text[index + 1]) else {
            throw ScriptError("found \(ScriptValue.text(Array(text[index...index + 1]))), expected two hexadecimal digits")
        }
        result.append(high << 4 | low)
    }
    return result
}

/// One of the two alphabets of base 64.
struct Base64: Sendable {
    static let standard = Base64(last: "+/")
    static let url = Base64(last: "-_")

    private let digits: [UInt8]

    private init(last: String) {
        digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
    }

    func encode(_ text: [UInt8], pads: Bool) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((text.count + 2) / 3 * 4)
        for start in stride(from: 0, to: text.count, by: 3) {
            let group = text[start...].prefix(3)
            var word: UInt32 = 0
            for place in 0..<3 { word = word << 8 | (place < group.count ? UInt32(group[start + place]) : 0) }
            for place in 0...group.count { result.append(digits[Int(word >> (18 - 6 * place)) & 63]) }
            if pads { result += [UInt8](repeating: UInt8(ascii: "="), count: 3 - group.count) }
        }
        return result
    }

    /// Padding may be there or not.
    func decode(_ text: [UInt8]) throws(ScriptError) -> [UInt8] {
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        let body = text.dropLast(padding)
        guard padding <= 2, body.count % 4 != 1, padding == 0 || text.count.isMultiple(of: 4) else {
            throw ScriptError("found \(body.count) digits of base 64 and \(padding) of '=', expected whole groups of four")
        }
        var result: [UInt8] = []
        result.reserveCapacity(body.count * 3 / 4)
        var word: UInt32 = 0
        var bits = 0
        for byte in body {
            guard let digit = digits.firstIndex(of: byte) else {
                throw ScriptError("found \(ScriptValue.text([byte])), expected a digit of base 64")
            }
            word = word << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                result.append(UInt8(truncatingIfNeeded: word >> bits))
            }
        }
        return result
    }
}

/// Base 58: the whole text as one number.
enum Base58 {
    private static let digits = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    /// The work grows with the square of the length.
    private static let longest = 4096

    static func encode(_ text: [UInt8]) throws(ScriptError) -> [UInt8] {
        let number = try convert(text.map(Int.init), from: 256, to: 58)
        return number.map { digits[$0] }
    }

    static func decode(_ text: [UInt8]) throws(ScriptError) -> [UInt8] {
        var values: [Int] = []
        for byte in text {
            guard let digit = digits.firstIndex(of: byte) else {
                throw ScriptError("found \(ScriptValue.text([byte])), expected a digit of base 58")
            }
            values.append(digit)
        }
        return try convert(values, from: 58, to: 256).map(UInt8.init)
    }

    /// Digits of one base as those of another; leading zeros are kept one by one.
    private static func convert(_ number: [Int], from base: Int, to other: Int) throws(ScriptError) -> [Int] {
        guard number.count <= longest else {
            throw ScriptError("found \(number.count) bytes for base 58, expected at most \(longest)")
        }
        let zeros = number.prefix { $0 == 0 }.count
        var result: [Int] = []  // the last digit first
        for digit in number.dropFirst(zeros) {
            var carry = digit
            for index in result.indices {
                carry += result[index] * base
                result[index] = carry % other
                carry /= other
            }
            while carry > 0 {
                result.append(carry % other)
                carry /= other
            }
        }
        return [Int](repeating: 0, count: zeros) + result.reversed()
    }
}

/// Characters of seven bits without gaps, the first in the low bits of the first byte.
enum SevenBit {
    static func encode(_ text: [UInt8]) throws(ScriptError) -> [UInt8] {
        var packed: [UInt8] = []
        var word: UInt16 = 0
        var bits: UInt16 = 0
        for byte in text {
            guard byte < 0x80 else {
                throw ScriptError("found the byte 0x\(String(byte, radix: 16)), expected characters of seven bits")
            }
            word |= UInt16(byte) << bits
            bits += 7
            if bits >= 8 {
                packed.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
                bits -= 8
            }
        }
        if bits > 0 { packed.append(UInt8(truncatingIfNeeded: word)) }
        return hexadecimal(packed, upper: true)
    }

    static func decode(_ packed: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var word: UInt16 = 0
        var bits: UInt16 = 0
        for byte in packed {
            word |= UInt16(byte) << bits
            bits += 8
            while bits >= 7 {
                text.append(UInt8(word & 0x7F))
                word >>= 7
                bits -= 7
            }
        }
        // Seven bits of filling behind the last character look like one more, a NUL.
        if packed.count.isMultiple(of: 7), text.last == 0 { text.removeLast() }
        return text
    }
}
