/* What a server sends to the suite by gRPC: any bytes, as the reply of each RPC and as the details
 * of a status, become an answer or are refused as no answer; and a reply's JSON is what a way
 * through its message leaves of it. */
#include "common/json/json_document.h"
#include "common/program/read_file.h"
#include "conformance/rpc/answer.h"
#include "fuzz/fuzz.h"

enum { SET_MAX = 4 << 20, ARENA_MAX = 64 << 20 };

static void check_way_back(const struct rpc_method *method, struct text body)
{
    json_auto_t *json = NULL, *reduced = NULL;
    struct error err = { 0 };

    if (method->streams || method->reply->count == 0)
        return;
    ALWAYS(json_document_load(body, false, &json, &err));
    ALWAYS(rpc_answer_reduce(method, json, &reduced, &err));
    ALWAYS(json_equal(json, reduced));
}

static void answer(const struct rpc_method *method, int code, struct text bytes)
{
    SCOPED(arena) struct arena arena = arena_capped(ARENA_MAX);
    const struct rpc_outcome outcome = { .code = code,
                                         .message = TEXT("m"),
                                         .details = code == 0 ? TEXT("") : bytes,
                                         .replies = &bytes,
                                         .reply_count = 1 };
    struct transport_answer made;
    struct error err = { 0 };

    if (!rpc_answer_make(method, &outcome, &arena, &made, &err)) {
        ALWAYS(err.code == ERROR_INTERNAL && text_is_utf8(text_of(err.message)));
        return;
    }
    ALWAYS(err.code == ERROR_NONE && made.status >= 100 && made.status <= 599);
    if (code == 0)
        check_way_back(method, made.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Loaded once: a fuzzer runs millions of inputs in one process. */
    static struct rpc_api api;
    enum { NOT_FOUND = 5 };

    if (api.method_count == 0) {
        SCOPED(buffer) struct buffer set = buffer_capped(SET_MAX);
        struct error err = { 0 };
        ALWAYS(read_file(HYPEMAN_DESCRIPTOR_SET, SET_MAX, &set, &err));
        ALWAYS(rpc_api_load(buffer_text(&set), &api, &err));
    }
    for (size_t i = 0; i < api.method_count; i++)
        answer(&api.methods[i], 0, (struct text){ (const char *)data, size });
    answer(&api.methods[0], NOT_FOUND, (struct text){ (const char *)data, size });
    return 0;
}
