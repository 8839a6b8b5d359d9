import JSON

/// How a result that holds a list of records is shown when it is neither text nor JSON.
public enum Presentation: Sendable, Equatable {
    /// Comma-separated values with a heading (RFC 4180).
    case csv
    /// A chart of values over time, in this many columns.
    case plot(width: Int)

    /// The lines for a result; nil when it holds nothing that can be shown so.
    func render(_ result: JSONValue) -> String? {
        switch self {
        case .csv:
            let list = result.array ?? result.object?.lazy.compactMap { $0.value.array }.first
            guard let list else { return nil }
            if list.isEmpty { return "" }
            return Table(list)?.csv
        case .plot(let width):
            return Chart(result)?.render(width: width, height: max(8, min(24, width / 4)))
        }
    }

    /// What the result should have been, for the message.
    var expected: String {
        switch self {
        case .csv: "the result is no list of records, so there is no --csv of it"
        case .plot: "the result has no records of time and value, so there is no --plot of it; timestore.get has"
        }
    }
}
