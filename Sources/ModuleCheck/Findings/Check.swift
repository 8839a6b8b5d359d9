import Host

/// A check that modcheck makes beyond the rules by which the host refuses modules. The ids are stable: scripts and `.modcheck`
/// files name them, so a number is never given to another check.
enum Check: String, CaseIterable, Sendable {
    case probeFailed = "MH-C200"
    // The file.
    case extraSymbol = "MH-C201"
    case weakSymbol = "MH-C202"
    case lazyBinding = "MH-C203"
    case unloadable = "MH-C204"
    case buildTreeRunpath = "MH-C205"
    case oddRunpath = "MH-C206"
    case buildPath = "MH-C207"
    case debugInformation = "MH-C208"
    case executableStack = "MH-C209"
    case textRelocations = "MH-C210"
    // Loading and the entry function.
    case entryDies = "MH-C220"
    case entryWrites = "MH-C221"
    case entryOpens = "MH-C222"
    case entryThreads = "MH-C223"
    case entryChangesProcess = "MH-C224"
    case entrySlow = "MH-C225"
    case entryUnsteady = "MH-C226"
    case entrySilentRefusal = "MH-C227"
    case offerOverread = "MH-C228"
    case newerHostRefused = "MH-C229"
    case otherMajorTaken = "MH-C230"
    case olderHostTaken = "MH-C231"
    case neededHostRefused = "MH-C232"
    // The descriptor's texts.
    case noSummary = "MH-C240"
    case noParameterHelp = "MH-C241"
    case noCommandSummary = "MH-C242"
    case oddExample = "MH-C243"
    case requiredWithDefault = "MH-C244"
    case hollowInterface = "MH-C245"
    // Parameters.
    case parameterDies = "MH-C250"
    case parameterSilentRefusal = "MH-C251"
    case errorTextForm = "MH-C252"
    // Life.
    case hookDies = "MH-C260"
    case hookHangs = "MH-C261"
    case processEnded = "MH-C262"
    case hookSilentFailure = "MH-C263"
    case threadsLeft = "MH-C264"
    case descriptorsLeft = "MH-C265"
    case callAfterStop = "MH-C266"
    case secondStartFails = "MH-C267"
    case failingServiceKills = "MH-C268"
    case absentServiceKills = "MH-C269"
    case tableOverread = "MH-C270"
    case reopenFails = "MH-C271"
    case lifeWrites = "MH-C272"
    case lifeChangesProcess = "MH-C273"
    // Calls of the host's services.
    case wrongThread = "MH-C280"
    case wrongPhase = "MH-C281"
    case badOptions = "MH-C282"
    case deadHandle = "MH-C283"
    case slowCallback = "MH-C284"
    case wrongSelf = "MH-C285"
    case loanKept = "MH-C286"
    // Streams.
    case streamDies = "MH-C290"
    // Interfaces that it provides.
    case databaseDies = "MH-C295"
    case databaseSilentRefusal = "MH-C296"
    // Commands.
    case commandDies = "MH-C300"
    case replyNesting = "MH-C301"
    case replyFinish = "MH-C302"
    case replyAfterEnd = "MH-C303"
    case replyGoesOn = "MH-C304"
    case replyWithoutText = "MH-C305"
    case commandSlow = "MH-C306"
    case replyValue = "MH-C307"
    case oddReturn = "MH-C308"
    // Script functions and pseudo-variables.
    case scriptDies = "MH-C320"
    case scriptSilentRefusal = "MH-C321"
    case variableValue = "MH-C322"
    // Leaks.
    case memoryGrows = "MH-C340"
    case descriptorsGrow = "MH-C341"
    case threadsGrow = "MH-C342"
}

/// One line of the table of checks, as `modcheck --list` prints it and Documentation/modcheck.md holds it.
public struct CheckDescription: Sendable {
    public let id: String
    public let severity: Severity
    /// What must hold, one sentence.
    public let what: String
    /// Why, one sentence or two.
    public let why: String
    /// How to mend a module that fails.
    public let mend: String

    /// Every check by its id: the host's rules first.
    public static let all: [CheckDescription] =
        Rule.allCases.filter { !Self.configurationRules.contains($0) }.map {
            CheckDescription(id: $0.id, severity: .error, what: $0.title, why: $0.reason, mend: $0.nextStep)
        }
        + Check.allCases.map {
            let text = $0.text
            return CheckDescription(id: $0.rawValue, severity: $0.severity, what: text.what, why: text.why, mend: text.mend)
        }

    /// Rules about lines of a config, which no module can break.
    private static let configurationRules: Set<Rule> = [.unknownModule]

    /// The table as Markdown.
    public static var markdown: String {
        var lines = ["| id | severity | what must hold | why | how to mend |", "|---|---|---|---|---|"]
        for check in all {
            let cells = [check.id, check.severity.rawValue, check.what, check.why, check.mend]
            lines.append(
                "| " + cells.map { $0.split(separator: "|").joined(separator: "\\|") }.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
