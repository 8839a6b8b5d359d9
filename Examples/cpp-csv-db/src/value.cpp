#include "value.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace {

constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64(std::string_view bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t j = 0; j < 3; j++) group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; j++) text += j <= count ? digits[group >> (18 - 6 * j) & 63] : '=';
    }
    return text;
}

std::optional<std::string> bytes_of_base64(std::string_view text) {
    std::string bytes;
    if (text.size() % 4 != 0) return {};
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        std::size_t padding = 0;
        for (std::size_t j = 0; j < 4; j++) {
            char letter = text[i + j];
            std::size_t at = letter == '=' ? 0 : std::string_view(digits, 64).find(letter);
            if (letter == '=') padding++;
            else if (padding > 0 || at == std::string_view::npos) return {};
            group = group << 6 | static_cast<std::uint32_t>(at);
        }
        if (padding > 2 || (padding > 0 && i + 4 != text.size())) return {};
        for (std::size_t j = 0; j < 3 - padding; j++) bytes += static_cast<char>(group >> (16 - 8 * j) & 255);
    }
    return bytes;
}

/// RFC 3339 in UTC; microseconds only where there are some.
std::string time_text(std::int64_t microseconds) {
    std::int64_t rest = microseconds % 1000000;
    std::time_t seconds = microseconds / 1000000;
    if (rest < 0) rest += 1000000, seconds--;
    std::tm parts{};
    char text[64], fraction[16] = "";
    if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1900 || parts.tm_year > 9999 - 1900)
        throw Failure{MH_E_INVALID, "the time " + std::to_string(microseconds) + " is not in the years 0 to 9999"};
    if (rest != 0) std::snprintf(fraction, sizeof fraction, ".%06d", static_cast<int>(rest));
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", parts.tm_year + 1900, parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, fraction);
    return text;
}

std::optional<std::int64_t> time_of(const std::string &text) {
    std::tm parts{};
    const char *rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (!rest) return {};
    std::int64_t fraction = 0;
    if (*rest == '.') {
        std::int64_t unit = 100000;
        for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10) fraction += unit * (*rest - '0');
    }
    if (rest[0] != 'Z' || rest[1] != 0) return {};
    return static_cast<std::int64_t>(timegm(&parts)) * 1000000 + fraction;
}

template <typename Number> std::optional<Number> number_of(const std::string &text) {
    Number number{};
    auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc() || end != text.data() + text.size()) return {};
    return number;
}

bool is_integer(std::uint32_t type) {
    return type == MH_INT || type == MH_BOOL || type == MH_TIME || type == MH_DURATION || type == MH_SIZE;
}

bool is_text(std::uint32_t type) { return type == MH_STRING || type == MH_BLOB; }

std::string text_of(const Value &value) {
    char buffer[64];
    switch (value.type) {
    case MH_FLOAT: return {buffer, std::to_chars(buffer, buffer + sizeof buffer, value.real).ptr};
    case MH_TIME: return time_text(value.integer);
    case MH_STRING: return value.text;
    case MH_BLOB: return base64(value.text);
    default: return std::to_string(value.integer);
    }
}

} // namespace

mh_value Value::abi() const {
    mh_value value = mh_null();
    value.type = type;
    if (is_text(type)) value.as.text = borrowed(text);
    else if (type == MH_FLOAT) value.as.real = real;
    else if (is_integer(type)) value.as.integer = integer;
    return value;
}

const char *type_name(std::uint32_t type) {
    switch (type) {
    case MH_NULL: return "null";
    case MH_INT: return "int";
    case MH_FLOAT: return "float";
    case MH_STRING: return "text";
    case MH_BOOL: return "bool";
    case MH_TIME: return "time";
    case MH_BLOB: return "blob";
    case MH_DURATION: return "duration";
    case MH_SIZE: return "size";
    default: return "list";
    }
}

Value owned(const mh_value &value) {
    Value own;
    own.type = value.type;
    if (is_text(value.type)) own.text = view(value.as.text);
    else if (value.type == MH_FLOAT) own.real = value.as.real;
    else if (is_integer(value.type)) own.integer = value.as.integer;
    else if (value.type != MH_NULL) throw Failure{MH_E_UNSUPPORTED, "a CSV field cannot hold a list"};
    return own;
}

csv::Field to_field(const mh_value &value, std::uint32_t type, std::string_view column) {
    Value own = owned(value);
    if (own.is_null()) return {"", true};
    bool fits = type == MH_NULL || own.type == type || (type == MH_INT && is_integer(own.type) && own.type != MH_TIME);
    if (!fits) {
        throw Failure{MH_E_INVALID, "column \"" + std::string(column) + "\" is of type " + type_name(type) +
                                        ", the value is of type " + type_name(own.type)};
    }
    return {text_of(own), false};
}

Value from_field(const csv::Field &field, std::uint32_t type) {
    Value value;
    if (field.is_null) return value;
    value.type = type == MH_NULL ? MH_STRING : type;
    bool is_good = true;
    auto take = [&is_good](auto &to, auto from) {
        if (from) to = *std::move(from);
        else is_good = false;
    };
    switch (value.type) {
    case MH_FLOAT: take(value.real, number_of<double>(field.text)); break;
    case MH_TIME: take(value.integer, time_of(field.text)); break;
    case MH_STRING: value.text = field.text; break;
    case MH_BLOB: take(value.text, bytes_of_base64(field.text)); break;
    default: take(value.integer, number_of<std::int64_t>(field.text));
    }
    if (is_good) return value;
    throw Failure{MH_E_INVALID, "expected a value of type " + std::string(type_name(type)) + ", found \"" +
                                    field.text.substr(0, 60) + "\""};
}

std::optional<int> compare(const Value &a, const Value &b) {
    auto order = [](auto x, auto y) { return x < y ? -1 : y < x ? 1 : 0; };
    if (is_text(a.type) && is_text(b.type)) return order(a.text.compare(b.text), 0);
    if (is_integer(a.type) && is_integer(b.type)) return order(a.integer, b.integer);
    auto is_number = [](std::uint32_t type) { return type == MH_FLOAT || is_integer(type); };
    if (!is_number(a.type) || !is_number(b.type)) return {};
    auto real = [](const Value &value) { return value.type == MH_FLOAT ? value.real : static_cast<double>(value.integer); };
    return order(real(a), real(b));
}
