import Glibc

/// Look-ups in the system's user and group databases. They may wait for a directory server.
enum Accounts {
    /// The number of a user given by name or number; nil when there is none of that name.
    static func user(_ text: String) -> uid_t? {
        if let number = uid_t(text) { return number }
        return lookUp { buffer, size in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwnam_r(text, &entry, buffer, size, &found)
            return (code, found.map(\.pointee.pw_uid))
        }
    }

    /// The number of a group given by name or number; nil when there is none of that name.
    static func group(_ text: String) -> gid_t? {
        if let number = gid_t(text) { return number }
        return lookUp { buffer, size in
            var entry = Glibc.group()
            var found: UnsafeMutablePointer<Glibc.group>?
            let code = getgrnam_r(text, &entry, buffer, size, &found)
            return (code, found.map(\.pointee.gr_gid))
        }
    }

    /// The groups of a user, its primary one included; nil when the user is not known.
    static func groups(of user: uid_t) -> [gid_t]? {
        lookUp { buffer, size in
            var entry = passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = getpwuid_r(user, &entry, buffer, size, &found)
            guard code == 0, let found, let name = found.pointee.pw_name else { return (code, nil) }
            var count: Int32 = 64
            while true {
                var groups = [gid_t](repeating: 0, count: Int(count))
                let room = count
                if getgrouplist(name, found.pointee.pw_gid, &groups, &count) >= 0 {
                    return (0, Array(groups.prefix(Int(count))))
                }
                // The system says in `count` how many there are; growing by itself guards against a list that
                // changes.
                count = max(count, room * 2)
            }
        }
    }

    /// Repeats a look-up with more room for as long as the system asks for it.
    private static func lookUp<Found>(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> (code: Int32, found: Found?)
    ) -> Found? {
        var size = 1024
        while size <= 1 << 20 {
            let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: size)
            defer { buffer.deallocate() }
            let outcome = body(buffer, size)
            if outcome.code != ERANGE { return outcome.found }
            size *= 4
        }
        return nil
    }
}
