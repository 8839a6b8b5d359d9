import CHost
import ModuleABI

/// Every function that modules call, with the thread and the phases that its header names; a test compares this table with the
/// headers.
enum ServiceCall: String, CaseIterable, Sendable {
    case logLevel = "mh_log_service.level any init+run+stop"
    case logWrite = "mh_log_service.write any init+run+stop"
    case counterCreate = "mh_counter_service.create any init+run"
    case counterCreateComputed = "mh_counter_service.create_computed any init+run"
    case counterAdd = "mh_counter_service.add any init+run+stop"
    case counterSet = "mh_counter_service.set any init+run+stop"
    case counterGet = "mh_counter_service.get any init+run+stop"
    case threadIndex = "mh_thread_service.index any init+run+stop"
    case threadKind = "mh_thread_service.kind any init+run+stop"
    case threadWorkers = "mh_thread_service.workers any init+run+stop"
    case threadLimit = "mh_thread_service.limit any init+run+stop"
    case interfaceAcquire = "mh_interface_service.acquire any init+run"
    case parameterGet = "mh_param_service.get any init+run+stop"
    case parameterCore = "mh_param_service.core any init+run+stop"
    case loopNow = "mh_loop_service.now any init+run+stop"
    case loopTimer = "mh_loop_service.timer any init+run"
    case loopWatch = "mh_loop_service.watch any init+run"
    case loopWatchEvents = "mh_loop_service.watch_events worker run"
    case loopCancel = "mh_loop_service.cancel any init+run+stop"
    case loopPost = "mh_loop_service.post any init+run+stop"
    case loopOffload = "mh_loop_service.offload any init+run"
    case netListen = "mh_net_service.listen main init+run"
    case netUnlisten = "mh_net_service.unlisten main run+stop"
    case netConnect = "mh_net_service.connect any run"
    case netAdopt = "mh_net_service.adopt any init+run"
    case netWrite = "mh_net_service.write worker run+stop"
    case netWriteParts = "mh_net_service.write_parts worker run+stop"
    case netWriteFile = "mh_net_service.write_file worker run"
    case netPause = "mh_net_service.pause worker run"
    case netResume = "mh_net_service.resume worker run"
    case netWaterMarks = "mh_net_service.water_marks worker run"
    case netClose = "mh_net_service.close worker run+stop"
    case netAbort = "mh_net_service.abort worker run+stop"
    case netDatagrams = "mh_net_service.datagrams main init+run"
    case netSend = "mh_net_service.send worker run"
    case netCloseSocket = "mh_net_service.close_socket any run+stop"
    case netAddress = "mh_net_service.address any run"
    case miExecute = "mh_mi_service.execute any run"
    case miJSONRPC = "mh_mi_service.jsonrpc any run"
    case scriptFind = "mh_script_service.find main init"
    case scriptRun = "mh_script_service.run worker init+run+stop"
    case scriptFormat = "mh_script_service.format main init"
    case scriptExpand = "mh_script_service.expand worker init+run+stop"
    case scriptAssign = "mh_script_service.assign worker run"
    case scriptArgument = "mh_script_service.argument worker run"
    case scriptReply = "mh_script_service.reply worker run"
    case scriptOnEnd = "mh_script_service.on_end main init"
    case query = "mh_host.query any init+run+stop"

    enum Place: String, Sendable {
        case any, main, worker
    }

    struct Tags: Sendable {
        /// "loop.timer", for texts.
        var name: String
        var place: Place
        var phases: Set<Phase>
        /// "init+run", for texts.
        var phaseText: String
    }

    private static let table: [ServiceCall: Tags] = Dictionary(
        uniqueKeysWithValues: allCases.map { call in
            let words = call.rawValue.split(separator: " ").map(String.init)
            var name = words[0]
            for (long, short) in [("_service", ""), ("mh_", "")] {
                if let range = name.firstRange(of: long) { name.replaceSubrange(range, with: short) }
            }
            return (
                call,
                Tags(
                    name: name, place: Place(rawValue: words[1]) ?? .any,
                    phases: Set(words[2].split(separator: "+").compactMap { Phase(word: String($0)) }), phaseText: words[2])
            )
        })

    var tags: Tags { Self.table[self] ?? Tags(name: rawValue, place: .any, phases: [], phaseText: "") }
}

/// Where in its life a module is, as the headers call it.
enum Phase: UInt8, Sendable {
    case load = 1
    case initialising
    case running
    case stopping
    case ended

    init?(word: String) {
        switch word {
        case "load": self = .load
        case "init": self = .initialising
        case "run": self = .running
        case "stop": self = .stopping
        default: return nil
        }
    }

    var word: String {
        switch self {
        case .load: "load"
        case .initialising: "init"
        case .running: "run"
        case .stopping: "stop"
        case .ended: "after stop"
        }
    }
}
