// The module's parameters as the config knows them: names, defaults, ranges, help. Kamailio's names, checked by the engine's
// `Settings`.
import HtableEngine
import ModuleABI
import ModuleKit

/// Declares every parameter; each is checked at its own line of the config.
func declare(_ settings: Settings, on builder: ModuleBuilder) {
    builder.parameter(
        "htable", type: MH_STRING, flags: MH_PARAM_REPEATABLE,
        help: "Defines a table: name=>size=8;autoexpire=3600;initval=0;maxsize=100000 and so on."
    ) { value throws(ModuleFailure) in try settings.addTable(value) }
    builder.parameter(
        "timer_interval", type: MH_DURATION, default: "1s", range: 0...86_400_000_000_000, unit: "s",
        help: "How often expired items are removed and told of; they are invisible at once, whatever this is."
    ) { value throws(ModuleFailure) in try settings.setTimerInterval(value) }
    builder.parameter(
        "timer_procs", type: MH_INT, default: "0", range: 0...1024,
        help: "Accepted for Kamailio's sake and not needed: expiry costs time per expired item, not per item."
    ) { value throws(ModuleFailure) in try settings.setTimerProcesses(value) }
    builder.parameter(
        "array_size_suffix", type: MH_STRING, default: "::size",
        help: "What is put behind the name of an array for the key that holds its size."
    ) { value throws(ModuleFailure) in try settings.setArraySizeSuffix(value) }
    builder.parameter(
        "db_url", type: MH_STRING, flags: MH_PARAM_SECRET, help: "The database that tables with dbtable are loaded from."
    ) { value throws(ModuleFailure) in try settings.setDatabaseURL(value) }
    builder.parameter(
        "key_name_column", type: MH_STRING, default: "key_name", help: "The database column of keys."
    ) { value throws(ModuleFailure) in try settings.setColumn("key_name_column", value) }
    builder.parameter(
        "key_type_column", type: MH_STRING, default: "key_type", help: "The database column of key types: 1 is an array."
    ) { value throws(ModuleFailure) in try settings.setColumn("key_type_column", value) }
    builder.parameter(
        "value_type_column", type: MH_STRING, default: "value_type",
        help: "The database column of value types: 1 is an integer."
    ) { value throws(ModuleFailure) in try settings.setColumn("value_type_column", value) }
    builder.parameter(
        "key_value_column", type: MH_STRING, default: "key_value", help: "The database column of values."
    ) { value throws(ModuleFailure) in try settings.setColumn("key_value_column", value) }
    builder.parameter(
        "expires_column", type: MH_STRING, default: "expires", help: "The database column of expiries."
    ) { value throws(ModuleFailure) in try settings.setColumn("expires_column", value) }
    builder.parameter(
        "fetch_rows", type: MH_INT, default: "100", range: 1...1_000_000, unit: "rows",
        help: "Rows that a load fetches at a time."
    ) { value throws(ModuleFailure) in try settings.setFetchRows(value) }
    builder.parameter(
        "db_expires", type: MH_BOOL, default: "0", help: "Load and store expiries too."
    ) { value throws(ModuleFailure) in try settings.setStoresExpiry(value) }
}
