// What the host lends: service tables, looked up once in init and read-only afterwards.
#pragma once

#include <modhost/modhost.h>
#include <string_view>

struct Services {
    mh_self *self = nullptr;
    const mh_log_service *log = nullptr;
    const mh_counter_service *counter = nullptr;
    mh_counter *rows = nullptr;
    mh_counter *faults = nullptr;
};

extern Services services;

/// Writes a line when its level is wanted.
inline void log_line(std::int32_t level, std::string_view text) {
    if (!services.log || level > *services.log->level(services.self)) return;
    services.log->write(services.self, level, mh_bytes(text.data(), text.size()), nullptr);
}
