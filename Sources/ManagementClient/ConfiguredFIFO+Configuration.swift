public import Configuration

extension ConfiguredFIFO {
    private static let moduleNames = ["mi-fifo", "mi_fifo"]

    /// Reads the FIFO's settings out of a configuration file.
    ///
    /// - Throws: ``ManagementClientError/configuration(report:)`` with the errors of the file, one a line.
    public init(readingConfigurationAt path: String) throws(ManagementClientError) {
        try self.init(ConfigurationFile.parse(path: path), path: path)
    }

    /// Takes the FIFO's settings from a parsed configuration: the core parameter `run_dir`, and `fifo_name` and `reply_dir` of
    /// `mi-fifo`. Where one is given more than once the last one counts.
    public init(_ configuration: ParsedConfiguration, path: String) throws(ManagementClientError) {
        var errors = configuration.diagnostics.filter { $0.severity == .error }
        var runDirectory: String?
        var fifoName: String?
        var replyDirectory: String?
        for statement in configuration.statements {
            switch statement {
            case .setting(let setting) where setting.name.text == "run_dir":
                guard let value = setting.values.first else { continue }
                runDirectory = Self.text(value, of: "run_dir", errors: &errors)
            case .moduleParameter(let parameter)
            where Self.moduleNames.contains(where: parameter.modules.matches):
                switch parameter.name.text {
                case "fifo_name": fifoName = Self.text(parameter.value, of: "fifo_name", errors: &errors)
                case "reply_dir":
                    replyDirectory = Self.text(parameter.value, of: "reply_dir", errors: &errors)
                default: break
                }
            default: break
            }
        }
        guard errors.isEmpty else {
            throw .configuration(report: errors.map(\.description).joined(separator: "\n"))
        }
        self.init(
            configurationPath: path, runDirectory: runDirectory, fifoName: fifoName,
            replyDirectory: replyDirectory
        )
    }

    private static func text(_ value: Value, of name: String, errors: inout [Diagnostic]) -> String? {
        switch value.content {
        case .string(let bytes) where !bytes.bytes.isEmpty:
            return String(decoding: bytes.bytes, as: UTF8.self)
        default:
            errors.append(
                Diagnostic(
                    .error, at: value.location, "\(name) is \(value.summary), expected a path in quotes")
            )
            return nil
        }
    }
}
