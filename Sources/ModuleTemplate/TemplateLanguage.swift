/// A language in which `modhost new` starts a module.
public enum TemplateLanguage: String, CaseIterable, Sendable {
    case c
    case cpp
    case swift
    case rust

    /// How people write its name.
    public var title: String {
        switch self {
        case .c: "C"
        case .cpp: "C++"
        case .swift: "Swift"
        case .rust: "Rust"
        }
    }

    /// Where the build puts the module, counted from the project's folder.
    func modulePath(of name: ModuleName) -> String {
        switch self {
        case .c: "\(name.text).so"
        case .cpp: "build/\(name.text).so"
        case .swift: ".build/release/lib\(name.text).so"
        case .rust: "target/release/lib\(name.identifier).so"
        }
    }

    /// What a build leaves behind: lines of .gitignore.
    var buildProducts: [String] {
        switch self {
        case .c: ["*.so", "*.o"]
        case .cpp: ["build/"]
        case .swift: [".build/", ".swiftpm/", "Package.resolved"]
        case .rust: ["target/", "Cargo.lock"]
        }
    }

    /// The commands that build and test the project.
    func commands(for name: ModuleName) -> [String] {
        switch self {
        case .c: ["make check"]
        case .cpp:
            ["cmake -B build", "cmake --build build", "ctest --test-dir build --output-on-failure"]
        case .swift: ["swift build -c release", "sh test.sh \(modulePath(of: name))"]
        case .rust: ["cargo build --offline --release", "cargo test --offline"]
        }
    }

    /// Names that mean something else to the language or to its build tool.
    var reservedNames: Set<String> {
        switch self {
        case .c, .swift: []
        case .cpp:
            [
                "all", "clean", "depend", "edit_cache", "help", "install", "list_install_components", "modhost", "package",
                "package_source", "preinstall", "rebuild_cache", "test",
            ]
        case .rust:
            [
                "abstract", "alloc", "as", "async", "await", "become", "box", "break", "build", "const", "continue", "crate",
                "deps", "do", "dyn", "else", "enum", "examples", "extern", "false", "final", "fn", "for", "gen", "if",
                "impl",
                "in", "incremental", "let", "loop", "macro", "match", "mod", "modhost", "move", "mut", "override", "priv",
                "proc_macro", "pub", "ref", "return", "self", "static", "std", "struct", "super", "test", "trait", "true",
                "try",
                "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
            ]
        }
    }
}
