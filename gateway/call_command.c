#include "gateway/call_command.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/env/env.h"
#include "common/program/options.h"
#include "gateway/descriptors.h"
#include "gateway/rpc/client.h"
#include "gateway/transcode/from_json.h"
#include "gateway/transcode/to_json.h"
#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"

enum { EXIT_RPC_ERROR = 64, EXIT_USAGE = 2, CALL_MAX_BYTES = 16 << 20 };

static const struct option_spec specs[] = {
    { "to", "HOST:PORT", "127.0.0.1:50051", "the gRPC server" },
    { "method", "SERVICE/METHOD", NULL, "e.g. hypeman.v1.SnapshotService/GetSnapshot" },
    { "data", "JSON", "{}", "the request message, keys as in the .proto" },
    { "token", "TOKEN", NULL, "sent as authorization: Bearer TOKEN" },
    { "timeout", "DURATION", NULL, "the call's deadline; without: 30s, or none for a stream" },
    { "descriptor-set", "FILE", NULL, "another API than the built-in one" },
    { 0 },
};

static const struct options_program program = {
    .name = "hypeman-gateway call",
    .env_prefix = "HYPEMAN_GATEWAY_CALL",
    .summary = "Makes one gRPC call and prints each reply as a line of JSON.",
    .specs = specs,
};

static bool find_method(const struct options *o, const struct schema *schema,
                        const struct method **out, struct arena *arena, struct error *err)
{
    const char *name = options_text(o, "method");
    if (name == NULL)
        return options_complain(o, "method", err, "is required, as SERVICE/METHOD");
    *out = schema_find_method(schema, text_of(arena_printf(arena, "/%s", name)));
    if (*out != NULL)
        return true;
    const char **known = arena_zalloc(arena, (schema_method_count(schema) + 1) * sizeof *known);
    for (size_t i = 0; known != NULL && i < schema_method_count(schema); i++)
        known[i] = schema_method(schema, i)->path.data + 1;
    const char *near = known == NULL ? NULL : text_nearest(name, known);
    return options_complain(o, "method", err, "is no method of this API: %s%s%s%s", name,
                            near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                            near == NULL ? "" : "?");
}

static bool encode_request(const struct options *o, const struct method *method,
                           struct buffer *wire, struct error *err)
{
    struct json_notes notes = { 0 };
    struct error why = { 0 };
    if (!json_to_wire(method->request, text_of(options_text(o, "data")), wire, &notes, &why))
        return options_complain(o, "data", err, "does not fit the request: %s", why.message);
    if (notes.unknown_enum[0] != '\0')
        return options_complain(o, "data", err, "has a value the API does not know: %s",
                                notes.unknown_enum);
    if (notes.unknown_members > 0)
        return options_complain(o, "data", err, "has %zu members that " TEXT_FMT " does not know",
                                notes.unknown_members, TEXT_ARGS(method->request->full_name));
    return true;
}

/* NOT_FOUND: snapshot not found (reason not_found, domain hypeman, http_status 404) */
static void print_error(const struct rpc_status *status)
{
    (void)fprintf(stderr, "%s: %s", rpc_code_name(status->code), status->message);
    Google__Rpc__Status *details = google__rpc__status__unpack(
        NULL, status->details.len, (const uint8_t *)status->details.data);
    for (size_t i = 0; details != NULL && i < details->n_details; i++) {
        const Google__Protobuf__Any *any = details->details[i];
        if (strcmp(any->type_url, "type.googleapis.com/google.rpc.ErrorInfo") != 0)
            continue;
        Google__Rpc__ErrorInfo *info =
            google__rpc__error_info__unpack(NULL, any->value.len, any->value.data);
        if (info == NULL)
            continue;
        (void)fprintf(stderr, " (reason %s, domain %s", info->reason, info->domain);
        for (size_t k = 0; k < info->n_metadata; k++)
            (void)fprintf(stderr, ", %s %s", info->metadata[k]->key, info->metadata[k]->value);
        (void)fprintf(stderr, ")");
        google__rpc__error_info__free_unpacked(info, NULL);
    }
    google__rpc__status__free_unpacked(details, NULL);
    (void)fprintf(stderr, "\n");
}

struct printer {
    const struct message *reply;
    bool failed;
};

/* rpc_client_call.reply: at once, since more may come late or never. */
static bool print_reply(void *context, struct text wire)
{
    struct printer *printer = context;
    SCOPED(buffer) struct buffer json = buffer_capped(4 * (size_t)CALL_MAX_BYTES);
    struct error err = { 0 };
    printer->failed = !json_from_wire(printer->reply, wire, &json, &err);
    if (printer->failed)
        (void)fprintf(stderr, "%s: the reply cannot be read: %s\n", program.name, err.message);
    else
        printer->failed = printf("%.*s\n", (int)json.len, json.data) < 0 || fflush(stdout) != 0;
    return !printer->failed;
}

static bool read_timeout(const struct options *o, const struct method *method, int64_t *timeout_ms,
                         struct error *err)
{
    enum { USUAL_MS = 30000 };
    int64_t timeout_ns = 0;
    *timeout_ms = method->server_streams ? INT64_MAX : USUAL_MS;
    if (options_text(o, "timeout") == NULL)
        return true;
    if (!options_duration(o, "timeout", &timeout_ns, err))
        return false;
    *timeout_ms = (timeout_ns + NS_PER_MS - 1) / NS_PER_MS;
    return true;
}

static int run_call(const struct options *o, const struct method *method, struct text request,
                    struct arena *arena)
{
    const char *token = options_text(o, "token");
    struct rpc_status status = { 0 };
    struct error err = { 0 };
    struct printer printer = { .reply = method->reply };
    struct rpc_client_call call = { .target = options_text(o, "to"),
                                    .path = method->path.data,
                                    .request = request,
                                    .max_reply_bytes = CALL_MAX_BYTES,
                                    .reply = print_reply,
                                    .context = &printer };
    if (token != NULL)
        call.authorization = arena_printf(arena, "Bearer %s", token);
    if (!read_timeout(o, method, &call.timeout_ms, &err))
        return options_usage(&program, &err);

    int result = 0;
    if (!rpc_client_run(&call, &status, &err)) {
        (void)fprintf(stderr, "%s: %s\n", program.name, err.message);
        result = 1;
    } else if (printer.failed) {
        result = 1;
    } else if (status.code != RPC_OK) {
        print_error(&status);
        result = EXIT_RPC_ERROR + (int)status.code;
    }
    buffer_fini(&status.details);
    return result;
}

int call_command(int argc, char *const *argv)
{
    struct options options;
    struct error err = { 0 };
    enum options_outcome outcome = options_parse(&program, argc, argv, &options);
    if (outcome != OPTIONS_RUN)
        return outcome == OPTIONS_EXIT_OK ? 0 : EXIT_USAGE;

    SCOPED(arena) struct arena arena = arena_capped(1 << 20);
    SCOPED(buffer) struct buffer request = buffer_capped(CALL_MAX_BYTES);
    SCOPED(descriptors) struct descriptors descriptors = { 0 };
    const struct method *method = NULL;
    int result = EXIT_USAGE;
    if (descriptors_load(options_text(&options, "descriptor-set"), &descriptors, &err) &&
        find_method(&options, descriptors.schema, &method, &arena, &err) &&
        encode_request(&options, method, &request, &err))
        result = run_call(&options, method, buffer_text(&request), &arena);
    else
        (void)options_usage(&program, &err);
    return result;
}
