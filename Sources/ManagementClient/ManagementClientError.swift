/// Why a command got no answer. None of these says that the command failed: that is ``Outcome/failure(code:message:)``.
public enum ManagementClientError: Error, Sendable, Equatable {
    /// No path was given and none of the usual places holds a FIFO.
    case noFIFO(tried: [String])
    /// There is no file at the path.
    case missing(path: String)
    /// What is at the path is something else, named in `found` with its article.
    case notAFIFO(path: String, found: String)
    /// The FIFO exists, but no process has it open for reading.
    case noReader(path: String)
    /// The FIFO's mode keeps this user from writing; owner and group are those who may.
    case notPermitted(path: String, owner: String, group: String, mode: String)
    /// The reply FIFO could not be made in this directory.
    case replyDirectory(path: String, reason: String)
    /// The request did not fit into the FIFO in time: another client holds it, or the host does not read.
    case notAccepted(path: String, seconds: String)
    /// The host took the request, and then no byte came for this long.
    case noAnswer(path: String, seconds: String)
    /// The host closed the FIFO before it answered.
    case hostWentAway(path: String)
    /// The host closed the reply without writing anything.
    case emptyReply
    /// The reply ended in its middle.
    case truncatedReply(bytes: Int)
    /// The reply is no JSON-RPC 2.0 response; `what` says why.
    case notJSONRPC(what: String)
    /// The configuration file could not be used; `report` has a line per fault.
    case configuration(report: String)
    /// A system call failed in a way that nothing above describes.
    case system(call: String, path: String, reason: String)
    /// The result could not be written.
    case output(reason: String)
    /// The person at the prompt pressed Ctrl-C.
    case interrupted
}

extension ManagementClientError {
    /// modctl's exit status for this error: 1 failed, 2 usage, 3 no host.
    public var exitStatus: Int32 {
        switch self {
        case .output, .interrupted: 1
        case .configuration: 2
        default: 3
        }
    }
}

extension ManagementClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noFIFO(let tried):
            "no host found: there is no FIFO at \(Self.list(tried)); start modhost, or name its FIFO with --fifo, "
                + "MODHOST_FIFO or -f modules.conf"
        case .missing(let path):
            "no host found: there is no FIFO at \(path); start modhost, or name its FIFO with --fifo, MODHOST_FIFO "
                + "or -f modules.conf"
        case .notAFIFO(let path, let found):
            "\(path) is \(found), expected the FIFO of modhost's mi-fifo module"
        case .noReader(let path):
            "no host is running: nobody reads \(path); start modhost with the configuration that names this FIFO"
        case .notPermitted(let path, let owner, let group, let mode):
            "not permitted to write to \(path): its mode is \(mode), so user \(owner) and members of group \(group) "
                + "may as the mode says; run modctl as one of them, or set fifo_mode, fifo_user or fifo_group of mi-fifo"
        case .replyDirectory(let path, let reason):
            "cannot create a reply FIFO in \(path): \(reason); name the directory that mi-fifo's reply_dir names with "
                + "MODHOST_REPLY_DIR or -f modules.conf"
        case .notAccepted(let path, let seconds):
            "timed out: \(path) took no request for \(seconds) s; either another client holds it, or the host is stuck"
        case .noAnswer(let path, let seconds):
            "timed out: the host behind \(path) sent nothing for \(seconds) s; it may still run the command "
                + "(--timeout sets how long to wait; is mi-fifo's reply_dir the directory modctl uses?)"
        case .hostWentAway(let path):
            "the host closed \(path) before it answered; its log tells why"
        case .emptyReply:
            "the host closed the reply without writing an answer; its log tells why"
        case .truncatedReply(let bytes):
            "the reply ended in its middle, after \(bytes) bytes: the host stopped or gave up; its log tells why"
        case .notJSONRPC(let what):
            "the reply is not a JSON-RPC 2.0 response: \(what)"
        case .configuration(let report):
            report
        case .system(let call, let path, let reason):
            "\(call) failed on \(path): \(reason)"
        case .output(let reason):
            "cannot write the result: \(reason)"
        case .interrupted:
            "interrupted; the host may still run the command"
        }
    }

    private static func list(_ paths: [String]) -> String {
        guard let last = paths.last, paths.count > 1 else { return paths.first ?? "any usual place" }
        return paths.dropLast().joined(separator: ", ") + " or " + last
    }
}
