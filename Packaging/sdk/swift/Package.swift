// swift-tools-version: 6.2
import PackageDescription

/// What a module in Swift depends on: the ABI's headers as a Swift module, and ModuleKit, which builds descriptors and wraps
/// the host's services. `modhost new --lang swift NAME` makes a package that uses it.
let package = Package(
    name: "modhost",
    products: [
        .library(name: "ModuleABI", targets: ["ModuleABI"]),
        .library(name: "ModuleKit", targets: ["ModuleKit"]),
    ],
    targets: [
        .target(name: "ModuleABI"),
        .target(
            name: "ModuleKit", dependencies: ["ModuleABI"],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
