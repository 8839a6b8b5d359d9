import JSON

extension ManagementClient {
    /// The names of all commands the host has now, from `which`; for completion.
    public func commandNames() throws(ManagementClientError) -> [String] {
        guard case .success(let result) = try call("which") else { return [] }
        return Self.names(in: result)
    }

    /// The names in a result of `which`: a list of names, or of maps whose first member is the name.
    static func names(in result: JSONValue) -> [String] {
        (result.array ?? []).compactMap { $0.string ?? $0.object?.first?.value.string }
    }
}
