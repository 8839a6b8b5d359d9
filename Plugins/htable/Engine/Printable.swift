/// Bytes as an error text shows them: as text, on one line, cut short.
func printable(_ bytes: some Collection<UInt8>, atMost limit: Int = 80) -> String {
    var text = ""
    for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
        if scalar.value < 0x20 || scalar.value == 0x7F {
            let digits = String(scalar.value, radix: 16)
            text += digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
    return bytes.count > limit ? text + "…" : text
}
