// swift-tools-version: 6.2
import PackageDescription

// Where modhost's Swift package and its linker script are: MODHOST_SHARE, or the modhost that made this folder.
let named = Context.environment["MODHOST_SHARE"] ?? ""
let share = named.isEmpty ? "@SHARE@" : named

let package = Package(
    name: "@NAME@",
    products: [.library(name: "@NAME@", type: .dynamic, targets: ["@TYPE@Module"])],
    dependencies: [.package(name: "modhost", path: "\(share)/swift")],
    targets: [
        .target(
            name: "@TYPE@Module",
            dependencies: [
                "@TYPE@Note",
                .product(name: "ModuleABI", package: "modhost"),
                .product(name: "ModuleKit", package: "modhost"),
            ],
            path: "Sources/Module",
            linkerSettings: [
                .unsafeFlags([
                    // The Swift runtime comes along, hidden: the module runs in every modhost, whatever its own Swift is.
                    "-static-stdlib", "-no-toolchain-stdlib-rpath",
                    // gold would leave local symbols in the dynamic table; lld comes with every Swift toolchain.
                    "-use-ld=lld",
                    // Only the entry function is visible to others; symbols are bound at load; the code stays mapped.
                    "-Xlinker", "--version-script=\(share)/module.map",
                    "-Xlinker", "-z", "-Xlinker", "now",
                    "-Xlinker", "-z", "-Xlinker", "nodelete",
                ])
            ]),
        .target(
            name: "@TYPE@Note", dependencies: [.product(name: "ModuleABI", package: "modhost")], path: "Sources/Note",
            publicHeadersPath: "."),
    ],
    swiftLanguageModes: [.v6]
)
