/// A text with pseudo-variables, made ready by ``Program/compileFormat(_:at:)`` or for a parameter of a transformation.
public final class ScriptFormat: Sendable {
    enum Piece: Sendable {
        case literal([UInt8])
        case variable(VariableSite)
    }

    /// The value of a text without pseudo-variables, nil for one with some.
    public let constant: ScriptValue?
    /// Its pieces in order, for the loop.
    let steps: FormatSteps
    /// The pseudo-variable that is the whole text, nil for any other text.
    let single: VariableSite?

    init(_ pieces: [Piece]) {
        steps = FormatSteps(pieces)
        switch pieces.count {
        case 0:
            constant = .text([])
            single = nil
        case 1:
            switch pieces[0] {
            case .literal(let bytes):
                constant = .text(bytes)
                single = nil
            case .variable(let site):
                constant = nil
                single = site
            }
        default:
            constant = nil
            single = nil
        }
    }
}
