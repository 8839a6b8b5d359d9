/* Sound: Nothing is wrong with it: the control. Others take its name, its command and its interface. */
#include "broken.h"

MH_MODULE_NOTE("name=healthy\nversion=1.0.0\nabi=1.0\nalias=fit\nprovides=test.health/1:body\n");

static int64_t limit;
static mh_str colour;

static int32_t set_even(void *ctx, const mh_value *value, const mh_error *err) {
    (void)ctx;
    if (value->as.integer % 2) return mh_fail(err, MH_E_INVALID, "odd numbers are unlucky");
    return MH_OK;
}

static const mh_str colours[] = {MH_STR("red"), MH_STR("green")};
static const mh_param params[] = {
    {BROKEN_PARAM("limit", MH_INT), .minimum = 1, .maximum = 10, .default_text = MH_STR("5"), .storage = &limit},
    {BROKEN_PARAM("colour", MH_STRING), .choices = MH_ARRAY(colours), .default_text = MH_STR("red"),
     .storage = &colour},
    {BROKEN_PARAM("even", MH_INT), .flags = MH_PARAM_LIVE, .set = set_even},
};

static const mh_str ping_aliases[] = {MH_STR("healthy_ping")};
static const mh_mi_command commands[] = {
    {BROKEN_COMMAND("healthy.ping"), .flags = MH_MI_READ, .aliases = MH_ARRAY(ping_aliases)},
};

typedef struct health {
    uint32_t struct_size;
    uint32_t reserved;
} health;
static const health table = {.struct_size = sizeof(health)};
static const mh_interface provides[] = {
    {.struct_size = sizeof(mh_interface), .id = MH_STR("test.health/1"), .selector = MH_STR("body"), .table = &table},
};

static const mh_str aliases[] = {MH_STR("fit")};
BROKEN_MODULE("healthy", .aliases = MH_ARRAY(aliases), .params = MH_ARRAY(params), .commands = MH_ARRAY(commands),
              .provides = MH_ARRAY(provides))
