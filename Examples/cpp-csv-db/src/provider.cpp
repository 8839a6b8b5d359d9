#include "provider.hpp"

#include <algorithm>
#include <sys/stat.h>

#include "database.hpp"
#include "services.hpp"
#include "settings.hpp"

void mh_db_table::refuse(std::int32_t code, const std::string &text) const {
    throw Failure{code, database->caller + " at table " + name + " of db-csv: " + text};
}

Column mh_db_table::column(std::string_view wanted) const {
    for (const Column &column : columns) {
        if (column.name == wanted) return column;
    }
    const auto &names = file->header();
    auto found = std::find(names.begin(), names.end(), wanted);
    if (found == names.end()) refuse(MH_E_NOT_FOUND, file->path() + " has no column \"" + std::string(wanted) + "\"");
    return {*found, MH_NULL, static_cast<std::size_t>(found - names.begin())};
}

void mh_db_table::append(std::string &to, const mh_value *values) const {
    csv::Record record(file->header().size(), {"", true});
    for (std::size_t i = 0; i < columns.size(); i++)
        record[columns[i].place] = to_field(values[i], columns[i].type, columns[i].name);
    csv::append_record(to, record, settings.line_end());
}

namespace {

/// As `across`, and counts what failed.
template <typename Body> std::int32_t counted(const mh_error *err, Body &&body) noexcept {
    std::int32_t code = across(err, std::forward<Body>(body));
    if (code < 0 && services.counter) services.counter->add(services.faults, 1);
    return code;
}

std::uint32_t capabilities(void *, mh_db *) { return MH_DB_CAN_INSERT | MH_DB_CAN_QUERY | MH_DB_BLOCKS; }

std::int32_t open(void *, const mh_db_open *raw, mh_db **db, const mh_error *err) {
    return counted(err, [&] {
        if (!raw || !db) throw Failure{MH_E_INVALID, "open without options"};
        mh_db_open options;
        mh_read_struct(&options, sizeof options, raw, raw->struct_size);
        auto made = std::make_unique<mh_db>();
        made->caller = options.caller.len == 0 ? "a module" : view(options.caller);
        std::string_view url = view(options.url);
        std::size_t colon = url.find(':');
        std::string_view place = colon == std::string_view::npos ? url : url.substr(colon + 1);
        if (place.substr(0, 2) == "//") place.remove_prefix(2);
        if (place.empty() || place.find('\0') != std::string_view::npos)
            throw Failure{MH_E_INVALID, "\"" + std::string(url) + "\" names no folder: expected csv:/FOLDER"};
        made->folder = place;
        struct stat status;
        if (stat(made->folder.c_str(), &status) < 0) throw system_failure(errno, made->folder, "open the folder");
        if (!S_ISDIR(status.st_mode)) throw Failure{MH_E_INVALID, made->folder + " is no folder"};
        if (access(made->folder.c_str(), W_OK | X_OK) < 0) throw system_failure(errno, made->folder, "write there");
        *db = made.release();
    });
}

void close(void *, mh_db *db) { delete db; }

void check_name(std::string_view name) {
    bool is_good = !name.empty() && name.size() <= 200 && name.front() != '.' &&
                   std::all_of(name.begin(), name.end(), [](char letter) {
                       return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                              (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
                   });
    if (!is_good) {
        throw Failure{MH_E_INVALID, "the table name \"" + std::string(name.substr(0, 60)) +
                                        "\": expected letters, digits, \"_\", \"-\" and \".\", not at the beginning"};
    }
}

std::int32_t use_table(void *, mh_db *db, mh_str name, const mh_array *wanted, mh_db_table **table, const mh_error *err) {
    return counted(err, [&] {
        if (!db || !wanted || !table || wanted->count == 0) throw Failure{MH_E_INVALID, "a table without columns"};
        check_name(view(name));
        auto made = std::make_unique<mh_db_table>();
        made->database = db;
        made->name = view(name);
        std::vector<std::string> names;
        for (std::uint32_t i = 0; i < wanted->count; i++) {
            const void *item = mh_array_at(wanted, i);
            if (!item) break;
            mh_db_column column;
            mh_read_struct(&column, sizeof column, item, *static_cast<const std::uint32_t *>(item));
            std::string text(view(column.name));
            if (text.empty()) throw Failure{MH_E_INVALID, "a column without a name"};
            if (std::find(names.begin(), names.end(), text) != names.end())
                throw Failure{MH_E_INVALID, "the column \"" + text + "\" is named twice"};
            names.push_back(text);
            made->columns.push_back({text, column.type, 0});
        }
        File::Opened opened = File::open(db->folder + "/" + made->name + ".csv", names);
        if (!opened.repair.empty()) log_line(MH_LOG_WARNING, opened.repair);
        made->file = opened.file;
        const auto &header = made->file->header();
        for (Column &column : made->columns) {
            auto found = std::find(header.begin(), header.end(), column.name);
            if (found == header.end()) {
                made->refuse(MH_E_NOT_FOUND, made->file->path() + " has no column \"" + column.name +
                                                 "\": add it to the header line and to each row, or move the file away");
            }
            column.place = static_cast<std::size_t>(found - header.begin());
        }
        std::lock_guard guard(db->lock);
        db->tables.push_back(std::move(made));
        *table = db->tables.back().get();
    });
}

void release_table(void *, mh_db_table *table) {
    if (!table) return;
    mh_db *db = table->database;
    std::lock_guard guard(db->lock);
    auto is_it = [table](const auto &one) { return one.get() == table; };
    db->tables.erase(std::remove_if(db->tables.begin(), db->tables.end(), is_it), db->tables.end());
}

std::int32_t insert_batch(void *, mh_db_table *table, const mh_value *values, std::uint32_t columns, std::uint32_t rows,
                          std::uint32_t *stored, const mh_error *err) {
    if (stored) *stored = 0;
    return counted(err, [&] {
        if (!table || (!values && rows > 0)) throw Failure{MH_E_INVALID, "an insert without values"};
        if (columns != table->columns.size()) {
            table->refuse(MH_E_INVALID, "a row of " + std::to_string(columns) + " values, expected " +
                                            std::to_string(table->columns.size()) + ", one for each column");
        }
        if (rows == 0) return;
        std::string text;
        for (std::uint32_t i = 0; i < rows; i++) table->append(text, values + std::size_t{i} * columns);
        table->file->append(text, rows);
        if (stored) *stored = rows;
        if (services.counter) services.counter->add(services.rows, rows);
    });
}

std::int32_t insert(void *ctx, mh_db_table *table, const mh_value *values, std::uint32_t count, const mh_error *err) {
    return insert_batch(ctx, table, values, count, 1, nullptr, err);
}

std::int32_t query(void *, mh_db_table *table, const mh_db_query *raw, const mh_error *err) {
    return counted(err, [&] {
        if (!table || !raw) throw Failure{MH_E_INVALID, "a query without a table"};
        mh_db_query wanted;
        mh_read_struct(&wanted, sizeof wanted, raw, raw->struct_size);
        run_query(*table, wanted);
    });
}

std::int32_t unsupported(const mh_db_table *table, const char *what, std::int64_t *affected, const mh_error *err) {
    if (affected) *affected = 0;
    return counted(err, [&] {
        std::string text = std::string(what) + " is not supported: CSV files are only appended to and read";
        if (table) table->refuse(MH_E_UNSUPPORTED, text);
        throw Failure{MH_E_UNSUPPORTED, text};
    });
}

std::int32_t delete_rows(void *, mh_db_table *table, const mh_array *, std::int64_t *affected, const mh_error *err) {
    return unsupported(table, "delete", affected, err);
}

std::int32_t update(void *, mh_db_table *table, const mh_array *, const mh_array *, std::int64_t *affected,
                    const mh_error *err) {
    return unsupported(table, "update", affected, err);
}

} // namespace

const mh_db_provider provider = {
    .struct_size = sizeof(mh_db_provider),
    .reserved = 0,
    .capabilities = capabilities,
    .open = open,
    .close = close,
    .use_table = use_table,
    .release_table = release_table,
    .insert = insert,
    .insert_batch = insert_batch,
    .query = query,
    .delete_rows = delete_rows,
    .update = update,
};
