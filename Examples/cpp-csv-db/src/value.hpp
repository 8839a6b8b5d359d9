// Values as text: how each type of the ABI stands in a CSV field, and how two values compare.
#pragma once

#include <optional>
#include <string>

#include "csv.hpp"

/// A value that owns its text.
struct Value {
    std::uint32_t type = MH_NULL;
    std::int64_t integer = 0;
    double real = 0;
    std::string text;

    bool is_null() const { return type == MH_NULL; }
    /// Borrows from this value.
    mh_value abi() const;
};

/// The type's name in messages: "int", "text".
const char *type_name(std::uint32_t type);

/// Takes a value out of the ABI. Throws Failure for a list.
Value owned(const mh_value &value);

/// A value as a field. Throws Failure when the column's type (MH_NULL: any) is another one. `column` is for the text.
csv::Field to_field(const mh_value &value, std::uint32_t type, std::string_view column);

/// A field as a value of a type (MH_NULL: text). Throws Failure when it does not read as one.
Value from_field(const csv::Field &field, std::uint32_t type);

/// Below, at or above zero, as a stands to b; nothing when their types do not compare. Neither is null.
std::optional<int> compare(const Value &a, const Value &b);
