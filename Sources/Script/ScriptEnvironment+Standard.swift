extension ScriptEnvironment {
    /// The language's own functions, pseudo-variables and transformations.
    ///
    /// - Parameter defines: What `$def(NAME)` reads.
    public static func standard(defines: [String: String] = [:]) -> ScriptEnvironment {
        var environment = ScriptEnvironment()
        environment.defines = defines
        return environment
    }
}
