#include "conformance/suite/probe.h"

#include <string.h>

#include "common/env/env.h"
#include "common/json/json_document.h"

enum { ANSWERS_MAX = 4 << 20 };

#define PROBE_WAIT_NS (3 * NS_PER_SEC)

struct probe {
    const struct transport *transport;
    struct arena *arena;
    const char *token;
};

/* The status of the answer; 0 when there is none. */
static int ask(const struct probe *p, const char *target, bool with_token, struct text *body,
               struct error *err)
{
    const char *bearer = arena_printf(p->arena, "Bearer %s", p->token == NULL ? "" : p->token);
    const struct http_header authorization = { TEXT("Authorization"), text_of(bearer) };
    const struct transport_request request = {
        .method = "GET",
        .target = target,
        .headers = &authorization,
        .header_count = with_token && p->token != NULL && bearer != NULL ? 1 : 0,
        .deadline_ns = PROBE_WAIT_NS,
    };
    struct transport_answer answer = { 0 };

    if (!p->transport->exchange(p->transport->ctx, &request, p->arena, &answer, err))
        return 0;
    *body = answer.body;
    return answer.status;
}

bool probe_alive(const struct transport *transport, enum via via, struct error *why)
{
    /* Over gRPC there is no RPC for the first. */
    static const char *const paths[] = {
        [VIA_REST] = "/health", [VIA_GRPC] = "/snapshots/none", [VIA_BOTH] = "/health"
    };
    SCOPED(arena) struct arena arena = arena_capped(ANSWERS_MAX);
    const struct probe p = { .transport = transport, .arena = &arena };
    struct text body;

    return ask(&p, paths[via], false, &body, why) != 0;
}

/* {"runtimes": [{"name": ..., "available": true}]} (NEW-012) */
static void note_hypervisors(struct text body, struct capabilities *out)
{
    struct error ignored = { 0 };
    json_auto_t *document = NULL;

    if (!json_document_load(body, false, &document, &ignored))
        return;
    const json_t *runtimes = json_object_get(document, "runtimes");
    for (size_t i = 0; i < json_array_size(runtimes); i++) {
        const json_t *runtime = json_array_get(runtimes, i);
        const char *name = json_string_value(json_object_get(runtime, "name"));
        if (name == NULL || !json_is_true(json_object_get(runtime, "available")) ||
            out->hypervisor_count == HYPERVISORS_MAX || strlen(name) >= HYPERVISOR_NAME_MAX)
            continue;
        memcpy(out->hypervisors[out->hypervisor_count++], name, strlen(name) + 1);
    }
}

/* [{"name": "default", ...}]: one that answers everything with 200 has no worlds
 * (docs/control-api.md). */
static bool has_default_world(struct text body)
{
    struct error ignored = { 0 };
    json_auto_t *worlds = NULL;

    return json_document_load(body, false, &worlds, &ignored) &&
           json_object_get(json_array_get(worlds, 0), "name") != NULL;
}

bool probe_target(const struct transport *transport, const char *token, struct capabilities *out,
                  struct error *err)
{
    enum { OK = 200, UNAUTHORIZED = 401 };
    SCOPED(arena) struct arena arena = arena_capped(ANSWERS_MAX);
    const struct probe p = { .transport = transport, .arena = &arena, .token = token };
    struct error why = { 0 }, ignored = { 0 };
    struct text body;

    if (ask(&p, "/health", false, &body, &why) == 0)
        return error_set(err, ERROR_UNAVAILABLE, "%s", why.message);
    if (ask(&p, "/instances", true, &body, &ignored) == UNAUTHORIZED)
        return error_set(err, ERROR_UNAUTHENTICATED, "the target does not take the token%s",
                         token == NULL ? ": give one with --token" : "");
    ignored = (struct error){ 0 };
    out->has[CAPABILITY_AUTH] = ask(&p, "/instances", false, &body, &ignored) == UNAUTHORIZED;
    ignored = (struct error){ 0 };
    if (ask(&p, "/capabilities", true, &body, &ignored) == OK) {
        out->has[CAPABILITY_CAPABILITIES] = true;
        note_hypervisors(body, out);
    }
    ignored = (struct error){ 0 };
    bool worlds = ask(&p, "/_mock/worlds", false, &body, &ignored) == OK && has_default_world(body);
    out->has[CAPABILITY_WORLDS] = worlds;
    out->has[CAPABILITY_VIRTUAL_CLOCK] = worlds;
    return true;
}
