import Configuration
import JSON
import ModuleABI

/// An argument as a client sent it.
struct SentArgument: Sendable {
    /// Nil: positional.
    var name: String?
    var value: ArgumentValue
    /// The whole argument as written (`c::d`), for clients whose syntax cannot tell a name from a part of the value.
    var text: [UInt8]?
}

/// A scalar of a request, or a list of them for a REST argument; owns its bytes.
enum ArgumentValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case float(Double)
    case string([UInt8])
    case bool(Bool)
    /// Nanoseconds.
    case duration(Int64)
    /// Bytes.
    case size(Int64)
    case list([ArgumentValue])
    /// A JSON array or object, which no argument takes.
    case nested(String)

    init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .integer(let number): self = .integer(number)
        case .double(let number): self = .float(number)
        case .string(let text): self = .string(Array(text.utf8))
        case .array, .object: self = .nested(json.kindName)
        }
    }

    init(_ value: mh_value) {
        switch value.type {
        case MH_INT, MH_TIME: self = .integer(value.as.integer)
        case MH_FLOAT: self = .float(value.as.real)
        case MH_STRING, MH_BLOB: self = .string(Array(value.as.text.bytes))
        case MH_BOOL: self = .bool(value.as.integer != 0)
        case MH_DURATION: self = .duration(value.as.integer)
        case MH_SIZE: self = .size(value.as.integer)
        default: self = .null
        }
    }

    var kindName: String {
        switch self {
        case .null: "null"
        case .integer: "an integer"
        case .float: "a number"
        case .string: "a string"
        case .bool: "a boolean"
        case .duration: "a duration"
        case .size: "a size"
        case .list: "a list"
        case .nested(let name): name
        }
    }

    var text: String? {
        if case .string(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
    }

    var integer: Int64? {
        switch self {
        case .integer(let number), .duration(let number), .size(let number): number
        default: nil
        }
    }

    var strings: [String] {
        if case .list(let elements) = self { elements.compactMap(\.text) } else { [] }
    }
}

/// Binds what a client sent to what a command declares, and checks it.
enum ArgumentBinding {
    /// Why arguments do not fit; the text names the argument.
    struct Failure: Error, Equatable {
        enum Kind { case count, value }
        var kind: Kind
        var text: String
    }

    /// One value per declared argument; `.null` where it was left out.
    static func bind(_ sent: [SentArgument], to command: Command) throws(Failure) -> [ArgumentValue] {
        for argument in sent where argument.name != nil { return try bindNamed(sent, to: command) }
        return try bindPositional(sent, to: command)
    }

    /// Arguments without names fill the declared ones in turn.
    private static func bindPositional(
        _ sent: [SentArgument], to command: Command
    ) throws(Failure) -> [ArgumentValue] {
        let declared = command.arguments
        var values: [ArgumentValue] = []
        values.reserveCapacity(declared.count)
        var next = 0
        for argument in declared {
            if argument.isRest {
                var rest: [ArgumentValue] = []
                rest.reserveCapacity(sent.count - next)
                while next < sent.count {
                    rest.append(try convert(given(sent[next]), to: argument, of: command))
                    next += 1
                }
                if rest.isEmpty, !argument.isOptional { throw missing(argument, of: command, got: sent.count) }
                values.append(.list(rest))
            } else if next < sent.count {
                values.append(try convert(given(sent[next]), to: argument, of: command))
                next += 1
            } else {
                guard argument.isOptional else { throw missing(argument, of: command, got: sent.count) }
                values.append(.null)
            }
        }
        if next < sent.count { throw tooMany(sent.count, for: command) }
        return values
    }

    /// The value of an argument that no name binds.
    private static func given(_ argument: SentArgument) -> ArgumentValue {
        argument.text.map { .string($0) } ?? argument.value
    }

    private static func tooMany(_ count: Int, for command: Command) -> Failure {
        Failure(
            kind: .count,
            text: "\(command.name) takes \(self.count(command.arguments)), got \(count) (usage: \(command.usage))")
    }

    private static func bindNamed(_ sent: [SentArgument], to command: Command) throws(Failure) -> [ArgumentValue] {
        let declared = command.arguments
        var bound: [ArgumentValue?] = Array(repeating: nil, count: declared.count)
        var rest: [ArgumentValue] = []
        var next = 0
        for argument in sent {
            if let name = argument.name {
                if let index = declared.firstIndex(where: { $0.name == name }) {
                    guard bound[index] == nil else {
                        throw Failure(kind: .count, text: "\(command.name): the argument \(name) is given twice")
                    }
                    if declared[index].isRest {
                        rest.append(try convert(argument.value, to: declared[index], of: command))
                    } else {
                        bound[index] = try convert(argument.value, to: declared[index], of: command)
                    }
                    continue
                }
                guard argument.text != nil else {
                    let near = nearestName(to: name, in: declared.map(\.name)).map { "; did you mean \($0)?" } ?? ""
                    throw Failure(
                        kind: .value,
                        text: "\(command.name) has no argument \(name) (usage: \(command.usage))\(near)")
                }
            }
            while next < declared.count, bound[next] != nil, !declared[next].isRest { next += 1 }
            guard next < declared.count else { throw tooMany(sent.count, for: command) }
            let value = given(argument)
            if declared[next].isRest {
                rest.append(try convert(value, to: declared[next], of: command))
            } else {
                bound[next] = try convert(value, to: declared[next], of: command)
                next += 1
            }
        }
        return try declared.indices.map { (index) throws(Failure) -> ArgumentValue in
            if declared[index].isRest {
                if rest.isEmpty, !declared[index].isOptional {
                    throw missing(declared[index], of: command, got: sent.count)
                }
                return .list(rest)
            }
            if let value = bound[index] { return value }
            guard declared[index].isOptional else { throw missing(declared[index], of: command, got: sent.count) }
            return .null
        }
    }

    private static func missing(_ argument: Command.Argument, of command: Command, got count: Int) -> Failure {
        Failure(
            kind: .count, text: "\(command.name): the argument \(argument.name) is missing (usage: \(command.usage))")
    }

    private static func count(_ declared: [Command.Argument]) -> String {
        let least = declared.filter { !$0.isOptional }.count
        let most = declared.count
        if most == 0 { return "no arguments" }
        let words = most == 1 ? "argument" : "arguments"
        return least == most ? "\(most) \(words)" : "\(least) to \(most) \(words)"
    }

    private static func convert(
        _ value: ArgumentValue, to argument: Command.Argument, of command: Command
    ) throws(Failure) -> ArgumentValue {
        if case .null = value, argument.isOptional, !argument.isRest { return .null }
        let converted: ArgumentValue?
        switch (argument.type, value) {
        case (.any, .nested), (.any, .null): converted = nil
        case (.any, _): converted = value
        case (.string, .string): converted = value
        case (.string, .integer(let number)): converted = .string(Array(String(number).utf8))
        case (.string, .float(let number)): converted = .string(Array(number.description.utf8))
        case (.int, .integer): converted = value
        case (.int, .float(let number)): converted = Int64(exactly: number).map { .integer($0) }
        case (.int, .string(let bytes)):
            converted = Quantity.integer(String(decoding: bytes, as: UTF8.self)).map { .integer($0) }
        case (.float, .float): converted = value
        case (.float, .integer(let number)): converted = .float(Double(number))
        case (.float, .string(let bytes)):
            converted = Double(String(decoding: bytes, as: UTF8.self)).map { .float($0) }
        case (.bool, .bool): converted = value
        case (.bool, .integer(let number)): converted = number == 0 || number == 1 ? .bool(number == 1) : nil
        case (.bool, .string(let bytes)):
            converted = Quantity.boolean(String(decoding: bytes, as: UTF8.self)).map { .bool($0) }
        case (.duration, .integer), (.duration, .float), (.duration, .string):
            converted = Quantity.duration(plainText(value)).map { .duration($0) }
        case (.size, .integer), (.size, .string): converted = Quantity.size(plainText(value)).map { .size($0) }
        default: converted = nil
        }
        guard let converted else {
            throw Failure(
                kind: .value,
                text:
                    "\(command.name): the argument \(argument.name) is \(describe(value)), expected \(expectation(argument.type))"
            )
        }
        return converted
    }

    private static func plainText(_ value: ArgumentValue) -> String {
        switch value {
        case .integer(let number): String(number)
        case .float(let number): number.description
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        default: ""
        }
    }

    private static func describe(_ value: ArgumentValue) -> String {
        switch value {
        case .string(let bytes):
            let text = String(decoding: bytes.prefix(60), as: UTF8.self)
            return "'\(text)\(bytes.count > 60 ? "…" : "")'"
        case .integer, .float: return plainText(value)
        default: return value.kindName
        }
    }

    private static func expectation(_ type: Command.ArgumentType) -> String {
        switch type {
        case .any: "a string, number or boolean"
        case .int: "an integer"
        case .float: "a number"
        case .string: "a string"
        case .bool: "a boolean (0, 1, yes, no, on, off, true, false)"
        case .duration: "a duration such as 200ms or 5s"
        case .size: "a size such as 4096 or 64k"
        }
    }
}

/// Arguments laid out for a module: values and their bytes in memory that this object owns.
final class RawArguments: @unchecked Sendable {
    // @unchecked: written in init, read by the handler, freed in deinit.
    private let values: UnsafeMutableBufferPointer<mh_value>
    private let count: Int
    private var lists: [UnsafeMutableBufferPointer<mh_value>] = []
    private var texts: [UnsafePointer<CChar>] = []

    init(_ arguments: [ArgumentValue]) {
        values = .allocate(capacity: max(arguments.count, 1))
        values.initialize(repeating: mh_null())
        count = arguments.count
        for (index, argument) in arguments.enumerated() { values[index] = raw(argument) }
    }

    deinit {
        for text in texts { text.deallocate() }
        for list in lists { list.deallocate() }
        values.deallocate()
    }

    var array: mh_array {
        mh_array(
            items: UnsafeRawPointer(values.baseAddress), count: UInt32(count),
            stride: UInt32(MemoryLayout<mh_value>.stride))
    }

    private func raw(_ argument: ArgumentValue) -> mh_value {
        var value = mh_null()
        switch argument {
        case .null, .nested: break
        case .integer(let number): value = mh_int(number)
        case .float(let number): value = mh_float(number)
        case .bool(let truth): value = mh_bool(truth ? 1 : 0)
        case .string(let bytes):
            let copy = ParameterValue.copy(bytes)
            if let start = copy.ptr { texts.append(start) }
            value = mh_text(copy)
        case .duration(let number):
            value = mh_int(number)
            value.type = MH_DURATION
        case .size(let number):
            value = mh_int(number)
            value.type = MH_SIZE
        case .list(let elements):
            let list = UnsafeMutableBufferPointer<mh_value>.allocate(capacity: max(elements.count, 1))
            lists.append(list)
            list.initialize(repeating: mh_null())
            for (index, element) in elements.enumerated() { list[index] = raw(element) }
            value.type = MH_LIST
            value.as.list = mh_array(
                items: UnsafeRawPointer(list.baseAddress), count: UInt32(elements.count),
                stride: UInt32(MemoryLayout<mh_value>.stride))
        }
        return value
    }
}
