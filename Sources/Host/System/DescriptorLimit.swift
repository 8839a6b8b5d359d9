import Glibc

/// How many descriptors the process may have: raised to what is permitted, since each connection and row file takes one.
enum DescriptorLimit {
    /// Fewest with which the event loops and the modules of this project can start.
    static let least: rlim_t = 128

    static func raise() throws(StartFailure) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard limit.rlim_cur >= least else {
            throw StartFailure(
                "this process may have \(limit.rlim_cur) open files, the host needs \(least); raise it with ulimit -n or LimitNOFILE=",
                status: 71)
        }
    }
}
