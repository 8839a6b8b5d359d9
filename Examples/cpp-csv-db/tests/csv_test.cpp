// A test of what needs no host: CSV text, values as text, files that a crash has left, and queries. Prints what is wrong;
// the exit status says whether all is well.
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>

#include "database.hpp"
#include "provider.hpp"
#include "services.hpp"
#include "settings.hpp"

Services services;
Settings settings;

namespace {

int failures = 0;
#define CHECK(condition) \
    do { \
        if (!(condition)) failures++, std::cerr << __FILE__ << ':' << __LINE__ << ": not so: " #condition "\n"; \
    } while (0)

/// A folder that goes away with the test.
struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "db-csv-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string write(const std::string &name, const std::string &text) const {
        std::ofstream(path / name, std::ios::binary) << text;
        return (path / name).string();
    }
    std::string text(const std::string &name) const {
        std::ostringstream all;
        all << std::ifstream(path / name, std::ios::binary).rdbuf();
        return all.str();
    }
};

std::string read_back(const std::string &text) { // fields as <a><null>, records as lines
    Folder folder;
    Descriptor file(open(folder.write("t.csv", text).c_str(), O_RDONLY));
    csv::Reader reader(file.number(), static_cast<std::int64_t>(text.size()), "t.csv");
    csv::Record record;
    std::string shown;
    try {
        while (reader.next(record)) {
            for (const auto &field : record) shown += "<" + (field.is_null ? "null" : field.text) + ">";
            shown += "\n";
        }
    } catch (const Failure &failure) {
        shown += failure.text;
    }
    return shown + (reader.is_cut() ? "cut" : "");
}

void texts() {
    CHECK(read_back("a,b\r\n1,2\r\n") == "<a><b>\n<1><2>\n");
    CHECK(read_back("a,b\n1,2") == "<a><b>\n<1><2>\n");
    CHECK(read_back("\"a,\"\"b\"\"\r\nc\",\"\",\r\n") == "<a,\"b\"\r\nc><><null>\n");
    CHECK(read_back("a\r\n\r\n\"\"\r\n") == "<a>\n<null>\n<>\n");
    CHECK(read_back("a\"b,c\n") == "<a\"b><c>\n");
    CHECK(read_back("a\n\"b\"c\n") == "<a>\nt.csv:2: text follows a closing quote: expected a comma or the end of the line");
    CHECK(read_back("a\n\"b") == "<a>\ncut");
    CHECK(read_back("") == "");
    for (std::string text : {std::string("plain"), std::string("a,b"), std::string("\"q\""), std::string("l\r\nm"), std::string(),
                             std::string(" blank "), std::string("n\0l", 3)}) {
        std::string record;
        csv::append_record(record, {{text, false}, {"", true}}, "\r\n");
        CHECK(read_back(record) == "<" + text + "><null>\n");
    }
}

void values() {
    auto same = [](mh_value value, std::uint32_t type, const char *text) {
        csv::Field field = to_field(value, type, "c");
        Value back = from_field(field, type);
        return field.text == text && compare(back, owned(value)) == 0;
    };
    auto typed = [](std::uint32_t type, std::int64_t integer) {
        mh_value value = mh_int(integer);
        value.type = type;
        return value;
    };
    mh_value blob = mh_text(mh_bytes("\0\xff\x10z", 4));
    blob.type = MH_BLOB;
    CHECK(same(mh_int(std::numeric_limits<std::int64_t>::min()), MH_INT, "-9223372036854775808"));
    CHECK(same(mh_float(0.1), MH_FLOAT, "0.1"));
    CHECK(same(typed(MH_TIME, 0), MH_TIME, "1970-01-01T00:00:00Z"));
    CHECK(same(typed(MH_TIME, 1769860800000001), MH_TIME, "2026-01-31T12:00:00.000001Z"));
    CHECK(same(typed(MH_TIME, -1), MH_TIME, "1969-12-31T23:59:59.999999Z"));
    CHECK(same(blob, MH_BLOB, "AP8Qeg=="));
    CHECK(same(mh_text(mh_cstr("x,y")), MH_STRING, "x,y"));
    try {
        to_field(mh_text(mh_cstr("x")), MH_INT, "n");
        CHECK(false);
    } catch (const Failure &failure) {
        CHECK(failure.text == "column \"n\" is of type int, the value is of type text");
    }
}

struct Told {
    std::int32_t code = 0;
    std::string text;
    mh_error sink{this, [](void *ctx, std::int32_t code, mh_str text) {
                      *static_cast<Told *>(ctx) = {code, std::string(view(text))};
                  }};
    Told() = default;
    Told(std::int32_t c, std::string t) : code(c), text(std::move(t)) {}
    Told &operator=(Told &&other) noexcept {
        code = other.code;
        text = std::move(other.text);
        return *this;
    }
};

/// A table of (name text, n int) in a folder, through the functions that modules call.
struct Table {
    mh_db *db = nullptr;
    mh_db_table *table = nullptr;
    Told told;

    explicit Table(const Folder &folder) {
        std::string url = "csv:" + folder.path.string();
        mh_db_open options{sizeof(mh_db_open), 0, borrowed(url), MH_STR("test")};
        CHECK(provider.open(nullptr, &options, &db, &told.sink) == MH_OK);
        mh_db_column columns[] = {{sizeof(mh_db_column), MH_STRING, MH_STR("name")},
                                  {sizeof(mh_db_column), MH_INT, MH_STR("n")}};
        mh_array array = MH_ARRAY(columns);
        provider.use_table(nullptr, db, mh_cstr("t"), &array, &table, &told.sink);
    }
    ~Table() { provider.close(nullptr, db); }
    std::int32_t insert(const char *name, std::int64_t n) {
        mh_value row[] = {name ? mh_text(mh_cstr(name)) : mh_null(), mh_int(n)};
        return provider.insert(nullptr, table, row, 2, &told.sink);
    }
    std::string query(mh_db_query query = {}) {
        std::string shown;
        query.struct_size = sizeof query;
        query.ctx = &shown;
        query.row = [](void *ctx, const mh_value *values, std::uint32_t count) -> std::int32_t {
            auto &to = *static_cast<std::string *>(ctx);
            for (std::uint32_t i = 0; i < count; i++) {
                Value value = owned(values[i]);
                to += value.is_null() ? "null" : value.type == MH_INT ? std::to_string(value.integer) : value.text;
                to += i + 1 < count ? ":" : " ";
            }
            return 0;
        };
        std::int32_t code = provider.query(nullptr, table, &query, &told.sink);
        return code < 0 ? told.text : shown;
    }
};

void tables() {
    Folder folder;
    {
        Table table(folder);
        CHECK(table.insert("a,1", 3) == MH_OK && table.insert(nullptr, 1) == MH_OK && table.insert("c", 2) == MH_OK);
        CHECK(folder.text("t.csv") == "name,n\r\n\"a,1\",3\r\n,1\r\nc,2\r\n");
        CHECK(table.query() == "a,1:3 null:1 c:2 ");
        mh_db_order by_n[] = {{sizeof(mh_db_order), 1, MH_STR("n")}};
        mh_db_query query{};
        query.order = MH_ARRAY(by_n);
        query.limit = 2;
        CHECK(table.query(query) == "a,1:3 c:2 ");
        mh_db_order by_name[] = {{sizeof(mh_db_order), 0, MH_STR("name")}};
        query.order = MH_ARRAY(by_name);
        query.limit = 0;
        CHECK(table.query(query) == "null:1 a,1:3 c:2 ");
        mh_db_condition conditions[] = {{sizeof(mh_db_condition), MH_DB_GREATER, MH_STR("n"), mh_int(1)},
                                        {sizeof(mh_db_condition), MH_DB_NOT_EQUAL, MH_STR("name"), mh_text(mh_cstr("c"))}};
        query = {};
        query.conditions = MH_ARRAY(conditions);
        CHECK(table.query(query) == "a,1:3 ");
        mh_db_condition absent[] = {{sizeof(mh_db_condition), MH_DB_EQUAL, MH_STR("name"), mh_null()}};
        query.conditions = MH_ARRAY(absent);
        CHECK(table.query(query) == "null:1 ");
        mh_db_condition unknown[] = {{sizeof(mh_db_condition), MH_DB_EQUAL, MH_STR("x"), mh_int(1)}};
        query.conditions = MH_ARRAY(unknown);
        CHECK(table.query(query).find("has no column \"x\"") != std::string::npos);
        query = {};
        query.offset = 1, query.limit = 1;
        CHECK(table.query(query) == "null:1 ");
        CHECK(provider.delete_rows(nullptr, table.table, nullptr, nullptr, &table.told.sink) == MH_E_UNSUPPORTED);
        CHECK(table.told.text.find("test at table t of db-csv: delete") == 0);
    }
    folder.write("t.csv", "n,extra,name\r\n5,x,\"y\"\r\n6,x,\"torn");
    {
        Table table(folder); // other order, one more column, an unfinished record
        CHECK(table.insert("z", 7) == MH_OK);
        CHECK(folder.text("t.csv") == "n,extra,name\r\n5,x,\"y\"\r\n7,,z\r\n");
        CHECK(table.query() == "y:5 z:7 ");
    }
    folder.write("t.csv", "name,n\r\na,1\r\nb");
    { Table table(folder); }
    CHECK(folder.text("t.csv") == "name,n\r\na,1\r\n");
    folder.write("t.csv", "name,n\na,1\nb,2");
    { Table table(folder); }
    CHECK(folder.text("t.csv") == "name,n\na,1\nb,2\r\n");
    folder.write("t.csv", "name,n\r\na,one\r\n");
    {
        Table table(folder);
        CHECK(table.query().find("t.csv:2: column \"n\": expected a value of type int, found \"one\"") != std::string::npos);
    }
    folder.write("t.csv", "name\r\n");
    Table table(folder);
    CHECK(table.table == nullptr && table.told.code == MH_E_NOT_FOUND);
}

} // namespace

int main() {
    texts();
    values();
    tables();
    if (failures == 0) std::puts("all is well");
    return failures == 0 ? 0 : 1;
}
