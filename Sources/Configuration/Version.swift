/// The version of modhost and of everything that is built with it, as `major.minor.patch`.
///
/// What `modhost --version`, `modctl --version` and the `version` command print.
public let modhostVersion = "0.1.0"
