/* GET /capabilities: newest.md section 1. */
#include "common/json/json_writer.h"
#include "mock/api/operations.h"
#include "mock/domain/hypervisor.h"

/* The version of the API this program follows (NEW-021). */
#define API_VERSION "0.3.0"

static void write_available(struct json_writer *w, enum hypervisor h, struct host_platform host)
{
    json_member_bool(w, "available", hypervisor_is_offered_on(h, host));
}

static void write_strings(struct json_writer *w, const char *key, const char *const *texts)
{
    json_write_key(w, text_of(key));
    json_write_array_begin(w);
    for (; *texts != NULL; texts++)
        json_write_string(w, text_of(*texts));
    json_write_array_end(w);
}

/* The simulated host has every backend of its platform, QEMU included (NEW-015). */
static void write_runtime(struct json_writer *w, enum hypervisor h, struct host_platform host)
{
    json_write_object_begin(w);
    write_available(w, h, host);
    json_write_key(w, TEXT("features"));
    json_write_array_begin(w);
    for (enum hypervisor_feature f = 0; f < HYPERVISOR_FEATURE_COUNT; f++) {
        if (hypervisor_has(h, host, f))
            json_write_string(w, text_of(hypervisor_feature_name(f)));
    }
    json_write_array_end(w);
    json_member_string(w, "name", text_of(hypervisor_name(h)));
    json_write_object_end(w);
}

/* The enum is in the order of the names (NEW-013). */
static void write_runtimes(struct json_writer *w, struct host_platform host)
{
    json_write_key(w, TEXT("runtimes"));
    json_write_array_begin(w);
    for (enum hypervisor h = HYPERVISOR_UNSET + 1; h < HYPERVISOR_COUNT; h++) {
        if (hypervisor_is_offered_on(h, host))
            write_runtime(w, h, host);
    }
    json_write_array_end(w);
}

static void write_network(struct json_writer *w, struct host_platform host)
{
    json_write_key(w, TEXT("network")); /* NEW-018 */
    json_write_object_begin(w);
    if (host.os == HOST_LINUX)
        json_member_string(w, "gateway", TEXT("10.100.0.1"));
    json_member_bool(w, "guest_to_guest", false);
    json_member_string(w, "model", host.os == HOST_LINUX ? TEXT("bridge") : TEXT("nat"));
    if (host.os == HOST_LINUX)
        json_member_string(w, "subnet", TEXT("10.100.0.0/16"));
    json_write_object_end(w);
}

static const char *const features[HOST_OS_COUNT][9] = {
    /* NEW-020 */
    [HOST_LINUX] = { "instances", "images", "builds", "volumes", "ingress", "exec", "logs",
                     "devices" },
    [HOST_DARWIN] = { "instances", "images", "builds", "volumes", "ingress", "exec", "logs" },
};

static const char *const platforms[HOST_ARCH_COUNT][2] = {
    /* NEW-019 */
    [HOST_AMD64] = { "linux/amd64" },
    [HOST_ARM64] = { "linux/arm64" },
};

bool op_get_capabilities(struct call *call, struct error *err)
{
    const struct world_settings *settings = world_settings(call->world);
    const struct host_platform host = settings->host;
    struct json_writer w = json_writer_to(&call->res->body, JSON_ESCAPE_HTML);
    (void)err;

    call->res->status = 200;
    call->res->content_type = "application/json";
    json_write_object_begin(&w);                 /* all seven, in ascending order (NEW-012) */
    json_write_key(&w, TEXT("default_runtime")); /* NEW-016 */
    json_write_object_begin(&w);
    write_available(&w, settings->default_hypervisor, host);
    json_member_string(&w, "name", text_of(hypervisor_name(settings->default_hypervisor)));
    json_write_object_end(&w);
    write_strings(&w, "features", features[host.os]);
    json_write_key(&w, TEXT("host")); /* NEW-017 */
    json_write_object_begin(&w);
    json_member_string(&w, "arch", text_of(host_arch_name(host.arch)));
    json_member_string(&w, "os", text_of(host_os_name(host.os)));
    json_write_object_end(&w);
    json_write_key(&w, TEXT("images"));
    json_write_object_begin(&w);
    json_member_string(&w, "default_platform", text_of(platforms[host.arch][0]));
    write_strings(&w, "platforms", platforms[host.arch]);
    json_write_object_end(&w);
    write_network(&w, host);
    write_runtimes(&w, host);
    json_write_key(&w, TEXT("server"));
    json_write_object_begin(&w);
    json_member_string(&w, "api_version", TEXT(API_VERSION));
    json_member_string(&w, "version", TEXT(TESTKIT_VERSION));
    json_write_object_end(&w);
    json_write_object_end(&w);
    buffer_append_byte(&call->res->body, '\n');
    return true;
}
