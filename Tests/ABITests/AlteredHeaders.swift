import Foundation
import Testing

/// A copy of the public headers with one change, to show that a check can fail.
struct AlteredHeaders {
    private let folder: TemporaryFolder
    /// For the compiler's -I.
    var include: URL { folder.url }

    init(_ name: String, replacing from: String, with to: String) throws {
        folder = try TemporaryFolder()
        let copy = folder.url.appendingPathComponent("modhost")
        try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
        for header in try Repository.headerNames() {
            var text = try Repository.text(of: Repository.headers.appendingPathComponent(header))
            if header == name {
                try #require(text.contains(from), "\(name) no longer holds \(from)")
                text = text.replacingOccurrences(of: from, with: to)
            }
            try text.write(to: copy.appendingPathComponent(header), atomically: true, encoding: .utf8)
        }
    }
}
