import Glibc

/// Where a host takes requests and where it looks for reply FIFOs.
public struct FIFOLocation: Sendable, Equatable {
    /// The path of the host's FIFO.
    public var requestPath: String
    /// The directory in which reply FIFOs are made: the host's `reply_dir`.
    public var replyDirectory: String

    /// Names both.
    ///
    /// - Parameter replyDirectory: nil means the directory of the FIFO, which is also the host's default.
    public init(requestPath: String, replyDirectory: String? = nil) {
        self.requestPath = requestPath
        self.replyDirectory = replyDirectory ?? FilePaths.directory(of: requestPath)
    }

    /// Finds the host that a command line means.
    ///
    /// The FIFO is, in this order: `fifo`; the one that the configuration file sets up; `MODHOST_FIFO`; the first that exists of
    /// `/run/modhost/modhost.fifo`, `$XDG_RUNTIME_DIR/modhost/modhost.fifo` and `./run/modhost.fifo`. The reply directory is the
    /// configuration's `reply_dir`, else `MODHOST_REPLY_DIR`, else the FIFO's own directory.
    ///
    /// - Parameters:
    ///   - fifo: A path given on the command line (`--fifo`).
    ///   - configuration: What the file given with `-f` says, if one was given.
    ///   - environment: The value of an environment variable; an empty one counts as unset.
    ///   - isFIFO: Whether a path leads to a FIFO.
    public static func find(
        fifo: String?, configuration: ConfiguredFIFO?,
        environment: (String) -> String?, isFIFO: (String) -> Bool = FilePaths.isFIFO
    ) throws(ManagementClientError) -> FIFOLocation {
        func variable(_ name: String) -> String? { environment(name).flatMap { $0.isEmpty ? nil : $0 } }
        let path: String
        if let named = fifo ?? configuration?.path ?? variable("MODHOST_FIFO") {
            path = named
        } else {
            let userDirectory = variable("XDG_RUNTIME_DIR").map {
                ["\($0)/modhost/\(ConfiguredFIFO.defaultName)"]
            }
            let candidates =
                ["\(ConfiguredFIFO.defaultRunDirectory)/\(ConfiguredFIFO.defaultName)"]
                + (userDirectory ?? [])
                + ["./run/\(ConfiguredFIFO.defaultName)"]
            guard let found = candidates.first(where: isFIFO) else { throw .noFIFO(tried: candidates) }
            path = found
        }
        return FIFOLocation(
            requestPath: path, replyDirectory: configuration?.replyDirectory ?? variable("MODHOST_REPLY_DIR")
        )
    }
}

/// What a configuration file says about the FIFO of `mi-fifo`.
public struct ConfiguredFIFO: Sendable, Equatable {
    /// The FIFO's name where the configuration gives none.
    public static let defaultName = "modhost.fifo"
    /// The host's run directory where the configuration gives none.
    public static let defaultRunDirectory = "/run/modhost"

    /// The path of the FIFO.
    public var path: String
    /// The reply directory, nil where the configuration does not name one.
    public var replyDirectory: String?

    /// Puts the parts together as the host does: a relative `run_dir` counts from the directory of the configuration file,
    /// relative `fifo_name` and `reply_dir` from `run_dir`.
    public init(configurationPath: String, runDirectory: String?, fifoName: String?, replyDirectory: String?) {
        let run = FilePaths.join(
            FilePaths.directory(of: configurationPath), runDirectory ?? Self.defaultRunDirectory
        )
        path = FilePaths.join(run, fifoName ?? Self.defaultName)
        self.replyDirectory = replyDirectory.map { FilePaths.join(run, $0) }
    }
}

/// The little that is needed of paths as text.
public enum FilePaths {
    /// The directory part: `/run/x` of `/run/x/y`, `.` of `y`.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `path` as seen from `directory`: itself if it is absolute.
    static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") || directory == "." { return path }
        return directory.hasSuffix("/") ? directory + path : directory + "/" + path
    }

    /// Whether `path` leads to a FIFO.
    public static func isFIFO(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.isFIFO
    }
}
