/* A module as it was built in the days of ABI 1.0, which lives by other modules: htable's tables and their change feed, and a
 * database. It provides an interface too. */
#include <modhost/modhost.h>

#if MH_ABI_MINOR != 0
#error "compile this with the headers of Tests/abi/1.0"
#endif

MH_MODULE_NOTE("name=old-tables\nversion=1.0.0\nabi=1.0\nprovides=old.echo/1\n"
               "requires=mh.htable/1:htable\nrequires=mh.db/1:flatstore\nrequires=mh.db/1:nothing?\n");

typedef struct echo_table {
    uint32_t struct_size;
    uint32_t reserved;
    int64_t (*echo)(void *ctx, int64_t number);
} echo_table;

static mh_self *self;
static const mh_htable_interface *tables;
static void *tables_ctx;
static const mh_db_provider *rows;
static void *rows_ctx;
static mh_htable *table;
static mh_htable_follower *follower;
static mh_db *db;
static mh_db_table *row_table;
static mh_counter *changes;
static const mh_counter_service *counters;
static mh_str folder;

static int64_t echo(void *ctx, int64_t number) {
    (void)ctx;
    return number;
}

static void changed(void *ctx, const mh_htable_change *change) {
    (void)ctx;
    if (change->kind == MH_HTABLE_SET) counters->add(changes, 1);
}

/* old.put KEY NUMBER: into the table, and a row of it into the database. */
static int32_t put(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const mh_value *key = (const mh_value *)mh_array_at(&call->args, 0);
    const mh_value *number = (const mh_value *)mh_array_at(&call->args, 1);
    mh_value row[2];
    int32_t code;
    (void)ctx;
    (void)reply;
    row[0] = *key;
    row[1] = *number;
    code = tables->set(tables_ctx, table, key->as.text, number, MH_HTABLE_STANDARD, 0);
    return code < 0 ? code : rows->insert(rows_ctx, row_table, row, 2, 0);
}

/* old.take KEY: out of the table. */
static int32_t take(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
    const mh_value *key = (const mh_value *)mh_array_at(&call->args, 0);
    char buffer[64];
    mh_htable_item item = {.struct_size = sizeof(item)};
    (void)ctx;
    if (tables->get(tables_ctx, table, key->as.text, buffer, sizeof(buffer), &item, 0) < 0) {
        reply->fail(reply->ctx, 404, mh_cstr("no such key"));
        return MH_OK;
    }
    return reply->value(reply->ctx, mh_cstr(""), &item.value);
}

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    const mh_interface_service *interfaces;
    mh_interface_ref ref = {.struct_size = sizeof(ref)};
    mh_htable_follow follow = {.struct_size = sizeof(follow), .flags = MH_HTABLE_FOLLOW_CHANGES, .changed = changed};
    mh_db_open options = {.struct_size = sizeof(options), .url = folder, .caller = MH_STR("old-tables")};
    mh_db_column columns[] = {
        {.struct_size = sizeof(mh_db_column), .type = MH_STRING, .name = MH_STR("key")},
        {.struct_size = sizeof(mh_db_column), .type = MH_INT, .name = MH_STR("number")},
    };
    mh_array all = MH_ARRAY(columns);
    int32_t code;
    (void)ctx;
    self = host->self;
    interfaces = (const mh_interface_service *)host->query(self, mh_cstr(MH_INTERFACE_SERVICE), sizeof(*interfaces));
    counters = (const mh_counter_service *)host->query(self, mh_cstr(MH_COUNTER_SERVICE), sizeof(*counters));
    if (!interfaces || !counters) return mh_fail(err, MH_E_ABI, "a service of ABI 1.0 is missing");
    if ((code = counters->create(self, MH_COUNTER, mh_cstr("changes"), mh_cstr("changes"), &changes, err)) < 0) return code;

    code = interfaces->acquire(self, mh_cstr(MH_HTABLE_INTERFACE), mh_cstr("htable"), sizeof(*tables), &ref, err);
    if (code < 0) return code;
    tables = (const mh_htable_interface *)ref.table;
    tables_ctx = ref.ctx;
    if ((code = tables->open(tables_ctx, mh_cstr("old"), &table, err)) < 0) return code;
    if ((code = tables->follow(tables_ctx, table, &follow, &follower, err)) < 0) return code;

    code = interfaces->acquire(self, mh_cstr(MH_DB_INTERFACE), mh_cstr("flatstore"), sizeof(*rows), &ref, err);
    if (code < 0) return code;
    rows = (const mh_db_provider *)ref.table;
    rows_ctx = ref.ctx;
    if ((code = rows->open(rows_ctx, &options, &db, err)) < 0) return code;
    if ((code = rows->use_table(rows_ctx, db, mh_cstr("old"), &all, &row_table, err)) < 0) return code;

    code = interfaces->acquire(self, mh_cstr(MH_DB_INTERFACE), mh_cstr("nothing"), 0, &ref, 0);
    return code == MH_E_NOT_FOUND ? MH_OK : mh_fail(err, MH_E_INTERNAL, "an optional interface that nobody provides was found");
}

static void stop(void *ctx) {
    (void)ctx;
    tables->unfollow(tables_ctx, follower);
    rows->close(rows_ctx, db);
}

static const mh_param params[] = {
    {.struct_size = sizeof(mh_param), .type = MH_STRING, .flags = MH_PARAM_REQUIRED, .name = MH_STR("db_url"),
     .help = MH_STR("Any."), .storage = &folder},
};
static const mh_mi_arg args[] = {
    {.struct_size = sizeof(mh_mi_arg), .type = MH_STRING, .name = MH_STR("key"), .help = MH_STR("Any.")},
    {.struct_size = sizeof(mh_mi_arg), .type = MH_INT, .name = MH_STR("number"), .help = MH_STR("Any.")},
};
static const mh_mi_command commands[] = {
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_CHANGE | MH_MI_SLOW, .name = MH_STR("old.put"),
     .summary = MH_STR("Any."), .example = MH_STR("old.put a 1"), .args = MH_ARRAY(args), .handler = put},
    {.struct_size = sizeof(mh_mi_command), .flags = MH_MI_READ, .name = MH_STR("old.take"), .summary = MH_STR("Any."),
     .example = MH_STR("old.take a"), .args = {args, 1, sizeof(mh_mi_arg)}, .handler = take},
};
static const echo_table echoes = {.struct_size = sizeof(echo_table), .echo = echo};
static const mh_interface provided[] = {
    {.struct_size = sizeof(mh_interface), .id = MH_STR("old.echo/1"), .table = &echoes},
};
static const mh_requirement required[] = {
    {.struct_size = sizeof(mh_requirement), .id = MH_STR(MH_HTABLE_INTERFACE), .selector = MH_STR("htable")},
    {.struct_size = sizeof(mh_requirement), .id = MH_STR(MH_DB_INTERFACE), .selector = MH_STR("flatstore")},
    {.struct_size = sizeof(mh_requirement), .flags = MH_REQUIRE_OPTIONAL, .id = MH_STR(MH_DB_INTERFACE),
     .selector = MH_STR("nothing")},
};
static const mh_module descriptor = {
    .struct_size = sizeof(mh_module), .abi_major = MH_ABI_MAJOR, .abi_minor = MH_ABI_MINOR, .name = MH_STR("old-tables"),
    .version = MH_STR("1.0.0"), .summary = MH_STR("Built with the headers of ABI 1.0."), .params = MH_ARRAY(params),
    .commands = MH_ARRAY(commands), .provides = MH_ARRAY(provided), .requires_ = MH_ARRAY(required), .init = start,
    .stop = stop,
};

int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
    (void)offer;
    (void)err;
    *module = &descriptor;
    return MH_OK;
}
