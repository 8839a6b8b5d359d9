// feeder: listens on TCP for lines `UUID STAMP VALUE` and feeds them to timestore and flatstore through their interfaces.

import Feeder
public import ModuleABI
import ModuleKit

/// The one symbol of a module. Pure and quick: it describes the module, work begins in `onInit`.
@c @implementation
public func mh_module_entry_v1(
    _ offer: UnsafePointer<mh_offer>?, _ module: UnsafeMutablePointer<UnsafePointer<mh_module>?>?,
    _ error: UnsafePointer<mh_error>?
) -> Int32 {
    FeederModule().describe().publish(to: module, for: offer, error: error)
}

/// What the config sets before `onInit`, and what runs from then on. The hooks are called on main, one after the other.
private final class FeederModule {
    private var addresses: [String] = []
    private var rowURL = ""
    private var table = ""
    private var maxConnections: UInt32 = 0
    private var stores: Stores?
    private var feeder: Feeder?

    func describe() -> ModuleBuilder {
        // Sources/Note/note.c says the same name, version, ABI and requirements.
        let module = ModuleBuilder(
            name: "feeder", version: "1.0.0",
            summary: "Takes measurements from TCP, a line each, and stores them in timestore and flatstore.")
        module.requires("mh.timestore/1", selector: "timestore")
        module.requires("mh.db/1", selector: "flatstore", optional: true)
        declareParameters(on: module)
        module.command(
            "feeder.info", flags: MH_MI_READ, summary: "Shows the addresses and what became of the lines.",
            example: "feeder.info"
        ) { [self] _, reply throws(CommandFault) in
            try info(reply)
        }
        module.onInit { [self] host throws(ModuleFailure) in
            let stores = try Stores(host, rowURL: rowURL, table: table)
            do throws(ModuleFailure) {
                feeder = try Feeder(host, stores: stores, addresses: addresses, maxConnections: maxConnections)
            } catch {
                stores.close()
                throw error
            }
            self.stores = stores
        }
        module.onStop { [self] in
            // Work on pool threads has ended by now.
            stores?.close()
        }
        return module
    }

    private func declareParameters(on module: ModuleBuilder) {
        module.parameter(
            "listen", type: MH_STRING, flags: MH_PARAM_REQUIRED | MH_PARAM_REPEATABLE,
            help: "Where senders connect: tcp://HOST:PORT; port 0 picks one."
        ) { [self] value throws(ModuleFailure) in
            guard case .string(let address) = value, address.hasPrefix("tcp://") else {
                throw ModuleFailure(MH_E_INVALID, "expected tcp://HOST:PORT")
            }
            addresses.append(address)
        }
        module.parameter(
            "db_url", type: MH_STRING, default: "", help: "Where rows go, flatstore:/FOLDER; empty: no rows."
        ) { [self] value in
            if case .string(let url) = value { rowURL = url }
        }
        module.parameter(
            "db_table", type: MH_STRING, default: "measurements", help: "The table of the rows uuid, time, value."
        ) { [self] value in
            if case .string(let name) = value { table = name }
        }
        module.parameter(
            "max_connections", type: MH_INT, default: "1024", range: 0...1_000_000,
            help: "Senders at a time for each address; further ones are closed. 0: no limit."
        ) { [self] value in
            if case .integer(let count) = value { maxConnections = UInt32(clamping: count) }
        }
    }

    private func info(_ reply: Reply) throws(CommandFault) {
        guard let feeder else { throw CommandFault(503, "feeder is not running") }
        let counts = feeder.counts
        try reply.map { () throws(CommandFault) in
            try reply.list("addresses") { () throws(CommandFault) in
                for address in feeder.addresses { reply.text("address", address) }
            }
            reply.integer("connections", counts.connections)
            reply.integer("stored", counts.stored)
            reply.integer("rejected", counts.rejected)
        }
    }
}
