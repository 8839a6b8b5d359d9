import ModuleABI

/// Hosts that lack a service, and hosts whose tables end early: a clear error of init, or a module that does without.
enum ServiceProbe {
    static func run(_ cases: StageCase) {
        cases.run("", dies: .hookDies, hangs: .hookHangs) { stage in
            if cases.start(stage) == nil { stage.stop() }
            var bits: Int64 = 0
            for (index, service) in ServiceTables.sizes.enumerated() where ServiceTables.askedBySubject.contains(service.id)
            {
                bits |= 1 << Int64(index)
            }
            CaseProcess.setNumber(bits)
        }
        let asked = CaseProcess.number
        for (index, service) in ServiceTables.sizes.enumerated() where asked & 1 << Int64(index) != 0 {
            cases.run("without \(service.id)", dies: .absentServiceKills) { stage in
                stage.absent = [service.id]
                live(cases, stage, "without \(service.id)")
            }
            let half = 8 + (service.size - 8) / 16 * 8
            for size in Set([8, half, service.size - 8]).sorted() where size < service.size {
                cases.run("with \(service.id) of \(size) bytes", dies: .tableOverread) { stage in
                    stage.clipped = [service.id: size]
                    live(cases, stage, "with \(service.id) of \(size) bytes")
                }
            }
        }
        cases.run("without any service", dies: .absentServiceKills) { stage in
            stage.absent = Set(ServiceTables.sizes.map(\.id))
            live(cases, stage, "without any service")
        }
    }

    private static func live(_ cases: StageCase, _ stage: Stage, _ what: String) {
        if let fault = cases.start(stage) {
            if fault.isSilent, fault.rule == "MH-R118" || fault.rule == "MH-R122" {
                FindingPipe.add(.hookSilentFailure, "\(what), \(fault.text)")
            }
            return
        }
        stage.hastenTimers()
        stage.run(milliseconds: 5)
        stage.computed.readAll()
        stage.stop()
    }
}
