/// The numbered rules by which a module or its configuration is refused; `modhost explain ID` prints one.
public enum Rule: String, Sendable, CaseIterable {
    case fileNotFound = "MH-R101"
    case notAModuleFile = "MH-R102"
    case abiMajor = "MH-R103"
    case abiMinor = "MH-R104"
    case noNote = "MH-R105"
    case badNote = "MH-R106"
    case noEntry = "MH-R107"
    case dynamicLinker = "MH-R108"
    case entryRefused = "MH-R109"
    case badDescriptor = "MH-R110"
    case unknownFlags = "MH-R111"
    case noteDiffers = "MH-R112"
    case alreadyLoaded = "MH-R113"
    case nameTaken = "MH-R114"
    case interfaceMissing = "MH-R115"
    case cyclicRequirement = "MH-R116"
    case parameterRequired = "MH-R117"
    case initFailed = "MH-R118"
    case unknownModule = "MH-R119"
    case unknownParameter = "MH-R120"
    case badValue = "MH-R121"
    case workerStartFailed = "MH-R122"
    case listenFailed = "MH-R123"
    case unsafeFile = "MH-R124"

    public var id: String { rawValue }

    /// The rule in one sentence.
    public var title: String { text.0 }
    /// Why it is a rule.
    public var reason: String { text.1 }
    /// What to do when it refuses something.
    public var nextStep: String { text.2 }

    private var text: (String, String, String) {
        switch self {
        case .fileNotFound:
            (
                "A module named in loadmodule must be found on the module path.",
                "A bare name is looked for as NAME, NAME.so and libNAME.so in each directory of mpath, in order; a name with a"
                    + " slash is a path of its own. Nothing else is searched: no environment variable, no .la file.",
                "Correct the name, add the directory with mpath \"DIR\", or install the module."
            )
        case .notAModuleFile:
            (
                "A module is an ELF shared object for this machine.",
                "The file is checked before the dynamic linker sees it, so that a truncated download or a module built for"
                    + " another processor gets a clear answer.",
                "Build the module for this machine with -shared -fPIC, or copy the file again."
            )
        case .abiMajor:
            (
                "A module's ABI major version equals the host's.",
                "Within one major version everything only grows, so old binaries keep working; across majors nothing is"
                    + " promised.",
                "Rebuild the module with the headers of this host's release, or load it into the host that it was built for."
            )
        case .abiMinor:
            (
                "A module may not need a newer ABI minor version than the host offers.",
                "The host lacks functions that the module says it cannot do without.",
                "Upgrade modhost, or build the module to need an older minor (mh_module.abi_minor and its note)."
            )
        case .noNote:
            (
                "A module carries an ELF note of owner \"modhost\".",
                "The note lets the host judge a module before any of its code runs.",
                "Add MH_MODULE_NOTE(\"name=…\\nversion=…\\nabi=1.0\\n\") to one source file, and keep it from being stripped."
            )
        case .badNote:
            (
                "The note is lines of key=value with name, version and abi.",
                "A note that cannot be read says nothing that the host could trust.",
                "Compare the note with <modhost/note.h>."
            )
        case .noEntry:
            (
                "A module exports the symbol mh_module_entry_v1.",
                "The ABI's major version is in the symbol's name; it is the only symbol that the host looks up.",
                "Export it with default visibility and C linkage (in C++: extern \"C\")."
            )
        case .dynamicLinker:
            (
                "Every symbol and library that a module needs is there when it is loaded.",
                "Modules are bound at once (RTLD_NOW), so that a missing symbol is found at start and not at its first call.",
                "Install the library that is named, or link it to the module; see ldd MODULE.so."
            )
        case .entryRefused:
            (
                "The module's entry function accepts this host.",
                "The module looked at what the host offers and said no; its own words are in the message.",
                "Do what the message says, or ask the module's author."
            )
        case .badDescriptor:
            (
                "A module's descriptor is well formed.",
                "Sizes, strides, names, types and reserved fields are checked, since everything else relies on them.",
                "Initialise every struct with its struct_size and arrays with MH_ARRAY, and zero the rest."
            )
        case .unknownFlags:
            (
                "A descriptor sets only flags that the host knows.",
                "A flag that the host ignored could change what the module means.",
                "Clear the bits that are named, or upgrade modhost."
            )
        case .noteDiffers:
            (
                "A module's note and descriptor say the same.",
                "Order and refusals were decided by the note; a descriptor that differs would make them wrong.",
                "Make name, version, ABI, provides and requires agree in both."
            )
        case .alreadyLoaded:
            (
                "A module is loaded once.",
                "Files are told apart by device and inode, modules by name and aliases.",
                "Remove one of the loadmodule lines."
            )
        case .nameTaken:
            (
                "Every command, alias, parameter, function, pseudo-variable and interface has one owner.",
                "Which of two would answer must not depend on the order of lines.",
                "Load only one of the two modules, or rename it in the module that you build."
            )
        case .interfaceMissing:
            (
                "What a module requires is provided by a loaded module.",
                "The order of loadmodule lines does not matter, but the provider must be among them.",
                "Add a loadmodule line for a module that provides it."
            )
        case .cyclicRequirement:
            (
                "Modules do not require one another in a circle.",
                "A provider is initialised before its users, so a circle has no first.",
                "Make one of the requirements optional in the module that you build."
            )
        case .parameterRequired:
            (
                "A required parameter is set.",
                "The module has no sensible default for it.",
                "Add the modparam line that the message shows."
            )
        case .initFailed:
            (
                "A module's init succeeds.",
                "The module's own words are in the message.",
                "Mend what the message names, or write optional after loadmodule to start without the module."
            )
        case .unknownModule:
            (
                "A modparam line names a loaded module.",
                "A parameter for a module that is not there has no effect, which is hardly what was meant.",
                "Correct the name, or add the loadmodule line."
            )
        case .unknownParameter:
            (
                "A modparam line names a parameter that the module has.",
                "A misspelt parameter would silently leave the default in force.",
                "See `modctl module.params MODULE` or the module's documentation."
            )
        case .badValue:
            (
                "A parameter's value has the declared type and is within its range.",
                "The message says what was found and what is accepted.",
                "Correct the value at the place that is named."
            )
        case .workerStartFailed:
            (
                "A module starts on every worker.",
                "The module's own words are in the message.",
                "Mend what the message names, or write optional after loadmodule to start without the module."
            )
        case .listenFailed:
            (
                "A module's listening addresses can be bound.",
                "The operating system's reason is in the message: in use, not permitted, no such address.",
                "Free the address or choose another one; port 0 picks a free port."
            )
        case .unsafeFile:
            (
                "A module file can be read, and cannot be written by everybody.",
                "Whoever can write the file can run code as this daemon.",
                "chmod o-w FILE, or chown it to root."
            )
        }
    }

    /// What `modhost explain` prints.
    public var explanation: String {
        "\(id): \(title)\n\n\(wrap(reason))\n\nNext step: \(nextStep)\n"
    }

    private func wrap(_ text: String) -> String {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + word.count + 1 > 78 {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        if !line.isEmpty { lines.append(line) }
        return lines.joined(separator: "\n")
    }
}
