#include "mock/settings.h"

#include "common/program/read_file.h"
#include "mock/domain/hypervisor.h"
#include "mock/state/state.h"

const struct option_spec settings_specs[] = {
    { "listen", "HOST:PORT", "127.0.0.1:4973", "where to serve; port 0 picks a free one" },
    { "auth", "any|off|jwt", "any",
      "any: every non-empty bearer token is accepted; off: none needed; jwt: only tokens "
      "signed with the secret, for what their permissions allow" },
    { "jwt-secret-file", "FILE", NULL, "with --auth jwt: the HMAC secret; a final newline is cut" },
    { "truth", "spec|server", "spec",
      "where they disagree, what the API description promises or what the real server sends; "
      "see hypeman-mock truth" },
    { "vivify", NULL, NULL,
      "unknown ids of a request spring into being, in a state that it accepts: for tests with "
      "made-up ids" },
    { "seed", "N", NULL, "makes generated ids repeatable, in every world; random when not given" },
    { "clock", "real|virtual|auto", "real",
      "of worlds: real runs; virtual starts at 2026-01-01T00:00:00Z and stands until it is moved; "
      "auto runs, and leaps when all requests of its world wait" },
    { "load", "FILE", NULL,
      "an export (GET /_mock/state) that every new world begins with, and a reset goes back to" },
    { "max-worlds", "N", "10000", "how many worlds there may be at a time" },
    { "max-world-records", "N", "2000000", "how many instances and snapshots one world may hold" },
    { "world-by-token", NULL, NULL,
      "a bearer token that could be a world's name chooses that world, made when first used" },
    { "token-world-ttl", "DURATION", "1h",
      "such a world goes this long after its last request; 0s: it stays" },
    { "journal-bytes", "BYTES", "1048576",
      "how much one world keeps of its requests (GET /_mock/journal); 0: nothing" },
    { "no-control", NULL, NULL, "without the control API under /_mock and the X-Mock- headers" },
    { "control-token-file", "FILE", NULL,
      "requests under /_mock must bear this token; a final newline is cut" },
    { "boot-delay", "DURATION", "250ms", "how long an instance stays Initializing" },
    { "compression-delay", "DURATION", "1s", "how long a snapshot stays compressing" },
    { "default-hypervisor", "NAME", "firecracker", "of instances that do not ask for one" },
    { "max-body", "BYTES", "8388608", "largest request body; more is answered 413" },
    { "exit-with-parent", NULL, NULL, "end, as at SIGTERM, when the parent process does" },
    { "log", "off|text|json", "text", "one line per request on stderr" },
    { "ready-file", "FILE", NULL, "written once serving: program, version, pid, urls" },
    { "ready-fd", "N", NULL, "the same line to an inherited descriptor, which is then closed" },
    { 0 },
};

void settings_scope_end(struct settings *settings)
{
    buffer_fini(&settings->secret);
    buffer_fini(&settings->load_file);
    buffer_fini(&settings->control_secret);
}

static bool read_hypervisor(const struct options *o, enum hypervisor *out, struct error *err)
{
    const char *names[HYPERVISOR_COUNT] = { 0 };
    size_t chosen;

    for (enum hypervisor h = HYPERVISOR_UNSET + 1; h < HYPERVISOR_COUNT; h++)
        names[h - 1] = hypervisor_name(h);
    if (!options_choice(o, "default-hypervisor", names, &chosen, err))
        return false;
    *out = (enum hypervisor)(chosen + 1);
    return true;
}

static bool read_seed(const struct options *o, struct settings *out, struct error *err)
{
    const char *text = options_text(o, "seed");

    out->seeded = text != NULL;
    if (text == NULL || text_parse_u64(text_of(text), &out->seed))
        return true;
    return options_complain(o, "seed", err, "must be a whole number of 0 or more");
}

enum { SECRET_MAX = 64 * 1024 };
static const char secret_option[] = "jwt-secret-file";

static struct text without_final_newline(struct text t)
{
    if (t.len == 0 || t.data[t.len - 1] != '\n')
        return t;
    t.len--;
    if (t.len > 0 && t.data[t.len - 1] == '\r')
        t.len--;
    return t;
}

/* What the option's file holds; there is one.
 * kept  what *out points into */
static bool read_secret_file(const struct options *o, const char *option, struct buffer *kept,
                             struct text *out, struct error *err)
{
    const char *path = options_text(o, option);
    struct error why = { 0 };

    if (!read_file(path, SECRET_MAX, kept, &why))
        return options_complain(o, option, err, "is of no use: %s", why.message);
    *out = without_final_newline(buffer_text(kept));
    return out->len > 0 || options_complain(o, option, err, "is of no use: %s is empty", path);
}

bool settings_read_secret(const struct options *o, struct buffer *file, struct text *secret,
                          struct error *err)
{
    return read_secret_file(o, secret_option, file, secret, err);
}

/* Where it is needed, and only there. */
static bool read_secret(const struct options *o, struct settings *out, struct error *err)
{
    if (options_text(o, secret_option) == NULL)
        return out->api.auth != AUTH_JWT ||
               options_complain(o, secret_option, err, "is required with --auth jwt");
    if (out->api.auth != AUTH_JWT)
        return options_complain(o, secret_option, err, "has a meaning with --auth jwt only");
    return settings_read_secret(o, &out->secret, &out->api.jwt_secret, err);
}

static bool read_control(const struct options *o, struct settings *out, struct error *err)
{
    static const char option[] = "control-token-file";
    int64_t max_worlds, max_records, journal_bytes;

    if (!options_i64(o, "max-worlds", 1, 1000000, &max_worlds, err) ||
        !options_i64(o, "max-world-records", 1, INT64_MAX, &max_records, err) ||
        !options_i64(o, "journal-bytes", 0, INT64_MAX, &journal_bytes, err) ||
        !options_duration(o, "token-world-ttl", &out->token_world_ttl_ns, err))
        return false;
    out->max_worlds = (size_t)max_worlds;
    out->world.max_records = (size_t)max_records;
    out->journal_bytes = (size_t)journal_bytes;
    out->world_by_token = options_switch(o, "world-by-token");
    out->no_control = options_switch(o, "no-control");
    if (options_text(o, option) == NULL)
        return true;
    if (out->no_control)
        return options_complain(o, option, err, "has no meaning with --no-control");
    return read_secret_file(o, option, &out->control_secret, &out->control_token, err);
}

/* Read once for the error, which is a mistake on the command line, and once more by the control. */
static bool check_document(const struct settings *settings, struct error *err)
{
    const struct env env = { clock_system(), rng_system(), mem_libc() };
    struct state_outside outside;
    struct world *world = state_import(&env, &settings->world, settings->start, &outside, err);

    world_free(world);
    return world != NULL;
}

static bool read_load(const struct options *o, struct settings *out, struct error *err)
{
    enum { MAX_BYTES = 1 << 30 };
    const char *path = options_text(o, "load");
    struct error why = { 0 };

    if (path == NULL)
        return true;
    if (!read_file(path, MAX_BYTES, &out->load_file, &why))
        return options_complain(o, "load", err, "is of no use: %s", why.message);
    out->start = buffer_text(&out->load_file);
    return check_document(out, &why) ||
           options_complain(o, "load", err, "is of no use: %s: %s", path, why.message);
}

static bool read_ready_fd(const struct options *o, struct settings *out, struct error *err)
{
    int64_t fd = -1;

    if (options_text(o, "ready-fd") != NULL && !options_i64(o, "ready-fd", 0, INT32_MAX, &fd, err))
        return false;
    out->ready_fd = (int)fd;
    return true;
}

/* The contract's example host is full with 16 default instances. A mock's should never surprise a
 * test that way, so it has the example's figures, which show in every instance, and endless room.
 */
static struct capacity endless_capacity(void)
{
    struct capacity capacity = capacity_default();

    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        capacity.oversub_permille[i] = 1000000000;
    return capacity;
}

bool settings_read(const struct options *o, struct settings *out, struct error *err)
{
    static const char *const auth_modes[] = {
        [AUTH_ANY] = "any", [AUTH_OFF] = "off", [AUTH_JWT] = "jwt", NULL
    };
    static const char *const truths[] = { [TRUTH_SPEC] = "spec", [TRUTH_SERVER] = "server", NULL };
    size_t auth, truth, clock, log;
    int64_t max_body;

    *out = (struct settings){ .world = world_settings_default() };
    out->world.capacity = endless_capacity();
    if (!options_listen(o, "listen", &out->listen, err) ||
        !options_choice(o, "auth", auth_modes, &auth, err) ||
        !options_choice(o, "truth", truths, &truth, err) || !read_seed(o, out, err) ||
        !options_choice(o, "clock", clock_mode_names, &clock, err) || !read_control(o, out, err) ||
        !options_duration(o, "boot-delay", &out->world.boot_delay_ns, err) ||
        !options_duration(o, "compression-delay", &out->world.compression_delay_ns, err) ||
        !read_hypervisor(o, &out->world.default_hypervisor, err) ||
        !options_i64(o, "max-body", 1, INT32_MAX, &max_body, err) ||
        !options_choice(o, "log", log_form_names, &log, err) || !read_ready_fd(o, out, err))
        return false;
    out->api.auth = (enum auth_mode)auth;
    out->api.truth = (enum truth)truth;
    out->world.quirks = ledger_quirks(out->api.truth);
    out->clock = (enum clock_mode)clock;
    out->max_body = (size_t)max_body;
    out->api.vivify = options_switch(o, "vivify");
    out->exit_with_parent = options_switch(o, "exit-with-parent");
    out->log = (enum log_form)log;
    out->ready_file = options_text(o, "ready-file");
    return read_secret(o, out, err) && read_load(o, out, err);
}
