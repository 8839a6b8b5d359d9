/// The preprocessor's words, as written after `#!` or `!!`.
enum DirectiveName: String, CaseIterable {
    case define, def, trydefine, trydef, redefine, redef
    case ifdef, ifndef, `else`, endif
    case subst, substdef, substdefs
    case defenv, defenvs, trydefenv, trydefenvs
    case includeFile = "include_file"
    case importFile = "import_file"

    /// Words of newer Kamailio releases that modhost does not know: passing them over would change the meaning of
    /// what follows, so they are errors.
    static let refused: Set<String> = ["ifexp", "defexp", "defexps", "elif", "elifdef", "elseif", "undef"]

    /// First-line words that choose a dialect in Kamailio and mean nothing here.
    static let dialects: Set<String> = ["KAMAILIO", "OPENSER", "SER", "ALL", "MAXCOMPAT", "MODHOST"]

    /// Whether it opens, turns or closes a conditional part.
    var isConditional: Bool {
        switch self {
        case .ifdef, .ifndef, .else, .endif: true
        default: false
        }
    }
}

/// A directive as found: its name and the place of the rest of its line.
struct Directive {
    let name: DirectiveName
    /// The name as written, with its `#!` or `!!`.
    let spelling: String
    let location: SourceLocation
    /// The rest of the logical line (a backslash at a line's end continues it), blanks trimmed.
    let argument: Range<Int>
    /// Where the rest begins.
    let argumentLocation: SourceLocation
}
