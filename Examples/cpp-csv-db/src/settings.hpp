// Parameters. The host writes them before init; afterwards they do not change.
#pragma once

#include <modhost/modhost.h>
#include <string_view>

struct Settings {
    mh_str durability = MH_STR("os");
    mh_str line_end_name = MH_STR("crlf");

    bool durability_is_disk() const { return mh_str_equal(durability, mh_cstr("disk")) != 0; }
    std::string_view line_end() const { return mh_str_equal(line_end_name, mh_cstr("lf")) != 0 ? "\n" : "\r\n"; }
};

extern Settings settings;
