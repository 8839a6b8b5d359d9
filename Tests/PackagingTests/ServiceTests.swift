// The systemd unit, as systemd itself judges it where it is installed.

import Foundation
import TestSupport
import Testing

private let hasSystemdAnalyze = (try? runToEnd("systemd-analyze", ["--version"]))?.status == 0

@Suite struct `The systemd unit` {
    private func installedUnit() throws -> (TemporaryDirectory, String) {
        let folder = try TemporaryDirectory()
        let text = try String(
            contentsOfFile: "\(BuiltProducts.repository)/Packaging/systemd/modhost.service", encoding: .utf8)
        let filled = text.replacing("@PREFIX@/bin/modhost", with: BuiltProducts.modhost).replacing(
            "@SYSCONFDIR@", with: "/etc")
        return (folder, try folder.write(filled, to: "usr/lib/systemd/system/modhost.service"))
    }

    @Test("systemd finds no unknown line in it", .enabled(if: hasSystemdAnalyze, "systemd-analyze is not installed"))
    func verify() throws {
        let (folder, unit) = try installedUnit()
        let result = try runToEnd("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", unit])
        #expect(folder.contains("usr") && !result.errors.contains("not found"), "\(result.errors)")
        let about = result.errors.split(separator: "\n").filter { $0.contains("\(unit):") }
        #expect(about.isEmpty, "\(result.errors)")
    }

    @Test("Its exposure is at most 2 of 10", .enabled(if: hasSystemdAnalyze, "systemd-analyze is not installed"))
    func security() throws {
        let (folder, _) = try installedUnit()
        let result = try runToEnd(
            "systemd-analyze",
            ["security", "--offline=true", "--root=\(folder.path)", "--threshold=20", "--no-pager", "modhost.service"])
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    @Test("It has its own user, a watchdog, and no new privileges")
    func settings() throws {
        let (folder, _) = try installedUnit()
        let lines = folder.text("usr/lib/systemd/system/modhost.service").split(separator: "\n")
        for line in ["User=modhost", "Type=notify", "WatchdogSec=30s", "NoNewPrivileges=yes", "ProtectSystem=strict"] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
    }
}
