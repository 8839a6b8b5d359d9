// Reading rows: a pass over a snapshot of the file. Without an order each row goes out as it is read; with one, the rows that
// match are collected first.
#include "database.hpp"

#include <algorithm>

namespace {

struct Condition {
    Column column;
    std::uint32_t op;
    Value value;
};

struct Order {
    Column column;
    bool is_descending;
};

/// The elements of an array whose structs may be of another size than ours.
template <typename Element> std::vector<Element> elements(const mh_array &array) {
    std::vector<Element> all;
    for (std::uint32_t i = 0; i < array.count; i++) {
        const void *item = mh_array_at(&array, i);
        if (!item) break;
        Element one;
        mh_read_struct(&one, sizeof one, item, *static_cast<const std::uint32_t *>(item));
        all.push_back(one);
    }
    return all;
}

class Query {
public:
    Query(const mh_db_table &table, const mh_db_query &wanted) : table_(table), wanted_(wanted) {
        if (!wanted.row) table.refuse(MH_E_INVALID, "a query without a row function");
        if (wanted.limit < 0 || wanted.offset < 0) table.refuse(MH_E_INVALID, "limit and offset are 0 or more");
        if (wanted.columns.count == 0) columns_ = table.columns;
        for (std::uint32_t i = 0; i < wanted.columns.count; i++) {
            if (const void *item = mh_array_at(&wanted.columns, i))
                columns_.push_back(table.column(view(*static_cast<const mh_str *>(item))));
        }
        for (const auto &one : elements<mh_db_condition>(wanted.conditions)) conditions_.push_back(condition(one));
        for (const auto &one : elements<mh_db_order>(wanted.order))
            orders_.push_back({table.column(view(one.column)), one.descending != 0});
    }

    void run() {
        File::Snapshot snapshot = table_.file->snapshot();
        csv::Reader reader(snapshot.descriptor.number(), snapshot.size, table_.file->path());
        csv::Record record;
        reader.next(record); // the header line
        std::vector<Sortable> collected;
        while (reader.next(record)) {
            if (record.size() != table_.file->header().size()) {
                fail(reader.line(), "found " + std::to_string(record.size()) + " fields, expected " +
                                        std::to_string(table_.file->header().size()) + " as in the header line");
            }
            line_ = reader.line();
            if (!matches(record)) continue;
            if (!orders_.empty()) collected.push_back(sortable(std::move(record)));
            else if (!deliver(record)) return;
        }
        std::sort(collected.begin(), collected.end(), [this](const auto &a, const auto &b) { return before(a, b); });
        for (const Sortable &row : collected) {
            line_ = row.line;
            if (!deliver(row.record)) return;
        }
    }

private:
    struct Sortable {
        csv::Record record;
        std::vector<Value> keys;
        std::uint64_t line;
    };

    Condition condition(const mh_db_condition &one) {
        Condition made{table_.column(view(one.column)), one.op, owned(one.value)};
        if (one.op > MH_DB_GREATER_OR_EQUAL) table_.refuse(MH_E_INVALID, "a condition with the operator " + std::to_string(one.op));
        if (made.value.is_null() && one.op != MH_DB_EQUAL && one.op != MH_DB_NOT_EQUAL)
            table_.refuse(MH_E_INVALID, "null has no greater or less: expected equal or not-equal");
        // A column of any type is read as what it is compared with.
        if (made.column.type == MH_NULL && !made.value.is_null()) made.column.type = made.value.type;
        return made;
    }

    Value read(const csv::Record &record, const Column &column) const {
        try {
            return from_field(record[column.place], column.type);
        } catch (const Failure &failure) {
            fail(line_, "column \"" + column.name + "\": " + failure.text);
        }
    }

    [[noreturn]] void fail(std::uint64_t line, const std::string &text) const {
        throw Failure{MH_E_INVALID, table_.file->path() + ":" + std::to_string(line) + ": " + text};
    }

    bool matches(const csv::Record &record) const {
        return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition &one) {
            const csv::Field &field = record[one.column.place];
            if (one.value.is_null()) return field.is_null == (one.op == MH_DB_EQUAL);
            if (field.is_null) return false; // as in SQL: null is neither equal nor unequal to a value
            std::optional<int> order = compare(read(record, one.column), one.value);
            if (!order) {
                table_.refuse(MH_E_INVALID, "column \"" + one.column.name + "\" is of type " + type_name(one.column.type) +
                                                " and does not compare with a value of type " + type_name(one.value.type));
            }
            switch (one.op) {
            case MH_DB_EQUAL: return *order == 0;
            case MH_DB_NOT_EQUAL: return *order != 0;
            case MH_DB_LESS: return *order < 0;
            case MH_DB_LESS_OR_EQUAL: return *order <= 0;
            case MH_DB_GREATER: return *order > 0;
            default: return *order >= 0;
            }
        });
    }

    Sortable sortable(csv::Record &&record) const {
        Sortable row{std::move(record), {}, line_};
        for (const Order &order : orders_) row.keys.push_back(read(row.record, order.column));
        return row;
    }

    /// Null comes before everything else; equal rows stay in the order of the file.
    bool before(const Sortable &a, const Sortable &b) const {
        for (std::size_t i = 0; i < orders_.size(); i++) {
            const Value &x = a.keys[i], &y = b.keys[i];
            int order = x.is_null() || y.is_null() ? int(y.is_null()) - int(x.is_null()) : compare(x, y).value_or(0);
            if (order != 0) return (order < 0) != orders_[i].is_descending;
        }
        return a.line < b.line;
    }

    /// False when the caller wants no more.
    bool deliver(const csv::Record &record) {
        if (skipped_ < wanted_.offset) {
            skipped_++;
            return true;
        }
        std::vector<Value> values;
        std::vector<mh_value> borrowed_values;
        for (const Column &column : columns_) values.push_back(read(record, column));
        for (const Value &value : values) borrowed_values.push_back(value.abi());
        const auto count = static_cast<std::uint32_t>(borrowed_values.size());
        if (wanted_.row(wanted_.ctx, borrowed_values.data(), count) != 0) return false;
        return ++delivered_ != wanted_.limit || wanted_.limit == 0;
    }

    const mh_db_table &table_;
    const mh_db_query &wanted_;
    std::vector<Column> columns_;
    std::vector<Condition> conditions_;
    std::vector<Order> orders_;
    std::uint64_t line_ = 0;
    std::int64_t skipped_ = 0;
    std::int64_t delivered_ = 0;
};

} // namespace

void run_query(const mh_db_table &table, const mh_db_query &query) { Query(table, query).run(); }
