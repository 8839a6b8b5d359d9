import Glibc
import JSON
import Synchronization

/// Where a probe and its cases write what they find: lines of JSON into a pipe that modcheck reads. Any thread; a line is one
/// write, so lines of several processes do not mix.
enum FindingPipe {
    /// The descriptor that modcheck gives to its probes.
    static let descriptor: Int32 = 3
    private static let written = Mutex<Set<Finding>>([])

    /// Reports a finding, once in this process.
    static func add(_ check: Check, _ text: String) { add(Finding(check, text)) }

    static func add(_ finding: Finding) {
        var finding = finding
        // Modules put what they found into their texts, and modcheck gives them odd things to find.
        let line = String(
            finding.text.prefix(400).map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 0x20 } ? " " : $0 })
        finding.text = line.count < 400 ? line : line + "…"
        guard written.withLock({ $0.insert(finding).inserted }) else { return }
        if finding.endsAll { CaseProcess.endAll() }
        send(finding.json)
    }

    private static func send(_ json: JSONValue) {
        let bytes = json.encoded() + [UInt8(ascii: "\n")]
        bytes.withUnsafeBytes { _ = write(descriptor, $0.baseAddress, $0.count) }
    }
}
