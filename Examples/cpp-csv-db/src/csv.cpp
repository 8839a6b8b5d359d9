#include "csv.hpp"

#include <algorithm>
#include <unistd.h>

namespace csv {

namespace {
constexpr std::size_t longest_record = 64u << 20;
constexpr std::size_t buffer_size = 64u << 10;
} // namespace

void append_field(std::string &to, const Field &field, bool is_first) {
    if (!is_first) to += ',';
    if (field.is_null) return;
    const std::string &text = field.text;
    if (!text.empty() && text.find_first_of(std::string_view(",\"\r\n\0", 5)) == std::string::npos &&
        text.front() != ' ' && text.back() != ' ') {
        to += text;
        return;
    }
    to += '"';
    for (char byte : text) {
        if (byte == '"') to += '"';
        to += byte;
    }
    to += '"';
}

void append_record(std::string &to, const Record &record, std::string_view line_end) {
    bool is_first = true;
    for (const Field &field : record) {
        append_field(to, field, is_first);
        is_first = false;
    }
    to += line_end;
}

Reader::Reader(int descriptor, std::int64_t end, std::string name)
    : descriptor_(descriptor), end_(end), name_(std::move(name)) {}

Failure Reader::fault(const std::string &text) const {
    return {MH_E_INVALID, name_ + ":" + std::to_string(line_) + ": " + text};
}

int Reader::byte() {
    if (taken_ == buffer_.size()) {
        auto wanted = std::min<std::int64_t>(buffer_size, end_ - read_);
        if (wanted <= 0) return -1;
        buffer_.resize(static_cast<std::size_t>(wanted));
        ssize_t count;
        do count = pread(descriptor_, buffer_.data(), buffer_.size(), read_);
        while (count < 0 && errno == EINTR);
        if (count < 0) throw system_failure(errno, name_, "read");
        buffer_.resize(static_cast<std::size_t>(count));
        taken_ = 0;
        read_ += count;
        if (count == 0) return -1; // somebody has shortened the file
    }
    return static_cast<unsigned char>(buffer_[taken_++]);
}

bool Reader::next(Record &record) {
    enum { start, plain, quoted, after_quote } state = start;
    record.clear();
    record_line_ = line_;
    Field field{"", true};
    std::size_t length = 0;
    auto complete_field = [&] {
        record.push_back(std::move(field));
        field = {"", true};
        state = start;
    };
    auto complete_record = [&](bool is_terminated) {
        complete_field();
        record_end_ = read_ - static_cast<std::int64_t>(buffer_.size() - taken_);
        is_terminated_ = is_terminated;
        return true;
    };
    for (;;) {
        int next = byte();
        if (next < 0) {
            if (state == quoted) is_cut_ = true;
            if (state == quoted || (state == start && record.empty())) return false;
            return complete_record(false);
        }
        if (++length > longest_record) throw fault("a record is longer than 64 MiB: is a quote missing?");
        char found = static_cast<char>(next);
        if (found == '\n') line_++;
        if (state == quoted) {
            if (found == '"') state = after_quote;
            else field.text += found;
            continue;
        }
        switch (found) {
        case ',': complete_field(); continue;
        case '\n':
            // The carriage return of a line end is none of the field.
            if (state == plain && field.text.back() == '\r') {
                field.text.pop_back();
                if (field.text.empty()) field.is_null = true;
            }
            return complete_record(true);
        case '"':
            if (state == plain) break;
            if (state == after_quote) field.text += '"';
            field.is_null = false;
            state = quoted;
            continue;
        case '\r':
            if (state == after_quote) continue;
            break;
        default: break;
        }
        if (state == after_quote) throw fault("text follows a closing quote: expected a comma or the end of the line");
        field.is_null = false;
        field.text += found;
        state = plain;
    }
}

} // namespace csv
