/// The known name that somebody probably meant, nil when none is near.
///
/// Near means a Damerau-Levenshtein distance (insert, delete, replace, swap two neighbours; letter case does not
/// count) of at most a third of the word's length, rounded to the nearest. Of equally near names the first wins.
///
/// - Parameters:
///   - word: What was written. Words of more than 64 characters have no near name.
///   - names: The known names, the preferred first.
public func nearestName(to word: String, in names: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased().unicodeScalars)
    guard !wanted.isEmpty, wanted.count <= 64 else { return nil }
    var best: String?
    var limit = (wanted.count + 1) / 3
    for name in names where name != word {
        let candidate = Array(name.lowercased().unicodeScalars)
        guard !candidate.isEmpty, abs(candidate.count - wanted.count) <= limit else { continue }
        let distance = editDistance(wanted, candidate)
        guard distance <= limit, distance < max(wanted.count, candidate.count) else { continue }
        best = name
        if distance == 0 { break }
        limit = distance - 1
    }
    return best
}

/// The number of single edits (swaps of neighbours included) that turn one text into the other.
private func editDistance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...second.count)
    for row in 1...first.count {
        var current = [row]
        current.reserveCapacity(second.count + 1)
        for column in 1...second.count {
            let same = first[row - 1] == second[column - 1]
            var cost = min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1))
            if row > 1, column > 1, first[row - 1] == second[column - 2], first[row - 2] == second[column - 1] {
                cost = min(cost, beforeLast[column - 2] + 1)
            }
            current.append(cost)
        }
        beforeLast = last
        last = current
    }
    return last[second.count]
}
