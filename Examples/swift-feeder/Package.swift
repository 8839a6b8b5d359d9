// swift-tools-version: 6.2
import PackageDescription

// Where modhost's Swift package and its linker script are; MODHOST_SHARE names another place.
let share = Context.environment["MODHOST_SHARE"] ?? "/usr/local/share/modhost"
let modhost: [Target.Dependency] = [
    .product(name: "ModuleABI", package: "modhost"),
    .product(name: "ModuleKit", package: "modhost"),
]

let package = Package(
    name: "feeder",
    products: [.library(name: "feeder", type: .dynamic, targets: ["FeederModule"])],
    dependencies: [.package(name: "modhost", path: "\(share)/swift")],
    targets: [
        .target(
            name: "FeederModule", dependencies: ["Feeder", "FeederNote"] + modhost, path: "Sources/Module",
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
        .target(name: "Feeder", dependencies: modhost),
        .target(
            name: "FeederNote", dependencies: [.product(name: "ModuleABI", package: "modhost")], path: "Sources/Note",
            publicHeadersPath: "."),
        .testTarget(name: "FeederTests", dependencies: ["Feeder"]),
    ],
    swiftLanguageModes: [.v6]
)

for target in package.targets {
    var settings = target.swiftSettings ?? []
    settings.append(.enableUpcomingFeature("ExistentialAny"))
    settings.append(.enableUpcomingFeature("InternalImportsByDefault"))
    settings.append(.enableUpcomingFeature("MemberImportVisibility"))
    target.swiftSettings = settings
}
