import Foundation
import JSON
import TestSupport
import Testing

@Suite("mh.timestore/1")
struct InterfaceTests {
    /// A module in C that stores a batch, reads a range by call-back and tries both on a worker.
    private static let source = #"""
        #include <modhost/modhost.h>
        #include <string.h>

        MH_MODULE_NOTE("name=prober\nversion=0.1.0\nabi=1.0\nrequires=mh.timestore/1:timestore\n");

        static const mh_timestore_interface *store;
        static void *store_ctx;
        static const mh_loop_service *loop;
        static mh_self *self;
        static int32_t code_on_worker = 1;
        static uint64_t pieces, bytes, sum;

        static int32_t init(void *ctx, const mh_host *host, const mh_error *err) {
            mh_str id = MH_STR("mh.timestore/1"), selector = MH_STR("timestore"), loop_id = MH_STR("mh.loop/1"),
                   interface_id = MH_STR("mh.interface/1");
            mh_interface_ref ref = {sizeof ref, 0, 0, 0};
            const mh_interface_service *interfaces;
            int32_t code;
            (void)ctx;
            self = host->self;
            loop = host->query(self, loop_id, sizeof *loop);
            interfaces = host->query(self, interface_id, sizeof *interfaces);
            code = interfaces->acquire(self, id, selector, sizeof *store, &ref, err);
            if (code < 0) return code;
            store = ref.table;
            store_ctx = ref.ctx;
            return MH_OK;
        }
        static int32_t take(void *ctx, mh_str piece) {
            size_t i;
            uint64_t *limit = ctx;
            pieces++;
            bytes += piece.len;
            for (i = 0; i + 8 <= piece.len; i += 8) {
                uint32_t time;
                memcpy(&time, piece.ptr + i, 4);
                sum += time;
            }
            return *limit != 0 && bytes >= *limit;
        }
        static void on_worker(void *ctx) {
            mh_str uuid = MH_STR("00000001-ab12-4cde-8f01-0123456789ab");
            (void)ctx;
            code_on_worker = store->append(store_ctx, uuid, mh_bytes("12345678", 8), 0, 0);
        }
        static int32_t put(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
            static unsigned char records[80000];
            const mh_value *uuid = call->args.items;
            uint64_t stored = 99, found = 0, limit = 0;
            uint32_t i;
            int32_t code;
            mh_str none = MH_EMPTY_STR, name;
            mh_value value;
            mh_timestore_range range = {sizeof range, 0, MH_EMPTY_STR, 0, 0, 0, 0};
            (void)ctx;
            for (i = 0; i < 10000; i++) {
                uint32_t time = 1704067200u + i;
                float number = (float)i;
                memcpy(records + i * 8, &time, 4);
                memcpy(records + i * 8 + 4, &number, 4);
            }
            code = store->append(store_ctx, uuid->as.text, mh_bytes(records, sizeof records), &stored, 0);
            reply->begin_map(reply->ctx, none, 0);
            #define TELL(label, number) \
                name = mh_cstr(label); value = mh_int((int64_t)(number)); reply->value(reply->ctx, name, &value)
            TELL("append", code);
            TELL("stored", stored);
            TELL("odd", store->append(store_ctx, uuid->as.text, mh_bytes(records, 7), 0, 0));
            range.uuid = uuid->as.text;
            range.start = 1704067200u + 100;
            range.end = 1704067200u + 199;
            range.ctx = &limit;
            range.records = take;
            pieces = bytes = sum = 0;
            TELL("read", store->read(store_ctx, &range, &found, 0));
            TELL("found", found);
            TELL("bytes", bytes);
            TELL("sum", sum - 100 * 1704067200ull);
            loop->post(self, 1, on_worker, 0);
            reply->end(reply->ctx);
            return MH_OK;
        }
        static int32_t worker(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply) {
            mh_str none = MH_EMPTY_STR;
            mh_value value = mh_int(code_on_worker);
            (void)ctx;
            (void)call;
            reply->value(reply->ctx, none, &value);
            return MH_OK;
        }

        static const mh_mi_arg arguments[] = {{sizeof(mh_mi_arg), MH_STRING, 0, 0, MH_STR("uuid"), MH_STR("The series.")}};
        static const mh_mi_command commands[] = {
            {sizeof(mh_mi_command), MH_MI_CHANGE | MH_MI_SLOW, MH_STR("prober.run"), MH_EMPTY_ARRAY, MH_STR("Stores and reads."),
             MH_STR("prober.run x"), MH_ARRAY(arguments), 0, put},
            {sizeof(mh_mi_command), MH_MI_READ, MH_STR("prober.worker"), MH_EMPTY_ARRAY, MH_STR("The code on a worker."),
             MH_STR("prober.worker"), MH_EMPTY_ARRAY, 0, worker},
        };
        static const mh_requirement requirements[] = {
            {sizeof(mh_requirement), 0, MH_STR("mh.timestore/1"), MH_STR("timestore")}};
        static const mh_module descriptor = {
            .struct_size = sizeof(mh_module), .abi_major = 1, .name = MH_STR("prober"), .version = MH_STR("0.1.0"),
            .summary = MH_STR("Tries the interface."), .commands = MH_ARRAY(commands), .requires_ = MH_ARRAY(requirements),
            .init = init,
        };
        MH_EXPORT int32_t mh_module_entry_v1(const mh_offer *offer, const mh_module **module, const mh_error *err) {
            (void)offer;
            (void)err;
            *module = &descriptor;
            return MH_OK;
        }
        """#

    @Test("A module in C stores a batch, reads a range by call-back, and is told what a worker must not do")
    func module() throws {
        let directory = try TemporaryDirectory()
        let source = try directory.write(Self.source, to: "prober.c")
        let file = directory.file("prober.so")
        let built = try runToEnd(
            "cc",
            [
                "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-shared", "-Wl,-z,now",
                "-Wl,-z,nodelete", "-I\(BuiltProducts.include)", "-o", file, source,
            ])
        try #require(built.status == 0, "\(built.errors)")
        let store = try TimestoreHost(modules: [file])
        let id = uuid(1)
        let result = try store.host.command("prober.run", [.string(id)])
        #expect(result["append"]?.integer == 0 && result["stored"]?.integer == 10_000)
        #expect(result["odd"]?.integer == -1)
        #expect(result["read"]?.integer == 0 && result["found"]?.integer == 100 && result["bytes"]?.integer == 800)
        #expect(result["sum"]?.integer == Int64((100..<200).reduce(0, +)))
        #expect(try eventually { try store.host.command("prober.worker").integer == -12 })
        #expect(try store.connect().get(id).count == 10_000)
        #expect(try store.host.command("prober.run", [.string("no uuid")])["append"]?.integer == -1)
    }
}
