// The module's parameters as `modhost --help` and the config know them: names, defaults, ranges, help. What they mean
// together is checked by the engine's `Parameters`.
import FlatstoreEngine
import ModuleABI
import ModuleKit

/// Declares every parameter; each is checked at its own line of the config.
func declare(_ parameters: Parameters, on builder: ModuleBuilder) {
    builder.parameter(
        "flush", type: MH_BOOL, default: "1",
        help:
            "1: each row reaches the kernel before insert returns; 0: rows wait for a full buffer or flush_interval."
    ) { value throws(ModuleFailure) in try parameters.setFlush(value) }
    builder.parameter(
        "durability", type: MH_STRING, choices: ["buffered", "ring", "kernel", "disk"],
        help: "What a row survives once it is inserted; wins over flush (0: buffered, 1: kernel)."
    ) { value throws(ModuleFailure) in try parameters.setDurability(value) }
    builder.parameter(
        "buffer_size", type: MH_SIZE, default: "32 KiB", range: 4096...16_777_216, unit: "bytes",
        help: "The buffer of one thread and table with durability buffered or ring; 32 KiB is the fastest."
    ) { value throws(ModuleFailure) in try parameters.setBufferSize(value) }
    builder.parameter(
        "flush_interval", type: MH_DURATION, default: "1s", range: 10_000_000...3_600_000_000_000, unit: "s",
        help: "The longest that a row waits in memory; also how often deleted files are noticed."
    ) { value throws(ModuleFailure) in try parameters.setFlushInterval(value) }
    builder.parameter(
        "field_delimiter", type: MH_STRING, default: "|",
        help: "One byte between fields, no letter and no digit."
    ) { value throws(ModuleFailure) in try parameters.setFieldDelimiter(value) }
    builder.parameter(
        "record_delimiter", type: MH_STRING, default: "\n",
        help: "One or two bytes at the end of each row, no letters and no digits; a line feed unless set."
    ) { value throws(ModuleFailure) in try parameters.setRecordDelimiter(value) }
    builder.parameter(
        "escape", type: MH_STRING, default: "percent", choices: ["percent", "backslash", "none"],
        help: "How delimiters inside text are written: %7C as Kamailio does, \\| reversibly, or raw."
    ) { value throws(ModuleFailure) in try parameters.setEscape(value) }
    builder.parameter(
        "null_text", type: MH_STRING, help: "What a null is written as; empty unless set."
    ) { value throws(ModuleFailure) in try parameters.setNullText(value) }
    builder.parameter(
        "file_prefix", type: MH_STRING, help: "Text in front of the table's name in file names."
    ) { value throws(ModuleFailure) in try parameters.setFilePrefix(value) }
    builder.parameter(
        "file_suffix", type: MH_STRING, default: ".log", help: "Text at the end of file names."
    ) { value throws(ModuleFailure) in try parameters.setFileSuffix(value) }
    builder.parameter(
        "file_mode", type: MH_STRING, default: "0640", help: "The mode of new files, in octal digits."
    ) { value throws(ModuleFailure) in try parameters.setFileMode(value) }
    builder.parameter(
        "encode_delimiter", type: MH_BOOL, flags: MH_PARAM_DEPRECATED,
        help: "Kamailio's name: use escape instead (1 is \"percent\", 0 is \"none\")."
    ) { value throws(ModuleFailure) in try parameters.setEncodeDelimiter(value) }
    builder.parameter(
        "escape_char", type: MH_STRING, flags: MH_PARAM_DEPRECATED,
        help:
            "Kamailio's name: use escape \"backslash\", which writes a backslash unless this names another character."
    ) { value throws(ModuleFailure) in try parameters.setEscapeCharacter(value) }
}
