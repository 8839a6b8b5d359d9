/// Severity and texts of each check: what must hold, why, and how to mend a module that fails.
extension Check {
    var severity: Severity {
        switch self {
        case .weakSymbol, .lazyBinding, .unloadable, .oddRunpath, .buildPath, .textRelocations, .noSummary, .noParameterHelp,
            .noCommandSummary, .oddExample, .requiredWithDefault, .errorTextForm, .reopenFails, .lifeWrites,
            .lifeChangesProcess, .entryUnsteady, .slowCallback, .replyWithoutText, .commandSlow:
            .warning
        case .debugInformation, .otherMajorTaken, .olderHostTaken: .note
        default: .error
        }
    }

    var text: (what: String, why: String, mend: String) {
        switch self {
        case .probeFailed:
            (
                "Every probe comes to its end.",
                "What a probe could not look at is not known to be good.",
                "The text says what happened; a larger --timeout may help on a busy machine."
            )
        case .extraSymbol:
            (
                "A module exports mh_module_entry_v1 and no other symbol.",
                "Every other exported symbol is a promise to nobody, and it can be taken by a symbol of that name elsewhere.",
                "Compile with -fvisibility=hidden, or link with a version script that keeps everything else local."
            )
        case .weakSymbol:
            (
                "A module exports no weak or unique symbols.",
                "Templates and inline functions of C++ come out exported even with -fvisibility=hidden.",
                "Link with a version script: { global: mh_module_entry_v1; local: *; };"
            )
        case .lazyBinding:
            (
                "A module asks to be bound when it is loaded.",
                "The host binds at once whatever the file says; other tools that load it would find a missing symbol late.",
                "Link with -Wl,-z,now."
            )
        case .unloadable:
            (
                "A module is marked as never unloaded.",
                "The host never unloads a module; a file that says so too cannot be unmapped by mistake.",
                "Link with -Wl,-z,nodelete."
            )
        case .buildTreeRunpath:
            (
                "The library search path in the file leads into no build tree.",
                "On another machine that directory is missing, or belongs to somebody else who could put a library there.",
                "Link without -rpath, or run patchelf --remove-rpath or --set-rpath '$ORIGIN' at installation."
            )
        case .oddRunpath:
            (
                "The library search path in the file names system directories or $ORIGIN only.",
                "Other directories are missing on most machines.",
                "Link without -rpath, or ship the libraries beside the module and use '$ORIGIN'."
            )
        case .buildPath:
            (
                "The file holds no absolute path of the machine that built it.",
                "Such paths tell of the builder, and make two builds of one source differ.",
                "Compile with -ffile-prefix-map=DIR=. (C, C++), -file-prefix-map (Swift) or --remap-path-prefix (Rust)."
            )
        case .debugInformation:
            (
                "A module that is shipped carries no debug information.",
                "It is often larger than the code. It is welcome while you develop.",
                "Run strip --strip-unneeded at installation; the note .note.modhost stays."
            )
        case .executableStack:
            (
                "A module does not ask for an executable stack.",
                "It would make the stacks of the whole daemon executable; newer C libraries refuse to load it.",
                "Add .section .note.GNU-stack to assembler sources, or link with -Wl,-z,noexecstack."
            )
        case .textRelocations:
            (
                "A module's code needs no relocations.",
                "Code pages that are written to are not shared, and hardened systems refuse them.",
                "Compile everything with -fPIC."
            )
        case .entryDies:
            (
                "Loading a module and calling its entry function returns.",
                "A crash, an exit() or a hang there ends the host before it has started.",
                "Do nothing in constructors, and nothing in the entry function but to store the descriptor's address."
            )
        case .entryWrites:
            (
                "Loading and the entry function write nothing to standard output or standard error.",
                "The entry function is pure; `modhost -c` and `modhost doc` call it too.",
                "Log through mh.log/1, from init on."
            )
        case .entryOpens:
            (
                "Loading and the entry function leave no descriptor open.",
                "The entry function is pure: a check of the config must have no side effects.",
                "Open files and sockets in init."
            )
        case .entryThreads:
            (
                "Loading and the entry function start no thread.",
                "The host may still fork, drop privileges or refuse the module.",
                "Start threads in init, or better, use mh.loop/1."
            )
        case .entryChangesProcess:
            (
                "Loading and the entry function leave environment, working directory, umask and signal handlers alone.",
                "They belong to the whole process.",
                "Remove the change; what is needed belongs in init and inside the module."
            )
        case .entrySlow:
            (
                "The entry function takes less than 100 ms.",
                "It runs at every start and at every check of a config, for each module in turn.",
                "Move the work to init."
            )
        case .entryUnsteady:
            (
                "The entry function gives the same descriptor each time.",
                "It is pure, and the descriptor is static.",
                "Return the address of one static mh_module."
            )
        case .entrySilentRefusal:
            (
                "An entry function that refuses a host says why.",
                "The text is all that the operator gets to see.",
                "Return mh_fail(err, MH_E_ABI, \"what is needed and what was found\")."
            )
        case .offerOverread:
            (
                "The entry function reads no more of the offer than struct_size says.",
                "An older host's struct is shorter; what lies behind it is not the module's.",
                "Copy it with mh_read_struct, or look at struct_size first."
            )
        case .newerHostRefused:
            (
                "A module takes a host of a newer minor version with larger structs.",
                "Within a major version everything only grows, so that a binary keeps working in every later release.",
                "Refuse only an offer whose abi_minor is smaller than what the module needs."
            )
        case .otherMajorTaken:
            (
                "The entry function refuses a host of another ABI major version.",
                "The host judges by the note before it calls; a check in the module is a second lock.",
                "Compare offer->abi_major with MH_ABI_MAJOR."
            )
        case .olderHostTaken:
            (
                "The entry function refuses a host whose minor version is older than what the module needs.",
                "The host judges by the note before it calls; a check in the module is a second lock.",
                "Compare offer->abi_minor with the minor in the descriptor."
            )
        case .neededHostRefused:
            (
                "A module takes a host of the very minor version that it needs.",
                "The descriptor and the note promise that it does; the module would be refused where it is said to run.",
                "Raise abi_minor in both to what is needed, or refuse less."
            )
        case .noSummary:
            (
                "A module has a summary.", "It is shown by `module.list` and `modhost doc`.",
                "Set mh_module.summary, one sentence."
            )
        case .noParameterHelp:
            (
                "Every parameter has a help text.",
                "It is shown by `module.params`, by `modhost doc` and in error messages.",
                "Set mh_param.help, one sentence."
            )
        case .noCommandSummary:
            (
                "Every command has a summary.", "It is shown by `help` and by completion.",
                "Set mh_mi_command.summary, one sentence."
            )
        case .oddExample:
            (
                "A command's example begins with the command's name or an alias.",
                "It is a line as typed after modctl.", "Write it as \"NAME ARGUMENT …\"."
            )
        case .requiredWithDefault:
            (
                "A required parameter has no default.", "The default could never be used.",
                "Drop MH_PARAM_REQUIRED or the default."
            )
        case .hollowInterface:
            (
                "The table of a provided interface is complete: its struct_size, and every function that the interface had from the first.",
                "Users call the functions without asking whether they are there.",
                "Fill in every function; one that cannot do its work answers MH_E_UNSUPPORTED with a text."
            )
        case .parameterDies:
            (
                "A module survives every value that the host's check of type, range and choices lets through.",
                "Operators mistype; a start that crashes tells them nothing.",
                "Check the value in the setter or in init, and refuse it with a text."
            )
        case .parameterSilentRefusal:
            (
                "A setter that refuses a value says why.",
                "The host shows the text behind file, line and column.",
                "Return mh_fail(err, MH_E_INVALID, \"what was found, what is expected\")."
            )
        case .errorTextForm:
            (
                "An error text is one line of UTF-8 without a full stop or newline at its end.",
                "The host puts it into a sentence and a log line of its own.",
                "Remove the newline or full stop; say what was found, what was expected, what to do."
            )
        case .hookDies:
            (
                "No hook and no callback crashes.",
                "Modules share the daemon's process: one crash ends all of them.",
                "The text names the callback; build the module with -g -fsanitize=address,undefined and try again."
            )
        case .hookHangs:
            (
                "Every hook returns in time.",
                "Start and stop wait for it.",
                "Give everything that waits a bound, and let waiting work use mh.loop/1 offload."
            )
        case .processEnded:
            (
                "A module never ends the process.",
                "exit() or _exit() in a module takes every other module with it.",
                "Return an error; libraries that call exit() do not belong in a daemon."
            )
        case .hookSilentFailure:
            (
                "An init or worker_start that fails says why.",
                "The text is all that the operator gets to see.",
                "Return mh_fail(err, code, \"what was found, what to do\")."
            )
        case .threadsLeft:
            (
                "After stop no thread of the module's runs.",
                "It would run into memory that stop has freed.",
                "Join your threads in stop."
            )
        case .descriptorsLeft:
            (
                "After stop no descriptor of the module's is open.",
                "A module can be disabled and enabled again while the host runs; each round would lose some.",
                "Close in stop what init opened."
            )
        case .callAfterStop:
            (
                "A module calls no service after stop has returned, nor after its init has failed.",
                "Its timers, counters and listeners are gone by then.",
                "End your threads and foreign callbacks before stop or a failing init returns."
            )
        case .secondStartFails:
            (
                "A module that starts in a fresh directory starts there a second time.",
                "Restarts are ordinary; what the first run left behind must not hinder the second.",
                "Remove lock files and sockets in stop, and take over stale ones in init."
            )
        case .failingServiceKills:
            (
                "A module survives a service call that fails.",
                "Descriptors, memory and addresses run out on real machines.",
                "Check the return code of every call and fail init with its text."
            )
        case .absentServiceKills:
            (
                "A module survives a host that lacks a service.",
                "query answers NULL then.",
                "Test each table for NULL in init, and fail with a text or do without."
            )
        case .tableOverread:
            (
                "A module uses no function beyond a service table's struct_size.",
                "The table of an older host is shorter.",
                "Give query the size that you need, or ask MH_HAS(table, function) first."
            )
        case .reopenFails:
            (
                "reopen succeeds on a module that has just started.",
                "SIGHUP comes with every rotation of logs.",
                "See the text; reopen what init opened, in the same way."
            )
        case .lifeWrites:
            (
                "A module writes nothing to standard output or standard error.",
                "The daemon's own output is its log, in a format that the operator chose.",
                "Log through mh.log/1."
            )
        case .lifeChangesProcess:
            (
                "A module leaves working directory, umask and signal handlers alone.",
                "They belong to the whole process.",
                "Remove the change; use openat and fchmod in place of chdir and umask."
            )
        case .wrongThread:
            (
                "Service functions are called on the threads that their headers name.",
                "Nothing guards what lives on one thread; a call from another one corrupts it now and then.",
                "Go there first: mh.loop/1 post."
            )
        case .wrongPhase:
            (
                "Service functions are called in the phases that their headers name.",
                "What a call would need is not there yet, or no more.",
                "Move the call to the hook whose phase fits."
            )
        case .badOptions:
            (
                "Structs given to the host are complete: struct_size, functions, ranges.",
                "The host answers MH_E_INVALID and does nothing.",
                "Zero the struct, set struct_size to its sizeof, and fill in what the header asks for."
            )
        case .deadHandle:
            (
                "A handle is not used after it has become void.",
                "The host frees it; a later use corrupts memory.",
                "Forget the handle in gone, unlisten and finish."
            )
        case .slowCallback:
            (
                "Callbacks on a worker return within a second.",
                "Everything else that lives on the worker waits.",
                "Move what blocks to mh.loop/1 offload."
            )
        case .wrongSelf:
            (
                "Services get the mh_self that init received.",
                "The host finds the module by it.",
                "Keep host->self from init and pass it on unchanged."
            )
        case .loanKept:
            (
                "A module copies what it wants to keep of arguments, values and bytes that are lent for a call.",
                "The host uses their memory again; what is read there later is something else, or a crash.",
                "Copy the bytes in the call; the header says behind owns: how long each pointer is good."
            )
        case .streamDies:
            (
                "A module survives whatever bytes a peer sends, and a peer that vanishes.",
                "Peers are not to be trusted.",
                "The text names the callback and the seed; check lengths before reading."
            )
        case .databaseDies:
            (
                "A database provider survives odd addresses, table names, columns and values.",
                "They come from configs and from what other modules store.",
                "Check them in open, use_table and insert, and answer with a code and a text."
            )
        case .databaseSilentRefusal:
            (
                "A database provider that refuses says why.",
                "The module that stores rows can tell the operator no more than this text.",
                "Report a text with every negative code."
            )
        case .commandDies:
            (
                "A command survives every argument that the host's check of its declaration lets through.",
                "Anybody with access to the FIFO can send them.",
                "Check length, range and content in the handler, and answer with fail."
            )
        case .replyNesting:
            (
                "A reply is one value, with every map and list closed, and names inside maps.",
                "Transports encode it as it comes; the host has to cut a reply that is not well formed.",
                "Pair each begin_map and begin_list with one end, on every way out of the handler."
            )
        case .replyFinish:
            (
                "A deferred reply is finished exactly once, at the latest while the module stops; any other reply not at all.",
                "A client waits for it, and the host's stop too.",
                "Call finish once for each MH_DEFERRED, also when the work is cancelled."
            )
        case .replyAfterEnd:
            (
                "A reply is not used after it is complete.",
                "The host frees it when the handler returns or calls finish.",
                "Return MH_DEFERRED to go on writing later; forget the reply after finish."
            )
        case .replyGoesOn:
            (
                "A handler stops writing once a function answers MH_E_CANCELLED.",
                "The client is gone; a long dump would go on for nobody.",
                "Return when a function of the reply answers a negative code."
            )
        case .replyWithoutText:
            (
                "A command that fails says why.",
                "Without fail the client gets 500 and no reason.",
                "Call reply->fail with a code and a text, and return 0."
            )
        case .commandSlow:
            (
                "A command that is not marked MH_MI_SLOW returns within a second.",
                "All other commands wait for it.",
                "Mark it MH_MI_SLOW, or answer MH_DEFERRED."
            )
        case .replyValue:
            (
                "Values in a reply have a scalar type and valid text.",
                "The host refuses others with MH_E_INVALID, and the client misses them.",
                "Make values with mh_int, mh_text and their like; nest lists with begin_list."
            )
        case .oddReturn:
            (
                "A handler returns 0, MH_DEFERRED or a negative code.",
                "Nothing else has a meaning.",
                "Return MH_OK when the reply is complete."
            )
        case .scriptDies:
            (
                "A script function or pseudo-variable survives every value of its declared kind.",
                "Routes feed it what came from the network.",
                "Check length and content of each argument."
            )
        case .scriptSilentRefusal:
            (
                "A prepare that refuses says why.",
                "The host shows the text behind file, line and column.",
                "Return mh_fail(err, MH_E_INVALID, \"what was found, what is expected\")."
            )
        case .variableValue:
            (
                "A pseudo-variable gives MH_NULL, an MH_INT or an MH_STRING with valid text.",
                "The host copies it at once.",
                "Set type and as.integer or as.text; return a negative code when there is no value."
            )
        case .memoryGrows:
            (
                "Repeating a command that changes nothing does not take more and more memory.",
                "A daemon runs for months.",
                "Free what the handler allocates; run it under valgrind or -fsanitize=leak."
            )
        case .descriptorsGrow:
            (
                "Repeating a command does not open more and more descriptors.",
                "The process runs out of them.",
                "Close what the handler opens on every way out."
            )
        case .threadsGrow:
            (
                "Repeating a command does not start more and more threads.",
                "Each costs memory, and the system refuses at some point.",
                "Use mh.loop/1 offload, or keep one thread."
            )
        }
    }
}
