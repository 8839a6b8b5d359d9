// The module as the host sees it: the ELF note, parameters, hooks, one command, and the one exported symbol.
//
// db-csv is a database for other modules: whoever opens the URL csv:/FOLDER gets tables that are CSV files in that folder.
// It shows an interface that a module provides, and how C++ keeps its exceptions to itself.
#include <exception>

#include "file.hpp"
#include "provider.hpp"
#include "services.hpp"
#include "settings.hpp"

#define NAME "db-csv"

// Read from the file before any code of it runs; it must agree with the descriptor.
MH_MODULE_NOTE("name=" NAME "\nversion=1.0.0\nabi=1.0\nalias=db_csv\nprovides=mh.db/1:csv\n");

Services services;
Settings settings;

namespace {

template <typename Table> const Table *find(const mh_host *host, const char *id) {
    return static_cast<const Table *>(host->query(host->self, mh_cstr(id), sizeof(Table)));
}

std::int32_t start(void *, const mh_host *host, const mh_error *err) {
    services.self = host->self;
    services.log = find<mh_log_service>(host, MH_LOG_SERVICE);
    services.counter = find<mh_counter_service>(host, MH_COUNTER_SERVICE);
    if (!services.log || !services.counter)
        return mh_fail(err, MH_E_ABI, NAME " needs the services mh.log/1 and mh.counter/1 of ABI 1.0");
    auto make = [err](const char *name, const char *help, mh_counter **counter) {
        return services.counter->create(services.self, MH_COUNTER, mh_cstr(name), mh_cstr(help), counter, err);
    };
    std::int32_t code = make("rows", "rows that were inserted", &services.rows);
    if (code >= 0) code = make("faults", "calls that failed", &services.faults);
    return code;
}

// SIGHUP: the files may have been moved away.
std::int32_t reopen(void *, const mh_error *err) {
    return across(err, [] {
        for (const auto &file : File::all()) file->reopen();
    });
}

std::int32_t list_files(void *, const mh_mi_call *, const mh_mi_reply *reply) {
    return across(nullptr, [reply] {
        auto sent = [](std::int32_t code) {
            if (code < 0) throw Failure{code, "the client is gone"};
        };
        sent(reply->begin_list(reply->ctx, mh_cstr(""), 0));
        for (const auto &file : File::all()) {
            mh_value path = mh_text(borrowed(file->path()));
            mh_value rows = mh_int(static_cast<std::int64_t>(file->rows()));
            mh_value columns = mh_int(static_cast<std::int64_t>(file->header().size()));
            sent(reply->begin_map(reply->ctx, mh_cstr("file"), 0));
            sent(reply->value(reply->ctx, mh_cstr("path"), &path));
            sent(reply->value(reply->ctx, mh_cstr("columns"), &columns));
            sent(reply->value(reply->ctx, mh_cstr("inserted"), &rows));
            sent(reply->end(reply->ctx));
        }
        sent(reply->end(reply->ctx));
    });
}

const mh_str durabilities[] = {MH_STR("os"), MH_STR("disk")};
const mh_str line_ends[] = {MH_STR("crlf"), MH_STR("lf")};

const mh_param params[] = {
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .name = MH_STR("durability"),
        .help = MH_STR("When an insert is good: os, it outlives this process; disk, it outlives a power cut."),
        .default_text = MH_STR("os"),
        .choices = MH_ARRAY(durabilities),
        .storage = &settings.durability,
    },
    {
        .struct_size = sizeof(mh_param),
        .type = MH_STRING,
        .name = MH_STR("line_end"),
        .help = MH_STR("How rows end: crlf, as RFC 4180 has it, or lf. Both are read."),
        .default_text = MH_STR("crlf"),
        .choices = MH_ARRAY(line_ends),
        .storage = &settings.line_end_name,
    },
};

const mh_mi_command commands[] = {
    {
        .struct_size = sizeof(mh_mi_command),
        .flags = MH_MI_READ,
        .name = MH_STR("db_csv.files"),
        .summary = MH_STR("Lists the files in use, with their columns and the rows inserted since the start."),
        .example = MH_STR("db_csv.files"),
        .handler = list_files,
    },
};

const mh_interface interfaces[] = {
    {
        .struct_size = sizeof(mh_interface),
        .reserved = 0,
        .id = MH_STR(MH_DB_INTERFACE),
        .selector = MH_STR("csv"), // the URL scheme
        .table = &provider,
        .ctx = nullptr,
    },
};

const mh_str aliases[] = {MH_STR("db_csv")};

const mh_module descriptor = {
    .struct_size = sizeof(mh_module),
    .abi_major = MH_ABI_MAJOR,
    .abi_minor = 0, // what is needed, not what the headers have
    .name = MH_STR(NAME),
    .version = MH_STR("1.0.0"),
    .summary = MH_STR("Tables as CSV files: a database for modules that insert and read rows."),
    .aliases = MH_ARRAY(aliases),
    .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands),
    .provides = MH_ARRAY(interfaces),
    .init = start,
    .reopen = reopen,
};

} // namespace

extern "C" std::int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    if (offer->abi_major != MH_ABI_MAJOR) return mh_fail(err, MH_E_ABI, NAME " is built for module ABI 1");
    *module = &descriptor;
    return MH_OK;
}
