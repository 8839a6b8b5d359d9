// CSV as RFC 4180 has it: records of fields, quoted where they must be. One addition: an empty field without quotes is null,
// an empty field in quotes is the empty text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "failure.hpp"

namespace csv {

struct Field {
    std::string text;
    bool is_null = false;
};

using Record = std::vector<Field>;

/// Appends a field; `is_first` leaves the comma before it out.
void append_field(std::string &to, const Field &field, bool is_first);
void append_record(std::string &to, const Record &record, std::string_view line_end);

/// Reads records from a descriptor, from offset 0 to `end` and no further. It keeps one record and one buffer in memory.
class Reader {
public:
    /// `name` is for error texts. The descriptor stays the caller's.
    Reader(int descriptor, std::int64_t end, std::string name);

    /// The next record; false at the end. A last record without a line end counts; one that ends within quotes does not.
    /// Throws Failure: the file cannot be read, a quote is out of place (with the line), a record is longer than 64 MiB.
    bool next(Record &record);

    /// Where the last record began, as a line number from 1.
    std::uint64_t line() const { return record_line_; }
    /// The offset behind the last record that `next` gave.
    std::int64_t offset() const { return record_end_; }
    /// Whether the last record ended with a line end.
    bool is_terminated() const { return is_terminated_; }
    /// Whether the text ends within quotes.
    bool is_cut() const { return is_cut_; }

private:
    int byte(); ///< the next one; -1 at the end
    Failure fault(const std::string &text) const;

    int descriptor_;
    std::int64_t end_;
    std::string name_;
    std::string buffer_;
    std::size_t taken_ = 0;
    std::int64_t read_ = 0;
    std::uint64_t line_ = 1;
    std::uint64_t record_line_ = 1;
    std::int64_t record_end_ = 0;
    bool is_terminated_ = true;
    bool is_cut_ = false;
};

} // namespace csv
