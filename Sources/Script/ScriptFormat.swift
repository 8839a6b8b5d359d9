/// A text with pseudo-variables, made ready by ``Program/compileFormat(_:at:)`` or for a parameter of a transformation.
public final class ScriptFormat: Sendable {
    /// The value of a text without pseudo-variables, nil for one with some.
    public let constant: ScriptValue?

    init(constant: ScriptValue?) {
        self.constant = constant
    }
}
