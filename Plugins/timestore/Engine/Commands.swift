// The management commands that read and write records; those on files are in Commands+Files.
import ModuleABI
import ModuleKit

extension TimestoreModule {
    func declareCommands(in builder: ModuleBuilder) {
        declareStats(in: builder)
        declareRecords(in: builder)
        declareFiles(in: builder)
    }

    private func declareStats(in builder: ModuleBuilder) {
        builder.command(
            "timestore.stats", flags: MH_MI_READ,
            summary: "Counts of requests, records, errors and connections, and the limits.", example: "timestore.stats"
        ) { _, reply throws(CommandFault) in
            let context = try self.running()
            try reply.map { () throws(CommandFault) in
                for entry in context.tally.entries { reply.integer(entry.name, entry.read()) }
                try reply.map("limits") { () throws(CommandFault) in
                    reply.integer("max_connections", context.limits.connections)
                    reply.integer("max_in_flight", context.limits.inFlight)
                    reply.number("idle_timeout", Double(context.limits.idle) / 1e9)
                    reply.integer("open_files", self.settings.openFiles)
                    reply.integer("max_days_per_file", context.environment.maxDaysPerFile)
                    reply.text("sync", context.environment.sync.rawValue)
                    reply.number("sync_interval", Double(context.syncInterval) / 1e9)
                }
                reply.text("data_directory", context.environment.root)
                try reply.list("listen") { () throws(CommandFault) in
                    for listener in self.listeners { reply.text("", listener.address) }
                }
            }
        }
    }

    private static var range: [ModuleBuilder.Argument] {
        [
            .init("uuid", MH_STRING, help: "The series."),
            .init(
                "start", MH_NULL, help: "The first time: seconds since 1970, a date, now, or a span before now such as -90m."
            ),
            .init("end", MH_NULL, help: "The last time, included; written as start."),
        ]
    }

    private func declareRecords(in builder: ModuleBuilder) {
        builder.command(
            "timestore.put", flags: MH_MI_CHANGE | MH_MI_SLOW,
            summary: "Stores one record; answers when it is as safe as sync promises.",
            example: "timestore.put 12345678-1234-1234-1234-123456789abc now 21.5",
            arguments: [
                .init("uuid", MH_STRING, help: "The series."),
                .init("time", MH_NULL, help: "Seconds since 1970, a date, now, or a span before now such as -90m."),
                .init("value", MH_FLOAT, help: "The value, stored as an IEEE-754 single."),
            ]
        ) { call, reply throws(CommandFault) in
            let context = try self.running()
            let id = try Self.id(call)
            let time = try Self.time(call, 1, "time")
            guard case .float(let value) = call.value(2) else {
                throw CommandFault(400, "value is missing, expected a number")
            }
            var record: [UInt8] = []
            RecordBytes.append(time, Float(value), to: &record)
            if let failure = StoreAccess(context: context).append(id, record).failure { throw Self.fault(failure) }
            try reply.map { () throws(CommandFault) in reply.integer("stored", 1) }
        }
        builder.command(
            "timestore.get", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "The records of a series from one time to another, in ascending order.",
            example: "timestore.get 12345678-1234-1234-1234-123456789abc -1h now 100",
            arguments: Self.range + [
                .init("limit", MH_INT, optional: true, help: "At most so many records, from the first on.")
            ]
        ) { call, reply throws(CommandFault) in
            let (id, start, end, reader) = try self.reader(call)
            let limit = call.integer(3).map { max(0, Int(clamping: $0)) } ?? .max
            try reply.map { () throws(CommandFault) in
                reply.text("uuid", id.text)
                reply.integer("start", start)
                reply.integer("end", end)
                reply.integer("found", reader.count)
                try reply.list("records") { () throws(CommandFault) in
                    try Self.read(reader, limit) { time, value in
                        reply.beginMap("record", attributes: true)
                        reply.integer("time", time)
                        Self.write(value, to: reply)
                        return reply.end()
                    }
                }
            }
        }
        builder.command(
            "timestore.export", flags: MH_MI_READ | MH_MI_SLOW,
            summary: "The records of a series as lines of CSV, time,value, with a heading.",
            example: "timestore.export 12345678-1234-1234-1234-123456789abc 2024-01-01 2024-12-31",
            arguments: Self.range
        ) { call, reply throws(CommandFault) in
            let reader = try self.reader(call).reader
            try reply.list { () throws(CommandFault) in
                reply.text("", "time,value")
                try Self.read(reader, .max) { time, value in reply.text("", "\(time),\(value)") }
            }
        }
    }

    // MARK: Arguments and answers

    static func id(_ call: Call) throws(CommandFault) -> SeriesID {
        let text = call.string(0) ?? ""
        guard let id = SeriesID(text) else {
            throw CommandFault(400, "\"\(text)\" is no UUID, expected 8-4-4-4-12 hexadecimal digits")
        }
        return id
    }

    private static func time(_ call: Call, _ index: Int, _ name: String) throws(CommandFault) -> UInt32 {
        let value = call.value(index)
        guard let time = TimeArgument.read(value, now: TimeArgument.now) else {
            let found =
                switch value {
                case .string(let text): "\"\(text)\""
                case .integer(let number): "\(number)"
                case .float(let number): "\(number)"
                default: "nothing"
                }
            throw CommandFault(400, "\(name): found \(found), \(TimeArgument.expected)")
        }
        return time
    }

    static func fault(_ failure: ModuleFailure) -> CommandFault {
        CommandFault(failure.code == MH_E_STATE ? 503 : 500, failure.text)
    }

    private func reader(
        _ call: Call
    ) throws(CommandFault) -> (id: SeriesID, start: UInt32, end: UInt32, reader: RangeReader) {
        let context = try running()
        let id = try Self.id(call)
        let start = try Self.time(call, 1, "start")
        let end = try Self.time(call, 2, "end")
        do throws(ModuleFailure) {
            return (id, start, end, try StoreAccess(context: context).read(id, start, end))
        } catch {
            throw Self.fault(error)
        }
    }

    /// Hands out records until there are no more, the limit is reached, or `body` answers false since nobody listens.
    private static func read(
        _ reader: RangeReader, _ limit: Int, _ body: (UInt32, Float) -> Bool
    ) throws(CommandFault) {
        var reader = reader
        var left = limit
        do throws(SystemError) {
            while left > 0, let bytes = try reader.nextBytes() {
                let count = min(left, bytes.count / RecordBytes.size)
                left -= count
                let goesOn = bytes.withUnsafeBytes { bytes in
                    for index in 0..<count where !body(RecordBytes.time(bytes, index), RecordBytes.value(bytes, index)) {
                        return false
                    }
                    return true
                }
                if !goesOn { return }
            }
        } catch {
            throw fault(error.failure("the records cannot be read"))
        }
    }

    /// A value with the digits that a single has; JSON has no words for what is no number.
    private static func write(_ value: Float, to reply: Reply) {
        if value.isFinite, let number = Double("\(value)") {
            reply.number("value", number)
        } else {
            reply.text("value", "\(value)")
        }
    }
}
