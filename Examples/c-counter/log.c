/* Lines for the host's log. The level is looked at first, so that a line nobody wants costs one load. */
#include "counter.h"

void counter_log(int32_t level, const char *text) {
    const counter_services *services = &counter_services_;
    mh_log_field field;
    mh_array fields;

    if (level > *services->log->level(services->self)) return;
    field.struct_size = sizeof(field);
    field.reserved = 0;
    field.name = mh_cstr("value");
    field.value = mh_int(counter_value());
    fields.items = &field;
    fields.count = 1;
    fields.stride = sizeof(field);
    services->log->write(services->self, level, mh_cstr(text), &fields);
}
