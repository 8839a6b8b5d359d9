// swift-tools-version: 6.2
import PackageDescription

/// A module: the entry target `NAME` in Plugins/NAME/Module, its ELF note in Plugins/NAME/Note, its engine
/// in Plugins/NAME/Engine, and one dynamic library lib<NAME>.so that exports a single symbol.
struct Plugin {
    var name: String
    var engine: String
    var dependencies: [Target.Dependency] = []

    var product: Product { .library(name: name, type: .dynamic, targets: [name]) }

    var targets: [Target] {
        [
            .target(
                name: name,
                dependencies: [
                    "ModuleABI", "ModuleKit", .target(name: engine), .target(name: "\(engine)Note"),
                ],
                path: "Plugins/\(name)/Module",
                linkerSettings: [
                    .unsafeFlags([
                        // gold would leave local symbols in the dynamic table; lld comes with every Swift toolchain.
                        "-use-ld=lld", "-Xlinker", "--version-script=Packaging/module.map",
                        "-Xlinker", "-z", "-Xlinker", "now",
                        "-Xlinker", "-z", "-Xlinker", "nodelete",
                    ])
                ]),
            .target(
                name: "\(engine)Note", dependencies: ["ModuleABI"], path: "Plugins/\(name)/Note",
                publicHeadersPath: "."),
            .target(
                name: engine, dependencies: ["ModuleABI", "ModuleKit"] + dependencies,
                path: "Plugins/\(name)/Engine"),
        ]
    }
}

let plugins = [
    Plugin(name: "mi-fifo", engine: "FifoTransport"),
    Plugin(name: "flatstore", engine: "FlatstoreEngine"),
    Plugin(name: "acc", engine: "AccIntake", dependencies: ["CJansson"]),
    Plugin(name: "htable", engine: "HtableEngine", dependencies: ["CPrefetch"]),
    Plugin(name: "timestore", engine: "TimestoreEngine"),
    Plugin(name: "rtimer", engine: "RouteTimers"),
    Plugin(name: "ask", engine: "AskIntake", dependencies: ["CJansson", "JSON"]),
]

let package = Package(
    name: "modhost",
    products: [
        .executable(name: "modhost", targets: ["modhost"]),
        .executable(name: "modctl", targets: ["modctl"]),
        .executable(name: "modcheck", targets: ["modcheck"]),
    ] + plugins.map(\.product),
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .target(name: "ModuleABI"),
        .target(name: "ModuleKit", dependencies: ["ModuleABI"]),
        .target(name: "Configuration"),
        .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
        .target(name: "Script", dependencies: ["Configuration", "CNettle"]),
        .systemLibrary(name: "CJansson", pkgConfig: "jansson", providers: [.apt(["libjansson-dev"])]),
        .target(name: "JSON", dependencies: ["CJansson"]),
        .target(name: "CLtdl"),
        .target(name: "CPrefetch", path: "Plugins/htable/Prefetch"),
        .target(name: "CHost", dependencies: ["ModuleABI"]),
        .target(
            name: "Host",
            dependencies: [
                "ModuleABI", "Configuration", "Script", "CLtdl", "CHost", "JSON",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .target(name: "ModuleTemplate"),
        .executableTarget(
            name: "modhost",
            dependencies: [
                "Host", "Configuration", "ModuleTemplate",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "ManagementClient", dependencies: ["Configuration", "JSON"]),
        .systemLibrary(name: "CEdit", pkgConfig: "libedit", providers: [.apt(["libedit-dev"])]),
        .executableTarget(
            name: "modctl",
            dependencies: [
                "ManagementClient", "CEdit", "Configuration",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(name: "CModuleCheck"),
        .target(name: "ModuleCheck", dependencies: ["Host", "CHost", "CModuleCheck", "Configuration", "JSON", "ModuleABI"]),
        .executableTarget(
            name: "modcheck",
            dependencies: ["ModuleCheck", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .target(name: "TestSupport", dependencies: ["ManagementClient", "JSON"], path: "Tests/TestSupport"),
        .target(
            name: "Faults", dependencies: ["TestSupport", "ManagementClient", "JSON"], path: "Tests/Faults",
            exclude: ["call-faults.c"]),
        .executableTarget(name: "torture", dependencies: ["Faults", "TestSupport", "JSON"], path: "Tests/Torture"),
        .testTarget(name: "ABITests"),
        .testTarget(name: "AccTests", dependencies: ["AccIntake", "ModuleABI", "ModuleKit"]),
        .testTarget(name: "AskTests", dependencies: ["AskIntake", "ModuleABI", "ModuleKit"]),
        .testTarget(
            name: "BlackBoxTests",
            dependencies: ["Faults", "TestSupport", "ManagementClient", "JSON", "modhost", "modctl"],
            exclude: ["Modules"]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration"]),
        .testTarget(
            name: "DocumentationTests", dependencies: ["TestSupport", "Host", "JSON", "modhost", "modctl", "modcheck"]),
        .testTarget(name: "ExampleTests", dependencies: ["TestSupport", "JSON", "modhost", "modctl", "modcheck"]),
        .testTarget(name: "FifoTransportTests", dependencies: ["FifoTransport", "ModuleABI", "ModuleKit"]),
        .testTarget(name: "FlatstoreTests", dependencies: ["FlatstoreEngine", "ModuleABI", "ModuleKit"]),
        .testTarget(
            name: "HostTests",
            dependencies: ["Host", "Script", "Configuration", "JSON", "ModuleABI", "CHost", "TestSupport"]),
        .testTarget(
            name: "HtableTests",
            dependencies: ["HtableEngine", "ModuleABI", "ModuleKit", "TestSupport", "JSON", "ManagementClient"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(
            name: "KitTests", dependencies: ["ModuleTemplate", "TestSupport", "JSON", "modhost", "modctl", "modcheck"],
            exclude: ["Modules"]),
        .testTarget(
            name: "ModuleCheckTests", dependencies: ["ModuleCheck", "ModuleABI", "TestSupport", "JSON", "modcheck"]),
        .testTarget(
            name: "PackagingTests", dependencies: ["TestSupport", "modhost", "modctl", "modcheck"], exclude: ["debian-life"]),
        .testTarget(name: "RtimerTests", dependencies: ["RouteTimers", "ModuleABI", "ModuleKit"]),
        .testTarget(name: "ScriptTests", dependencies: ["Script", "Configuration"]),
        .testTarget(
            name: "TimestoreTests",
            dependencies: ["TimestoreEngine", "ModuleABI", "ModuleKit", "TestSupport", "JSON", "ManagementClient"]),
        .testTarget(name: "ManagementClientTests", dependencies: ["ManagementClient", "JSON", "Configuration", "modctl"]),
    ] + plugins.flatMap(\.targets),
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)

for target in package.targets where target.type != .system && target.type != .plugin {
    var settings = target.swiftSettings ?? []
    settings.append(.enableUpcomingFeature("ExistentialAny"))
    settings.append(.enableUpcomingFeature("InternalImportsByDefault"))
    settings.append(.enableUpcomingFeature("MemberImportVisibility"))
    target.swiftSettings = settings
}
