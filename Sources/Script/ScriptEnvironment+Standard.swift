extension ScriptEnvironment {
    /// The language's own functions, pseudo-variables and transformations.
    ///
    /// - Parameter defines: What `$def(NAME)` reads.
    public static func standard(defines: [String: String] = [:]) -> ScriptEnvironment {
        var environment = ScriptEnvironment()
        environment.defines = defines
        do throws(ScriptError) {
            for function in LogFunction.all { try environment.add(function) }
            try environment.addText()
        } catch {
            preconditionFailure("the language's own names are all different: \(error)")
        }
        return environment
    }
}
