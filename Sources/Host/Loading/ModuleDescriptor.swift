import ModuleABI

/// A module's descriptor, checked and copied into Swift. Function pointers and contexts stay in the raw structs.
struct ModuleDescriptor: @unchecked Sendable {
    // @unchecked: the raw structs hold pointers into the module's static memory, which never goes away.
    struct Parameter {
        var raw: mh_param
        var name: String
        var help: String
        var unit: String
        var defaultText: String
        var choices: [String]

        func has(_ flag: UInt32) -> Bool { raw.flags & flag != 0 }

        /// The type as documentation calls it.
        var typeName: String {
            switch raw.type {
            case MH_INT: "int"
            case MH_FLOAT: "float"
            case MH_BOOL: "bool"
            case MH_STRING: "string"
            case MH_DURATION: "duration"
            case MH_SIZE: "size"
            default: "list"
            }
        }
    }

    /// An argument of a script function.
    struct ScriptArgument {
        var name: String
        var kind: UInt32
        var isOptional: Bool
    }

    var raw: mh_module
    var name: String
    var version: String
    var summary: String
    var aliases: [String]
    var parameters: [Parameter]
    var commands: [Command]
    var functions: [(raw: mh_script_function, name: String, summary: String, arguments: [ScriptArgument])]
    var variables: [(raw: mh_script_variable, name: String, summary: String)]
    var provides: [(raw: mh_interface, interface: ModuleNote.Interface)]
    var requires: [ModuleNote.Interface]

    /// Copies and checks what the entry function gave.
    init(_ pointer: UnsafePointer<mh_module>) throws(DescriptorFault) {
        guard let raw = ABIReader.read(pointer) else {
            let size = UnsafeRawPointer(pointer).load(as: UInt32.self)
            throw DescriptorFault(
                .badDescriptor, "the descriptor's struct_size is \(size), expected at least \(mh_module.firstSize)")
        }
        self.raw = raw
        name = try ABIReader.text(raw.name, "the module's name")
        guard isModuleName(name) else {
            throw DescriptorFault(.badDescriptor, "the module's name is '\(name.prefix(80))', expected [a-z][a-z0-9_-]*")
        }
        try ABIReader.requireZero(raw.reserved, "the descriptor")
        try ABIReader.requireKnown(raw.flags, 0, "the descriptor")
        version = try ABIReader.text(raw.version, "the module's version")
        summary = try ABIReader.text(raw.summary, "the module's summary")
        aliases = try ABIReader.strings(raw.aliases, "aliases")
        for alias in aliases where !isModuleName(alias) {
            throw DescriptorFault(.badDescriptor, "the alias '\(alias.prefix(80))' is not [a-z][a-z0-9_-]*")
        }
        parameters = try Self.parameters(raw)
        commands = try Self.commands(raw, module: name)
        functions = []
        for item in try ABIReader.read(raw.functions, of: mh_script_function.self, "functions") {
            let name = try ABIReader.text(item.name, "a function's name")
            guard isDottedName(name), item.call != nil else {
                throw DescriptorFault(.badDescriptor, "the function '\(name.prefix(80))' has a bad name or no call")
            }
            try ABIReader.requireKnown(item.flags, 0, "function \(name)")
            functions.append(
                (item, name, try ABIReader.text(item.summary, "function \(name)'s summary"), try Self.arguments(item, name)))
        }
        variables = []
        for item in try ABIReader.read(raw.variables, of: mh_script_variable.self, "variables") {
            let name = try ABIReader.text(item.name, "a variable's name")
            guard isDottedName(name), item.get != nil else {
                throw DescriptorFault(.badDescriptor, "the variable '\(name.prefix(80))' has a bad name or no get")
            }
            try ABIReader.requireKnown(item.flags, 1, "variable \(name)")
            variables.append((item, name, try ABIReader.text(item.summary, "variable \(name)'s summary")))
        }
        provides = []
        for item in try ABIReader.read(raw.provides, of: mh_interface.self, "provides") {
            try ABIReader.requireZero(item.reserved, "a provided interface")
            let id = try ABIReader.text(item.id, "a provided interface's id")
            let selector = try ABIReader.text(item.selector, "a provided interface's selector")
            guard !id.isEmpty, item.table != nil else {
                throw DescriptorFault(.badDescriptor, "the provided interface '\(id)' has no id or no table")
            }
            provides.append((item, ModuleNote.Interface(id: id, selector: selector)))
        }
        requires = []
        for item in try ABIReader.read(raw.requires_, of: mh_requirement.self, "requires_") {
            try ABIReader.requireKnown(item.flags, 1, "a required interface")
            let id = try ABIReader.text(item.id, "a required interface's id")
            guard !id.isEmpty else { throw DescriptorFault(.badDescriptor, "a required interface has no id") }
            requires.append(
                ModuleNote.Interface(
                    id: id, selector: try ABIReader.text(item.selector, "a required interface's selector"),
                    isOptional: item.flags & 1 != 0))
        }
    }

    private static func arguments(_ raw: mh_script_function, _ name: String) throws(DescriptorFault) -> [ScriptArgument] {
        var arguments: [ScriptArgument] = []
        for item in try ABIReader.read(raw.args, of: mh_script_arg.self, "the arguments of function \(name)") {
            let argument = ScriptArgument(
                name: try ABIReader.text(item.name, "an argument's name of function \(name)"), kind: item.kind,
                isOptional: item.flags & MH_SCRIPT_ARG_OPTIONAL != 0)
            try ABIReader.requireZero(item.reserved, "argument \(argument.name) of function \(name)")
            try ABIReader.requireKnown(item.flags, MH_SCRIPT_ARG_OPTIONAL, "argument \(argument.name) of function \(name)")
            guard MH_SCRIPT_ARG_INT...MH_SCRIPT_ARG_REGEX ~= argument.kind else {
                throw DescriptorFault(
                    .badDescriptor,
                    "argument \(argument.name) of function \(name) has kind \(argument.kind), expected 1 to 5")
            }
            guard argument.isOptional || arguments.last?.isOptional != true else {
                throw DescriptorFault(.badDescriptor, "function \(name) has a required argument after an optional one")
            }
            arguments.append(argument)
        }
        return arguments
    }

    private static func parameters(_ raw: mh_module) throws(DescriptorFault) -> [Parameter] {
        var parameters: [Parameter] = []
        for item in try ABIReader.read(raw.params, of: mh_param.self, "params") {
            let name = try ABIReader.text(item.name, "a parameter's name")
            guard isDottedName(name) else {
                throw DescriptorFault(
                    .badDescriptor, "the parameter name '\(name.prefix(80))' is not [A-Za-z_][A-Za-z0-9_.]*")
            }
            try ABIReader.requireZero(item.reserved, "parameter \(name)")
            try ABIReader.requireKnown(item.flags, 0x1F, "parameter \(name)")
            let known = [MH_INT, MH_FLOAT, MH_BOOL, MH_STRING, MH_DURATION, MH_SIZE, MH_LIST]
            guard known.contains(item.type) else {
                throw DescriptorFault(.badDescriptor, "parameter \(name) has type \(item.type), which no parameter can have")
            }
            if item.type == MH_LIST, item.set == nil {
                throw DescriptorFault(.badDescriptor, "parameter \(name) is a list, which needs a set function")
            }
            if item.flags & 0x08 != 0, item.set == nil {
                throw DescriptorFault(.badDescriptor, "parameter \(name) is marked LIVE, which needs a set function")
            }
            if item.set != nil, item.storage != nil {
                throw DescriptorFault(
                    .badDescriptor, "parameter \(name) has both a set function and storage, expected one of the two")
            }
            guard item.minimum <= item.maximum, item.float_minimum <= item.float_maximum else {
                throw DescriptorFault(.badDescriptor, "parameter \(name) has its minimum above its maximum")
            }
            guard !parameters.contains(where: { $0.name == name }) else {
                throw DescriptorFault(.nameTaken, "parameter \(name) is declared twice")
            }
            parameters.append(
                Parameter(
                    raw: item, name: name, help: try ABIReader.text(item.help, "parameter \(name)'s help"),
                    unit: try ABIReader.text(item.unit, "parameter \(name)'s unit"),
                    defaultText: try ABIReader.text(item.default_text, "parameter \(name)'s default"),
                    choices: try ABIReader.strings(item.choices, "parameter \(name)'s choices")))
        }
        return parameters
    }

    private static func commands(_ raw: mh_module, module: String) throws(DescriptorFault) -> [Command] {
        var commands: [Command] = []
        for item in try ABIReader.read(raw.commands, of: mh_mi_command.self, "commands") {
            let name = try ABIReader.text(item.name, "a command's name")
            guard isDottedName(name) else {
                throw DescriptorFault(.badDescriptor, "the command name '\(name.prefix(80))' is not [A-Za-z_][A-Za-z0-9_.]*")
            }
            try ABIReader.requireKnown(item.flags, 0x07, "command \(name)")
            guard (item.flags & 0x03).nonzeroBitCount == 1 else {
                throw DescriptorFault(.badDescriptor, "command \(name) must be marked READ or CHANGE, one of the two")
            }
            guard item.handler != nil else { throw DescriptorFault(.badDescriptor, "command \(name) has no handler") }
            let aliases = try ABIReader.strings(item.aliases, "command \(name)'s aliases")
            for alias in aliases where !isDottedName(alias) {
                throw DescriptorFault(
                    .badDescriptor, "command \(name) has the alias '\(alias.prefix(80))', which is no command name")
            }
            var arguments: [Command.Argument] = []
            let items = try ABIReader.read(item.args, of: mh_mi_arg.self, "command \(name)'s arguments")
            for (index, argument) in items.enumerated() {
                let argumentName = try ABIReader.text(argument.name, "an argument's name of command \(name)")
                guard isDottedName(argumentName) else {
                    throw DescriptorFault(
                        .badDescriptor, "command \(name) has an argument called '\(argumentName.prefix(80))'")
                }
                try ABIReader.requireZero(argument.reserved, "argument \(argumentName) of command \(name)")
                try ABIReader.requireKnown(argument.flags, 0x03, "argument \(argumentName) of command \(name)")
                let type = Command.ArgumentType(raw: argument.type)
                guard let type else {
                    throw DescriptorFault(
                        .badDescriptor, "argument \(argumentName) of command \(name) has type \(argument.type)")
                }
                let isRest = argument.flags & 0x02 != 0
                guard !isRest || index == items.count - 1 else {
                    throw DescriptorFault(.badDescriptor, "command \(name) has a REST argument that is not the last")
                }
                let isOptional = argument.flags & 0x01 != 0
                if let before = arguments.last, before.isOptional, !isOptional, !isRest {
                    throw DescriptorFault(.badDescriptor, "command \(name) has a required argument after an optional one")
                }
                guard !arguments.contains(where: { $0.name == argumentName }) else {
                    throw DescriptorFault(.nameTaken, "command \(name) has two arguments called \(argumentName)")
                }
                arguments.append(
                    Command.Argument(
                        name: argumentName, type: type, isOptional: isOptional, isRest: isRest,
                        help: try ABIReader.text(argument.help, "argument \(argumentName)'s help")))
            }
            commands.append(
                Command(
                    name: name, aliases: aliases, isChange: item.flags & 0x02 != 0, isSlow: item.flags & 0x04 != 0,
                    summary: try ABIReader.text(item.summary, "command \(name)'s summary"),
                    example: try ABIReader.text(item.example, "command \(name)'s example"),
                    arguments: arguments, module: module, action: .module(handler: item.handler, context: item.ctx)))
        }
        return commands
    }

    /// Checks that the note, by which the host decided, says the same.
    func compare(with note: ModuleNote) throws(DescriptorFault) {
        func differ(_ what: String, _ noted: String, _ described: String) throws(DescriptorFault) {
            guard noted != described else { return }
            throw DescriptorFault(
                .noteDiffers, "module \(name): the note's \(what) is '\(noted)', the descriptor's '\(described)'")
        }
        try differ("name", note.name, name)
        try differ("version", note.version, version)
        try differ("abi", "\(note.abiMajor).\(note.abiMinor)", "\(raw.abi_major).\(raw.abi_minor)")
        func list(_ interfaces: [ModuleNote.Interface]) -> String {
            interfaces.map(\.description).sorted().joined(separator: " ")
        }
        try differ("aliases", note.aliases.sorted().joined(separator: " "), aliases.sorted().joined(separator: " "))
        try differ("provides", list(note.provides), list(provides.map(\.interface)))
        try differ("requires", list(note.requires), list(requires))
    }
}
