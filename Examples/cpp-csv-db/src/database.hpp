// Databases and tables behind mh.db/1: a folder, and a CSV file in it seen through the columns that a module named.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "file.hpp"
#include "value.hpp"

struct Column {
    std::string name;
    std::uint32_t type;  ///< MH_NULL: any
    std::size_t place;   ///< in the file's records
};

/// What modhost/db.h calls mh_db_table. Fixed once made, so every thread may use it.
struct mh_db_table {
    mh_db *database;
    std::string name;
    std::vector<Column> columns;
    std::shared_ptr<File> file;

    /// A column of the table, or one of the file that the table did not name. Throws Failure.
    Column column(std::string_view wanted) const;
    /// A row as the text of a record. Throws Failure.
    void append(std::string &to, const mh_value *values) const;
    [[noreturn]] void refuse(std::int32_t code, const std::string &text) const;
};

/// What modhost/db.h calls mh_db.
struct mh_db {
    std::string folder;
    std::string caller;
    std::mutex lock;
    std::vector<std::unique_ptr<mh_db_table>> tables;
};

/// Reads rows in the way of mh_db_provider.query. Throws Failure.
void run_query(const mh_db_table &table, const mh_db_query &query);
