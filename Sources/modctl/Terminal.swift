import Glibc

/// The terminal on standard output.
enum Terminal {
    /// Its columns; 80 where it does not tell.
    static var width: Int {
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return 80
    }
}
