/* The layout of ABI 1.0, as numbers: what a module that was built against 1.0 relies on, for ever.
 *
 * A later minor may append fields to the structs marked GROWS, never move one; it may add constants, never change one.
 * Once 1.0 is released no line of this file is edited: a new minor gets a folder of its own. The tests compile it as C and as
 * C++, and see to it that no struct, field or constant of the headers is missing. */
#include <modhost/modhost.h>

#ifdef __cplusplus
#define HOLDS(condition, text) static_assert(condition, text)
#else
#define HOLDS(condition, text) _Static_assert(condition, text)
#endif

#define FROZEN(type, bytes) HOLDS(sizeof(type) == (bytes), #type " has another size than in ABI 1.0")
#define GROWS(type, bytes) HOLDS(sizeof(type) >= (bytes), #type " is smaller than in ABI 1.0")
#define FIELD(type, field, offset, bytes) \
    HOLDS(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (bytes), \
          #type "." #field " is not where ABI 1.0 had it, or of another size")
#define VALUE(constant, number) HOLDS((constant) == (number), #constant " is not what it was in ABI 1.0")

HOLDS(sizeof(void *) == 8, "ABI 1 is for 64-bit systems");

/* ---- modhost/base.h ---- */

VALUE(MH_ABI_MAJOR, 1);
VALUE(MH_OK, 0);
VALUE(MH_DEFERRED, 1);
VALUE(MH_FULL, 1);
VALUE(MH_E_INVALID, -1);
VALUE(MH_E_NO_MEMORY, -2);
VALUE(MH_E_UNSUPPORTED, -3);
VALUE(MH_E_NOT_FOUND, -4);
VALUE(MH_E_EXISTS, -5);
VALUE(MH_E_BUSY, -6);
VALUE(MH_E_IO, -7);
VALUE(MH_E_NO_SPACE, -8);
VALUE(MH_E_AGAIN, -9);
VALUE(MH_E_CANCELLED, -10);
VALUE(MH_E_TIMEOUT, -11);
VALUE(MH_E_STATE, -12);
VALUE(MH_E_LIMIT, -13);
VALUE(MH_E_CLOSED, -14);
VALUE(MH_E_ABI, -15);
VALUE(MH_E_DENIED, -16);
VALUE(MH_E_INTERNAL, -99);
VALUE(MH_NULL, 0);
VALUE(MH_INT, 1);
VALUE(MH_FLOAT, 2);
VALUE(MH_STRING, 3);
VALUE(MH_BOOL, 4);
VALUE(MH_TIME, 5);
VALUE(MH_BLOB, 6);
VALUE(MH_DURATION, 7);
VALUE(MH_SIZE, 8);
VALUE(MH_LIST, 9);

FROZEN(mh_str, 16);
FIELD(mh_str, ptr, 0, 8);
FIELD(mh_str, len, 8, 8);

FROZEN(mh_array, 16);
FIELD(mh_array, items, 0, 8);
FIELD(mh_array, count, 8, 4);
FIELD(mh_array, stride, 12, 4);

FROZEN(mh_value, 24);
FIELD(mh_value, type, 0, 4);
FIELD(mh_value, reserved, 4, 4);
FIELD(mh_value, as, 8, 16);

FROZEN(mh_error, 16);
FIELD(mh_error, ctx, 0, 8);
FIELD(mh_error, report, 8, 8);

/* ---- modhost/module.h ---- */

VALUE(MH_PARAM_REQUIRED, 1);
VALUE(MH_PARAM_REPEATABLE, 2);
VALUE(MH_PARAM_SECRET, 4);
VALUE(MH_PARAM_LIVE, 8);
VALUE(MH_PARAM_DEPRECATED, 16);
VALUE(MH_PARAM_FLAGS, 31);
VALUE(MH_REQUIRE_OPTIONAL, 1);
VALUE(MH_REQUIRE_FLAGS, 1);
VALUE(MH_MODULE_FLAGS, 0);

GROWS(mh_offer, 40);
FIELD(mh_offer, struct_size, 0, 4);
FIELD(mh_offer, abi_major, 4, 2);
FIELD(mh_offer, abi_minor, 6, 2);
FIELD(mh_offer, host_name, 8, 16);
FIELD(mh_offer, host_version, 24, 16);

GROWS(mh_host, 24);
FIELD(mh_host, struct_size, 0, 4);
FIELD(mh_host, reserved, 4, 4);
FIELD(mh_host, self, 8, 8);
FIELD(mh_host, query, 16, 8);

GROWS(mh_param, 152);
FIELD(mh_param, struct_size, 0, 4);
FIELD(mh_param, type, 4, 4);
FIELD(mh_param, flags, 8, 4);
FIELD(mh_param, reserved, 12, 4);
FIELD(mh_param, name, 16, 16);
FIELD(mh_param, help, 32, 16);
FIELD(mh_param, unit, 48, 16);
FIELD(mh_param, default_text, 64, 16);
FIELD(mh_param, minimum, 80, 8);
FIELD(mh_param, maximum, 88, 8);
FIELD(mh_param, float_minimum, 96, 8);
FIELD(mh_param, float_maximum, 104, 8);
FIELD(mh_param, choices, 112, 16);
FIELD(mh_param, storage, 128, 8);
FIELD(mh_param, ctx, 136, 8);
FIELD(mh_param, set, 144, 8);

GROWS(mh_interface, 56);
FIELD(mh_interface, struct_size, 0, 4);
FIELD(mh_interface, reserved, 4, 4);
FIELD(mh_interface, id, 8, 16);
FIELD(mh_interface, selector, 24, 16);
FIELD(mh_interface, table, 40, 8);
FIELD(mh_interface, ctx, 48, 8);

GROWS(mh_requirement, 40);
FIELD(mh_requirement, struct_size, 0, 4);
FIELD(mh_requirement, flags, 4, 4);
FIELD(mh_requirement, id, 8, 16);
FIELD(mh_requirement, selector, 24, 16);

GROWS(mh_module, 232);
FIELD(mh_module, struct_size, 0, 4);
FIELD(mh_module, abi_major, 4, 2);
FIELD(mh_module, abi_minor, 6, 2);
FIELD(mh_module, flags, 8, 4);
FIELD(mh_module, reserved, 12, 4);
FIELD(mh_module, name, 16, 16);
FIELD(mh_module, version, 32, 16);
FIELD(mh_module, summary, 48, 16);
FIELD(mh_module, aliases, 64, 16);
FIELD(mh_module, params, 80, 16);
FIELD(mh_module, commands, 96, 16);
FIELD(mh_module, functions, 112, 16);
FIELD(mh_module, variables, 128, 16);
FIELD(mh_module, provides, 144, 16);
FIELD(mh_module, requires_, 160, 16);
FIELD(mh_module, ctx, 176, 8);
FIELD(mh_module, init, 184, 8);
FIELD(mh_module, worker_start, 192, 8);
FIELD(mh_module, worker_stop, 200, 8);
FIELD(mh_module, reopen, 208, 8);
FIELD(mh_module, drain, 216, 8);
FIELD(mh_module, stop, 224, 8);

GROWS(mh_interface_ref, 24);
FIELD(mh_interface_ref, struct_size, 0, 4);
FIELD(mh_interface_ref, reserved, 4, 4);
FIELD(mh_interface_ref, table, 8, 8);
FIELD(mh_interface_ref, ctx, 16, 8);

GROWS(mh_interface_service, 16);
FIELD(mh_interface_service, struct_size, 0, 4);
FIELD(mh_interface_service, reserved, 4, 4);
FIELD(mh_interface_service, acquire, 8, 8);

GROWS(mh_param_service, 24);
FIELD(mh_param_service, struct_size, 0, 4);
FIELD(mh_param_service, reserved, 4, 4);
FIELD(mh_param_service, get, 8, 8);
FIELD(mh_param_service, core, 16, 8);

/* ---- modhost/log.h ---- */

VALUE(MH_LOG_ALERT, -5);
VALUE(MH_LOG_BUG, -4);
VALUE(MH_LOG_CRITICAL, -3);
VALUE(MH_LOG_ERROR, -1);
VALUE(MH_LOG_WARNING, 0);
VALUE(MH_LOG_NOTICE, 1);
VALUE(MH_LOG_INFO, 2);
VALUE(MH_LOG_DEBUG, 3);

GROWS(mh_log_field, 48);
FIELD(mh_log_field, struct_size, 0, 4);
FIELD(mh_log_field, reserved, 4, 4);
FIELD(mh_log_field, name, 8, 16);
FIELD(mh_log_field, value, 24, 24);

GROWS(mh_log_service, 24);
FIELD(mh_log_service, struct_size, 0, 4);
FIELD(mh_log_service, reserved, 4, 4);
FIELD(mh_log_service, level, 8, 8);
FIELD(mh_log_service, write, 16, 8);

/* ---- modhost/counter.h ---- */

VALUE(MH_COUNTER, 0);
VALUE(MH_GAUGE, 1);

GROWS(mh_counter_service, 48);
FIELD(mh_counter_service, struct_size, 0, 4);
FIELD(mh_counter_service, reserved, 4, 4);
FIELD(mh_counter_service, create, 8, 8);
FIELD(mh_counter_service, create_computed, 16, 8);
FIELD(mh_counter_service, add, 24, 8);
FIELD(mh_counter_service, set, 32, 8);
FIELD(mh_counter_service, get, 40, 8);

/* ---- modhost/loop.h ---- */

VALUE(MH_WORKER_ANY, 0xFFFFFFFFu);
VALUE(MH_WORKER_CURRENT, 0xFFFFFFFEu);
VALUE(MH_WORKER_MANAGEMENT, 0xFFFFFFFDu);
VALUE(MH_MAIN_THREAD, 0);
VALUE(MH_WATCH_READ, 1);
VALUE(MH_WATCH_WRITE, 2);
VALUE(MH_WATCH_ERROR, 4);

GROWS(mh_timer_options, 48);
FIELD(mh_timer_options, struct_size, 0, 4);
FIELD(mh_timer_options, worker, 4, 4);
FIELD(mh_timer_options, first, 8, 8);
FIELD(mh_timer_options, interval, 16, 8);
FIELD(mh_timer_options, ctx, 24, 8);
FIELD(mh_timer_options, fire, 32, 8);
FIELD(mh_timer_options, gone, 40, 8);

GROWS(mh_watch_options, 40);
FIELD(mh_watch_options, struct_size, 0, 4);
FIELD(mh_watch_options, worker, 4, 4);
FIELD(mh_watch_options, descriptor, 8, 4);
FIELD(mh_watch_options, events, 12, 4);
FIELD(mh_watch_options, ctx, 16, 8);
FIELD(mh_watch_options, ready, 24, 8);
FIELD(mh_watch_options, gone, 32, 8);

GROWS(mh_offload_options, 32);
FIELD(mh_offload_options, struct_size, 0, 4);
FIELD(mh_offload_options, worker, 4, 4);
FIELD(mh_offload_options, ctx, 8, 8);
FIELD(mh_offload_options, work, 16, 8);
FIELD(mh_offload_options, done, 24, 8);

GROWS(mh_loop_service, 64);
FIELD(mh_loop_service, struct_size, 0, 4);
FIELD(mh_loop_service, reserved, 4, 4);
FIELD(mh_loop_service, now, 8, 8);
FIELD(mh_loop_service, timer, 16, 8);
FIELD(mh_loop_service, watch, 24, 8);
FIELD(mh_loop_service, watch_events, 32, 8);
FIELD(mh_loop_service, cancel, 40, 8);
FIELD(mh_loop_service, post, 48, 8);
FIELD(mh_loop_service, offload, 56, 8);

/* ---- modhost/net.h ---- */

VALUE(MH_ADOPT_READ, 1);
VALUE(MH_ADOPT_WRITE, 2);

GROWS(mh_stream_handler, 56);
FIELD(mh_stream_handler, struct_size, 0, 4);
FIELD(mh_stream_handler, reserved, 4, 4);
FIELD(mh_stream_handler, ctx, 8, 8);
FIELD(mh_stream_handler, data, 16, 8);
FIELD(mh_stream_handler, end, 24, 8);
FIELD(mh_stream_handler, drained, 32, 8);
FIELD(mh_stream_handler, gone, 40, 8);
FIELD(mh_stream_handler, connected, 48, 8);

GROWS(mh_peer, 48);
FIELD(mh_peer, struct_size, 0, 4);
FIELD(mh_peer, worker, 4, 4);
FIELD(mh_peer, address, 8, 16);
FIELD(mh_peer, user_id, 24, 8);
FIELD(mh_peer, group_id, 32, 8);
FIELD(mh_peer, process_id, 40, 8);

GROWS(mh_listen_options, 48);
FIELD(mh_listen_options, struct_size, 0, 4);
FIELD(mh_listen_options, mode, 4, 4);
FIELD(mh_listen_options, url, 8, 16);
FIELD(mh_listen_options, backlog, 24, 4);
FIELD(mh_listen_options, max_connections, 28, 4);
FIELD(mh_listen_options, ctx, 32, 8);
FIELD(mh_listen_options, accept, 40, 8);

GROWS(mh_connect_options, 40);
FIELD(mh_connect_options, struct_size, 0, 4);
FIELD(mh_connect_options, worker, 4, 4);
FIELD(mh_connect_options, url, 8, 16);
FIELD(mh_connect_options, timeout, 24, 8);
FIELD(mh_connect_options, handler, 32, 8);

GROWS(mh_adopt_options, 24);
FIELD(mh_adopt_options, struct_size, 0, 4);
FIELD(mh_adopt_options, worker, 4, 4);
FIELD(mh_adopt_options, descriptor, 8, 4);
FIELD(mh_adopt_options, flags, 12, 4);
FIELD(mh_adopt_options, handler, 16, 8);

GROWS(mh_datagram_options, 48);
FIELD(mh_datagram_options, struct_size, 0, 4);
FIELD(mh_datagram_options, worker, 4, 4);
FIELD(mh_datagram_options, url, 8, 16);
FIELD(mh_datagram_options, ctx, 24, 8);
FIELD(mh_datagram_options, datagram, 32, 8);
FIELD(mh_datagram_options, gone, 40, 8);

GROWS(mh_net_service, 136);
FIELD(mh_net_service, struct_size, 0, 4);
FIELD(mh_net_service, reserved, 4, 4);
FIELD(mh_net_service, listen, 8, 8);
FIELD(mh_net_service, unlisten, 16, 8);
FIELD(mh_net_service, connect, 24, 8);
FIELD(mh_net_service, adopt, 32, 8);
FIELD(mh_net_service, write, 40, 8);
FIELD(mh_net_service, write_parts, 48, 8);
FIELD(mh_net_service, write_file, 56, 8);
FIELD(mh_net_service, pause, 64, 8);
FIELD(mh_net_service, resume, 72, 8);
FIELD(mh_net_service, water_marks, 80, 8);
FIELD(mh_net_service, close, 88, 8);
FIELD(mh_net_service, abort, 96, 8);
FIELD(mh_net_service, datagrams, 104, 8);
FIELD(mh_net_service, send, 112, 8);
FIELD(mh_net_service, close_socket, 120, 8);
FIELD(mh_net_service, address, 128, 8);

/* ---- modhost/mi.h ---- */

VALUE(MH_MI_ATTRIBUTES, 1);
VALUE(MH_MI_READ, 1);
VALUE(MH_MI_CHANGE, 2);
VALUE(MH_MI_SLOW, 4);
VALUE(MH_MI_FLAGS, 7);
VALUE(MH_MI_ARG_OPTIONAL, 1);
VALUE(MH_MI_ARG_REST, 2);
VALUE(MH_MI_ARG_FLAGS, 3);
VALUE(MH_MI_EVENT_MAP, 1);
VALUE(MH_MI_EVENT_LIST, 2);
VALUE(MH_MI_EVENT_END, 3);
VALUE(MH_MI_EVENT_VALUE, 4);
VALUE(MH_JSONRPC_COMPACT, 1);

GROWS(mh_mi_reply, 64);
FIELD(mh_mi_reply, struct_size, 0, 4);
FIELD(mh_mi_reply, classic, 4, 4);
FIELD(mh_mi_reply, ctx, 8, 8);
FIELD(mh_mi_reply, begin_map, 16, 8);
FIELD(mh_mi_reply, begin_list, 24, 8);
FIELD(mh_mi_reply, end, 32, 8);
FIELD(mh_mi_reply, value, 40, 8);
FIELD(mh_mi_reply, fail, 48, 8);
FIELD(mh_mi_reply, finish, 56, 8);

GROWS(mh_mi_arg, 48);
FIELD(mh_mi_arg, struct_size, 0, 4);
FIELD(mh_mi_arg, type, 4, 4);
FIELD(mh_mi_arg, flags, 8, 4);
FIELD(mh_mi_arg, reserved, 12, 4);
FIELD(mh_mi_arg, name, 16, 16);
FIELD(mh_mi_arg, help, 32, 16);

GROWS(mh_mi_call, 56);
FIELD(mh_mi_call, struct_size, 0, 4);
FIELD(mh_mi_call, classic, 4, 4);
FIELD(mh_mi_call, command, 8, 16);
FIELD(mh_mi_call, transport, 24, 16);
FIELD(mh_mi_call, args, 40, 16);

GROWS(mh_mi_command, 104);
FIELD(mh_mi_command, struct_size, 0, 4);
FIELD(mh_mi_command, flags, 4, 4);
FIELD(mh_mi_command, name, 8, 16);
FIELD(mh_mi_command, aliases, 24, 16);
FIELD(mh_mi_command, summary, 40, 16);
FIELD(mh_mi_command, example, 56, 16);
FIELD(mh_mi_command, args, 72, 16);
FIELD(mh_mi_command, ctx, 88, 8);
FIELD(mh_mi_command, handler, 96, 8);

GROWS(mh_mi_argument, 64);
FIELD(mh_mi_argument, struct_size, 0, 4);
FIELD(mh_mi_argument, reserved, 4, 4);
FIELD(mh_mi_argument, name, 8, 16);
FIELD(mh_mi_argument, value, 24, 24);
FIELD(mh_mi_argument, text, 48, 16);

GROWS(mh_mi_request, 56);
FIELD(mh_mi_request, struct_size, 0, 4);
FIELD(mh_mi_request, classic, 4, 4);
FIELD(mh_mi_request, transport, 8, 16);
FIELD(mh_mi_request, command, 24, 16);
FIELD(mh_mi_request, args, 40, 16);

GROWS(mh_mi_event, 56);
FIELD(mh_mi_event, struct_size, 0, 4);
FIELD(mh_mi_event, kind, 4, 4);
FIELD(mh_mi_event, flags, 8, 4);
FIELD(mh_mi_event, may_block, 12, 4);
FIELD(mh_mi_event, name, 16, 16);
FIELD(mh_mi_event, value, 32, 24);

GROWS(mh_mi_sink, 32);
FIELD(mh_mi_sink, struct_size, 0, 4);
FIELD(mh_mi_sink, reserved, 4, 4);
FIELD(mh_mi_sink, ctx, 8, 8);
FIELD(mh_mi_sink, event, 16, 8);
FIELD(mh_mi_sink, done, 24, 8);

GROWS(mh_jsonrpc_request, 56);
FIELD(mh_jsonrpc_request, struct_size, 0, 4);
FIELD(mh_jsonrpc_request, flags, 4, 4);
FIELD(mh_jsonrpc_request, transport, 8, 16);
FIELD(mh_jsonrpc_request, text, 24, 16);
FIELD(mh_jsonrpc_request, route_member, 40, 16);

GROWS(mh_jsonrpc_sink, 40);
FIELD(mh_jsonrpc_sink, struct_size, 0, 4);
FIELD(mh_jsonrpc_sink, reserved, 4, 4);
FIELD(mh_jsonrpc_sink, ctx, 8, 8);
FIELD(mh_jsonrpc_sink, route, 16, 8);
FIELD(mh_jsonrpc_sink, write, 24, 8);
FIELD(mh_jsonrpc_sink, done, 32, 8);

GROWS(mh_mi_service, 24);
FIELD(mh_mi_service, struct_size, 0, 4);
FIELD(mh_mi_service, reserved, 4, 4);
FIELD(mh_mi_service, execute, 8, 8);
FIELD(mh_mi_service, jsonrpc, 16, 8);

/* ---- modhost/db.h ---- */

VALUE(MH_DB_CAN_INSERT, 1);
VALUE(MH_DB_CAN_QUERY, 2);
VALUE(MH_DB_CAN_DELETE, 4);
VALUE(MH_DB_CAN_UPDATE, 8);
VALUE(MH_DB_BLOCKS, 256);
VALUE(MH_DB_EQUAL, 0);
VALUE(MH_DB_NOT_EQUAL, 1);
VALUE(MH_DB_LESS, 2);
VALUE(MH_DB_LESS_OR_EQUAL, 3);
VALUE(MH_DB_GREATER, 4);
VALUE(MH_DB_GREATER_OR_EQUAL, 5);

GROWS(mh_db_open, 40);
FIELD(mh_db_open, struct_size, 0, 4);
FIELD(mh_db_open, reserved, 4, 4);
FIELD(mh_db_open, url, 8, 16);
FIELD(mh_db_open, caller, 24, 16);

GROWS(mh_db_column, 24);
FIELD(mh_db_column, struct_size, 0, 4);
FIELD(mh_db_column, type, 4, 4);
FIELD(mh_db_column, name, 8, 16);

GROWS(mh_db_condition, 48);
FIELD(mh_db_condition, struct_size, 0, 4);
FIELD(mh_db_condition, op, 4, 4);
FIELD(mh_db_condition, column, 8, 16);
FIELD(mh_db_condition, value, 24, 24);

GROWS(mh_db_order, 24);
FIELD(mh_db_order, struct_size, 0, 4);
FIELD(mh_db_order, descending, 4, 4);
FIELD(mh_db_order, column, 8, 16);

GROWS(mh_db_assignment, 48);
FIELD(mh_db_assignment, struct_size, 0, 4);
FIELD(mh_db_assignment, reserved, 4, 4);
FIELD(mh_db_assignment, column, 8, 16);
FIELD(mh_db_assignment, value, 24, 24);

GROWS(mh_db_query, 88);
FIELD(mh_db_query, struct_size, 0, 4);
FIELD(mh_db_query, reserved, 4, 4);
FIELD(mh_db_query, columns, 8, 16);
FIELD(mh_db_query, conditions, 24, 16);
FIELD(mh_db_query, order, 40, 16);
FIELD(mh_db_query, limit, 56, 8);
FIELD(mh_db_query, offset, 64, 8);
FIELD(mh_db_query, ctx, 72, 8);
FIELD(mh_db_query, row, 80, 8);

GROWS(mh_db_provider, 88);
FIELD(mh_db_provider, struct_size, 0, 4);
FIELD(mh_db_provider, reserved, 4, 4);
FIELD(mh_db_provider, capabilities, 8, 8);
FIELD(mh_db_provider, open, 16, 8);
FIELD(mh_db_provider, close, 24, 8);
FIELD(mh_db_provider, use_table, 32, 8);
FIELD(mh_db_provider, release_table, 40, 8);
FIELD(mh_db_provider, insert, 48, 8);
FIELD(mh_db_provider, insert_batch, 56, 8);
FIELD(mh_db_provider, query, 64, 8);
FIELD(mh_db_provider, delete_rows, 72, 8);
FIELD(mh_db_provider, update, 80, 8);

/* ---- modhost/thread.h ---- */

VALUE(MH_THREAD_MAIN, 0);
VALUE(MH_THREAD_WORKER, 1);
VALUE(MH_THREAD_MANAGEMENT, 2);
VALUE(MH_THREAD_POOL, 3);
VALUE(MH_THREAD_FOREIGN, 4);
VALUE(MH_THREAD_NONE, 0xFFFFFFFFu);

GROWS(mh_thread_service, 40);
FIELD(mh_thread_service, struct_size, 0, 4);
FIELD(mh_thread_service, reserved, 4, 4);
FIELD(mh_thread_service, index, 8, 8);
FIELD(mh_thread_service, kind, 16, 8);
FIELD(mh_thread_service, workers, 24, 8);
FIELD(mh_thread_service, limit, 32, 8);

/* ---- modhost/note.h ---- */

VALUE(MH_NOTE_TYPE, 1);

/* ---- modhost/htable.h ---- */

VALUE(MH_HTABLE_STANDARD, -1);
VALUE(MH_HTABLE_ON_KEY, 0);
VALUE(MH_HTABLE_ON_VALUE, 1);
VALUE(MH_HTABLE_SET, 1);
VALUE(MH_HTABLE_EXPIRY, 2);
VALUE(MH_HTABLE_REMOVED, 3);
VALUE(MH_HTABLE_FLUSHED, 4);
VALUE(MH_HTABLE_EXPIRED, 5);
VALUE(MH_HTABLE_FOLLOW_CHANGES, 1);
VALUE(MH_HTABLE_FOLLOW_EXPIRED, 2);

GROWS(mh_htable_item, 56);
FIELD(mh_htable_item, struct_size, 0, 4);
FIELD(mh_htable_item, reserved, 4, 4);
FIELD(mh_htable_item, key, 8, 16);
FIELD(mh_htable_item, value, 24, 24);
FIELD(mh_htable_item, expires_at, 48, 8);

GROWS(mh_htable_pattern, 40);
FIELD(mh_htable_pattern, struct_size, 0, 4);
FIELD(mh_htable_pattern, on, 4, 4);
FIELD(mh_htable_pattern, op, 8, 16);
FIELD(mh_htable_pattern, operand, 24, 16);

GROWS(mh_htable_visitor, 24);
FIELD(mh_htable_visitor, struct_size, 0, 4);
FIELD(mh_htable_visitor, reserved, 4, 4);
FIELD(mh_htable_visitor, ctx, 8, 8);
FIELD(mh_htable_visitor, item, 16, 8);

GROWS(mh_htable_change, 88);
FIELD(mh_htable_change, struct_size, 0, 4);
FIELD(mh_htable_change, kind, 4, 4);
FIELD(mh_htable_change, table, 8, 16);
FIELD(mh_htable_change, key, 24, 16);
FIELD(mh_htable_change, value, 40, 24);
FIELD(mh_htable_change, expires_at, 64, 8);
FIELD(mh_htable_change, stamp, 72, 8);
FIELD(mh_htable_change, number, 80, 8);

GROWS(mh_htable_follow, 24);
FIELD(mh_htable_follow, struct_size, 0, 4);
FIELD(mh_htable_follow, flags, 4, 4);
FIELD(mh_htable_follow, ctx, 8, 8);
FIELD(mh_htable_follow, changed, 16, 8);

GROWS(mh_htable_interface, 160);
FIELD(mh_htable_interface, struct_size, 0, 4);
FIELD(mh_htable_interface, reserved, 4, 4);
FIELD(mh_htable_interface, open, 8, 8);
FIELD(mh_htable_interface, count, 16, 8);
FIELD(mh_htable_interface, get, 24, 8);
FIELD(mh_htable_interface, set, 32, 8);
FIELD(mh_htable_interface, set_until, 40, 8);
FIELD(mh_htable_interface, compare_and_set, 48, 8);
FIELD(mh_htable_interface, add, 56, 8);
FIELD(mh_htable_interface, expire, 64, 8);
FIELD(mh_htable_interface, remove, 72, 8);
FIELD(mh_htable_interface, flush, 80, 8);
FIELD(mh_htable_interface, match, 88, 8);
FIELD(mh_htable_interface, remove_matching, 96, 8);
FIELD(mh_htable_interface, get_batch, 104, 8);
FIELD(mh_htable_interface, set_batch, 112, 8);
FIELD(mh_htable_interface, add_batch, 120, 8);
FIELD(mh_htable_interface, lock, 128, 8);
FIELD(mh_htable_interface, unlock, 136, 8);
FIELD(mh_htable_interface, follow, 144, 8);
FIELD(mh_htable_interface, unfollow, 152, 8);

/* ---- modhost/script.h: a draft in 1.0; 1.1 fixes it, and keeps what modules of 1.0 declare ---- */

VALUE(MH_SCRIPT_ARG_INT, 1);
VALUE(MH_SCRIPT_ARG_TEXT, 2);
VALUE(MH_SCRIPT_ARG_LITERAL, 3);
VALUE(MH_SCRIPT_ARG_VARIABLE, 4);
VALUE(MH_SCRIPT_ARG_REGEX, 5);
VALUE(MH_SCRIPT_ARG_OPTIONAL, 1);
VALUE(MH_SCRIPT_VARIABLE_READ_ONLY, 1);

GROWS(mh_script_arg, 32);
FIELD(mh_script_arg, struct_size, 0, 4);
FIELD(mh_script_arg, kind, 4, 4);
FIELD(mh_script_arg, flags, 8, 4);
FIELD(mh_script_arg, reserved, 12, 4);
FIELD(mh_script_arg, name, 16, 16);

GROWS(mh_script_function, 88);
FIELD(mh_script_function, struct_size, 0, 4);
FIELD(mh_script_function, flags, 4, 4);
FIELD(mh_script_function, name, 8, 16);
FIELD(mh_script_function, summary, 24, 16);
FIELD(mh_script_function, args, 40, 16);
FIELD(mh_script_function, ctx, 56, 8);
FIELD(mh_script_function, prepare, 64, 8);
FIELD(mh_script_function, call, 72, 8);
FIELD(mh_script_function, release, 80, 8);

GROWS(mh_script_variable, 80);
FIELD(mh_script_variable, struct_size, 0, 4);
FIELD(mh_script_variable, flags, 4, 4);
FIELD(mh_script_variable, name, 8, 16);
FIELD(mh_script_variable, summary, 24, 16);
FIELD(mh_script_variable, ctx, 40, 8);
FIELD(mh_script_variable, prepare, 48, 8);
FIELD(mh_script_variable, get, 56, 8);
FIELD(mh_script_variable, set, 64, 8);
FIELD(mh_script_variable, release, 72, 8);

/* ---- modhost/timestore.h ---- */

GROWS(mh_timestore_range, 48);
FIELD(mh_timestore_range, struct_size, 0, 4);
FIELD(mh_timestore_range, reserved, 4, 4);
FIELD(mh_timestore_range, uuid, 8, 16);
FIELD(mh_timestore_range, start, 24, 4);
FIELD(mh_timestore_range, end, 28, 4);
FIELD(mh_timestore_range, ctx, 32, 8);
FIELD(mh_timestore_range, records, 40, 8);

GROWS(mh_timestore_interface, 24);
FIELD(mh_timestore_interface, struct_size, 0, 4);
FIELD(mh_timestore_interface, reserved, 4, 4);
FIELD(mh_timestore_interface, append, 8, 8);
FIELD(mh_timestore_interface, read, 16, 8);
