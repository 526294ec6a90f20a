#include "mock/api/policy_codec.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/json/go_duration.h"
#include "mock/api/encode.h"
#include "mock/domain/health.h"
#include "mock/domain/restart.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool decode_texts(const struct body_value *array, struct arena *arena, struct text_list *out,
                  struct error *err)
{
    *out = (struct text_list){ 0 };
    if (array == NULL || array->item_count == 0)
        return true;
    struct text *items = arena_alloc(arena, array->item_count * sizeof *items);
    if (items == NULL)
        return no_memory(err);
    for (size_t i = 0; i < array->item_count; i++)
        items[i] = array->items[i].text;
    *out = (struct text_list){ .items = items, .count = array->item_count };
    return true;
}

bool decode_pairs(const struct body_value *object, struct arena *arena, struct pair_list *out,
                  struct error *err)
{
    *out = (struct pair_list){ 0 };
    if (object == NULL || object->member_count == 0)
        return true;
    struct pair *items = arena_alloc(arena, object->member_count * sizeof *items);
    if (items == NULL)
        return no_memory(err);
    for (size_t i = 0; i < object->member_count; i++)
        items[i] =
            (struct pair){ .key = object->members[i].key, .value = object->members[i].value.text };
    *out = (struct pair_list){ .items = items, .count = object->member_count };
    return true;
}

/* Reads a duration that must exceed `low`; on failure says so about `field` in the given words. */
struct duration_rule {
    const char *field;
    const char *member;    /* as messages name it: "health_check.interval" */
    const char *malformed; /* "is invalid", "must be a valid duration"     */
    bool zero_allowed;
    const char *too_low; /* "must be positive" */
    const char *prefix;
};

static bool read_duration(const struct duration_rule *rule, struct text t, int64_t *out,
                          struct error *err)
{
    struct error malformed = { 0 };

    if (!go_duration_parse(t, out, &malformed))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, rule->field, "%s%s %s: %s",
                               rule->prefix, rule->member, rule->malformed, malformed.message);
    if (*out < 0 || (*out == 0 && !rule->zero_allowed))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, rule->field, "%s%s %s", rule->prefix,
                               rule->member, rule->too_low);
    return true;
}

/* Auto-standby (instances.md 16.1). */

static bool invalid_cidr(struct text cidr, const char *why, struct error *err)
{
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "auto_standby",
                           "invalid request: auto_standby.ignore_source_cidrs contains invalid "
                           "CIDR \"" TEXT_FMT "\": netip.ParsePrefix(\"" TEXT_FMT "\"): %s",
                           TEXT_ARGS(cidr), TEXT_ARGS(cidr), why);
}

/* "10.1.2.3/8" -> "10.0.0.0/8" (INST-AS-005). */
static bool normalise_cidr(struct text cidr, struct arena *arena, struct text *out,
                           struct error *err)
{
    struct text bits_text = cidr;
    const struct text address_text = text_split(&bits_text, '/');
    unsigned char address[sizeof(struct in6_addr)];
    char readable[INET6_ADDRSTRLEN];
    int64_t bits;

    if (bits_text.data == NULL)
        return invalid_cidr(cidr, "no '/'", err);
    if (address_text.len >= sizeof readable)
        return invalid_cidr(cidr, "unable to parse IP", err);
    memcpy(readable, address_text.data, address_text.len);
    readable[address_text.len] = '\0';

    const int family = strchr(readable, ':') == NULL ? AF_INET : AF_INET6;
    const int64_t width = family == AF_INET ? 32 : 128;
    if (inet_pton(family, readable, address) != 1)
        return invalid_cidr(cidr, "unable to parse IP", err);
    if (!text_parse_i64(bits_text, &bits) || bits_text.data[0] == '+' || bits_text.data[0] == '-')
        return invalid_cidr(cidr, "bad bits after slash", err);
    if (bits > width)
        return invalid_cidr(cidr, "prefix length out of range", err);

    for (int64_t bit = bits; bit < width; bit++)
        address[bit / 8] &= (unsigned char)~(0x80 >> (bit % 8));
    if (inet_ntop(family, address, readable, sizeof readable) == NULL)
        return invalid_cidr(cidr, "unable to parse IP", err);
    const char *text = arena_printf(arena, "%s/%d", readable, (int)bits);
    if (text == NULL)
        return no_memory(err);
    *out = text_of(text);
    return true;
}

static struct text trim_spaces(struct text t)
{
    while (t.len > 0 && t.data[t.len - 1] == ' ')
        t.len--;
    while (t.len > 0 && t.data[0] == ' ')
        t = (struct text){ t.data + 1, t.len - 1 };
    return t;
}

static int compare_texts(const void *left, const void *right)
{
    const struct text *a = left;
    const struct text *b = right;
    return text_compare(*a, *b);
}

static bool decode_cidrs(const struct body_value *array, struct arena *arena, struct text_list *out,
                         struct error *err)
{
    if (array == NULL || array->item_count == 0)
        return true;
    struct text *cidrs = arena_alloc(arena, array->item_count * sizeof *cidrs);
    if (cidrs == NULL)
        return no_memory(err);

    size_t count = 0;
    for (size_t i = 0; i < array->item_count; i++) {
        const struct text cidr = trim_spaces(array->items[i].text);
        if (cidr.len == 0)
            continue;
        if (!normalise_cidr(cidr, arena, &cidrs[count], err))
            return false;
        count++;
    }
    qsort(cidrs, count, sizeof *cidrs, compare_texts);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !text_equal(cidrs[kept - 1], cidrs[i]))
            cidrs[kept++] = cidrs[i];
    }
    *out = (struct text_list){ .items = cidrs, .count = kept };
    return true;
}

static int compare_ports(const void *left, const void *right)
{
    const uint16_t *a = left;
    const uint16_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* Ascending, each once (INST-AS-006). The schema has seen to 1..65535. */
static bool decode_ports(const struct body_value *array, struct arena *arena,
                         struct auto_standby_policy *out, struct error *err)
{
    if (array == NULL || array->item_count == 0)
        return true;
    uint16_t *ports = arena_alloc(arena, array->item_count * sizeof *ports);
    if (ports == NULL)
        return no_memory(err);
    for (size_t i = 0; i < array->item_count; i++) {
        int64_t port = 0;
        (void)!text_parse_i64(array->items[i].text, &port);
        ports[i] = (uint16_t)port;
    }
    qsort(ports, array->item_count, sizeof *ports, compare_ports);
    size_t kept = 0;
    for (size_t i = 0; i < array->item_count; i++) {
        if (kept == 0 || ports[kept - 1] != ports[i])
            ports[kept++] = ports[i];
    }
    out->ignore_destination_ports = ports;
    out->ignore_destination_port_count = kept;
    return true;
}

bool auto_standby_decode(const struct body_value *value, struct arena *arena,
                         struct auto_standby_policy *out, struct error *err)
{
    static const struct duration_rule idle_timeout = {
        .field = "auto_standby",
        .member = "auto_standby.idle_timeout",
        .malformed = "must be a valid duration",
        .too_low = "must be positive",
        .prefix = "invalid request: ",
    };

    *out = (struct auto_standby_policy){ .present = value != NULL };
    if (value == NULL || !body_bool(value, "enabled", false))
        return true; /* nothing else is checked or kept (INST-AS-001) */

    out->enabled = true;
    const struct text idle = trim_spaces(body_text(value, "idle_timeout", NULL));
    if (idle.len == 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "auto_standby",
                               "invalid request: auto_standby.idle_timeout is required when "
                               "enabled"); /* INST-AS-002 */
    return read_duration(&idle_timeout, idle, &out->idle_timeout_ns, err) &&
           decode_cidrs(body_find(value, "ignore_source_cidrs"), arena, &out->ignore_source_cidrs,
                        err) &&
           decode_ports(body_find(value, "ignore_destination_ports"), arena, out, err);
}

void auto_standby_encode(struct json_writer *w, const struct auto_standby_policy *policy)
{
    if (!policy->present)
        return;
    json_write_key(w, TEXT("auto_standby"));
    json_write_object_begin(w);
    json_member_bool(w, "enabled", policy->enabled);
    if (policy->enabled)
        encode_duration(w, "idle_timeout", policy->idle_timeout_ns);
    if (policy->ignore_destination_port_count > 0) {
        json_write_key(w, TEXT("ignore_destination_ports"));
        json_write_array_begin(w);
        for (size_t i = 0; i < policy->ignore_destination_port_count; i++)
            json_write_i64(w, policy->ignore_destination_ports[i]);
        json_write_array_end(w);
    }
    encode_texts_if_any(w, "ignore_source_cidrs", policy->ignore_source_cidrs);
    json_write_object_end(w);
}

/* Health check (instances.md 17). */

static bool refuse_health_check(struct error *err, const char *message)
{
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "health_check.policy", "%s", message);
}

static bool read_health_durations(struct health_check_policy *policy, struct error *err)
{
    struct duration_rule rule = { .field = "health_check.policy", .prefix = "" };

    rule.malformed = "is invalid";
    rule.too_low = "must be positive";
    rule.member = "health_check.interval";
    if (!read_duration(&rule, policy->interval, &policy->interval_ns, err))
        return false;
    rule.member = "health_check.timeout";
    if (!read_duration(&rule, policy->timeout, &policy->timeout_ns, err))
        return false;
    if (policy->timeout_ns > policy->interval_ns)
        return refuse_health_check(
            err, "health_check.timeout must be less than or equal to health_check.interval");
    rule.member = "health_check.start_period";
    rule.too_low = "must not be negative";
    rule.zero_allowed = true;
    return read_duration(&rule, policy->start_period, &policy->start_period_ns, err);
}

/* The probes of the other types, which a type may not have beside its own. */
static const struct {
    const char *member;
    const char *missing;
    const char *others;
} probes[HEALTH_CHECK_TYPE_COUNT] = {
    [HEALTH_CHECK_HTTP] = { "http", "health_check.http is required when type is http",
                            "health_check type http cannot include tcp or exec checks" },
    [HEALTH_CHECK_TCP] = { "tcp", "health_check.tcp is required when type is tcp",
                           "health_check type tcp cannot include http or exec checks" },
    [HEALTH_CHECK_EXEC] = { "exec", "health_check.exec is required when type is exec",
                            "health_check type exec cannot include http or tcp checks" },
};

static bool check_probes(const struct body_value *value, enum health_check_type type,
                         struct error *err)
{
    if (body_find(value, probes[type].member) == NULL)
        return refuse_health_check(err, probes[type].missing);
    for (size_t other = HEALTH_CHECK_HTTP; other < HEALTH_CHECK_TYPE_COUNT; other++) {
        if (other != type && body_find(value, probes[other].member) != NULL)
            return refuse_health_check(err, probes[type].others);
    }
    return true;
}

bool health_check_decode(const struct body_value *value, struct arena *arena,
                         struct health_check_policy *out, struct error *err)
{
    *out = (struct health_check_policy){ .present = value != NULL };
    if (value == NULL)
        return true;

    (void)!health_check_type_parse(body_text(value, "type", "none"), &out->type);
    out->interval = body_text(value, "interval", NULL);
    out->timeout = body_text(value, "timeout", NULL);
    out->start_period = body_text(value, "start_period", NULL);
    out->failure_threshold = body_i64(value, "failure_threshold", 3);
    out->success_threshold = body_i64(value, "success_threshold", 1);
    if (out->type == HEALTH_CHECK_NONE)
        return true; /* nothing is checked, the probes are dropped (INST-DEF-008) */
    if (!read_health_durations(out, err) || !check_probes(value, out->type, err))
        return false;

    const struct body_value *probe = body_find(value, probes[out->type].member);
    out->port = body_i64(probe, "port", 0);
    if (out->type == HEALTH_CHECK_HTTP) {
        out->http_path = body_text(probe, "path", "/");
        out->http_scheme = body_text(probe, "scheme", "http");
        out->http_expected_status = body_i64(probe, "expected_status", 200);
        if (!text_starts_with(out->http_path, TEXT("/")))
            return refuse_health_check(err, "health_check.http.path must start with /");
    }
    out->exec_working_dir = body_text(probe, "working_dir", NULL);
    return decode_texts(body_find(probe, "command"), arena, &out->exec_command, err);
}

static void encode_probe(struct json_writer *w, const struct health_check_policy *policy,
                         enum health_check_type type)
{
    if (policy->type != type)
        return;
    json_write_key(w, text_of(probes[type].member));
    json_write_object_begin(w);
    if (type == HEALTH_CHECK_EXEC) {
        encode_texts_if_any(w, "command", policy->exec_command);
        encode_text_if_any(w, "working_dir", policy->exec_working_dir);
    } else if (type == HEALTH_CHECK_TCP) {
        json_member_i64(w, "port", policy->port);
    } else {
        json_member_i64(w, "expected_status", policy->http_expected_status);
        json_member_string(w, "path", policy->http_path);
        json_member_i64(w, "port", policy->port);
        json_member_string(w, "scheme", policy->http_scheme);
    }
    json_write_object_end(w);
}

void health_check_encode(struct json_writer *w, const struct health_check_policy *policy)
{
    if (!policy->present)
        return;
    json_write_key(w, TEXT("health_check"));
    json_write_object_begin(w);
    encode_probe(w, policy, HEALTH_CHECK_EXEC);
    json_member_i64(w, "failure_threshold", policy->failure_threshold);
    encode_probe(w, policy, HEALTH_CHECK_HTTP);
    json_member_string(w, "interval", policy->interval);
    json_member_string(w, "start_period", policy->start_period);
    json_member_i64(w, "success_threshold", policy->success_threshold);
    encode_probe(w, policy, HEALTH_CHECK_TCP);
    json_member_string(w, "timeout", policy->timeout);
    json_member_string(w, "type", text_of(health_check_type_name(policy->type)));
    json_write_object_end(w);
}

void health_status_encode(struct json_writer *w, const struct instance *instance,
                          const struct health *health)
{
    json_write_key(w, TEXT("health_status"));
    json_write_object_begin(w);
    json_member_i64(w, "consecutive_failures", health->consecutive_failures);
    json_member_i64(w, "consecutive_successes", health->consecutive_successes);
    encode_time_or_null(w, "last_checked_at", health->last_checked_at_ns);
    if (health->consecutive_failures > 0)
        json_member_string(w, "last_error", text_of(health_error_text(instance).text));
    else
        json_member_null(w, "last_error");
    encode_time_or_null(w, "last_failure_at", health->last_failure_at_ns);
    encode_time_or_null(w, "last_success_at", health->last_success_at_ns);
    json_member_string(w, "status", text_of(health_status_name(health->status)));
    json_write_object_end(w);
}

/* Restart (instances.md 18). */

bool restart_policy_decode(const struct body_value *value, struct restart_policy *out,
                           struct error *err)
{
    struct duration_rule rule = {
        .field = "restart_policy",
        .malformed = "must be a valid duration",
        .too_low = "must be positive",
        .prefix = "",
    };

    *out = (struct restart_policy){ 0 };
    (void)!restart_policy_kind_parse(body_text(value, "policy", "never"), &out->kind);
    if (out->kind == RESTART_NEVER)
        return true;
    out->max_attempts = body_i64(value, "max_attempts", 0);
    rule.member = "restart_policy.backoff";
    if (!read_duration(&rule, body_text(value, "backoff", "5s"), &out->backoff_ns, err))
        return false;
    rule.member = "restart_policy.stable_after";
    return read_duration(&rule, body_text(value, "stable_after", "10m"), &out->stable_after_ns,
                         err);
}

void restart_policy_encode(struct json_writer *w, const struct restart_policy *policy)
{
    if (policy->kind == RESTART_NEVER)
        return; /* INST-RP-001 */
    json_write_key(w, TEXT("restart_policy"));
    json_write_object_begin(w);
    encode_duration(w, "backoff", policy->backoff_ns);
    if (policy->max_attempts > 0)
        json_member_i64(w, "max_attempts", policy->max_attempts);
    json_member_string(w, "policy", text_of(restart_policy_kind_name(policy->kind)));
    encode_duration(w, "stable_after", policy->stable_after_ns);
    json_write_object_end(w);
}

void restart_status_encode(struct json_writer *w, const struct restart_status *status)
{
    static const struct restart_status nothing = { 0 };
    if (restart_status_equal(status, &nothing))
        return;
    json_write_key(w, TEXT("restart_status"));
    json_write_object_begin(w);
    json_member_i64(w, "attempts", status->attempts);
    encode_text_or_null(w, "blocked_reason", text_of(restart_block_name(status->blocked)));
    encode_time_or_null(w, "last_attempt_at", status->last_attempt_at_ns);
    encode_text_or_null(w, "last_reason", text_of(restart_reason_name(status->last_reason)));
    encode_time_or_null(w, "next_attempt_at", status->next_attempt_at_ns);
    json_write_object_end(w);
}

/* Snapshot policy and compression. */

struct compression_choice compression_decode(const struct body_value *value)
{
    struct compression_choice choice = { .level = COMPRESSION_LEVEL_UNSET };

    if (value == NULL)
        return choice;
    choice.present = true;
    choice.enabled = body_bool(value, "enabled", false);
    choice.level = body_i64(value, "level", COMPRESSION_LEVEL_UNSET);
    (void)!compression_algorithm_parse(body_text(value, "algorithm", NULL), &choice.algorithm);
    return choice;
}

bool compression_delay_decode(const struct body_value *value, struct error *err)
{
    static const struct duration_rule rule = {
        .field = "compression_delay",
        .member = "compression_delay",
        .malformed = "must be a valid duration",
        .zero_allowed = true,
        .too_low = "cannot be negative",
        .prefix = "",
    };
    int64_t delay_ns;
    return value == NULL || read_duration(&rule, value->text, &delay_ns, err);
}

bool snapshot_policy_decode(const struct body_value *value, struct snapshot_policy *out,
                            struct error *err)
{
    static const struct duration_rule rule = {
        .field = "snapshot_policy",
        .member = "standby_compression_delay",
        .malformed = "must be a valid duration",
        .zero_allowed = true,
        .too_low = "cannot be negative",
        .prefix = "",
    };

    *out = (struct snapshot_policy){ .present = value != NULL };
    out->compression = compression_decode(body_find(value, "compression"));
    const struct body_value *delay = body_find(value, "standby_compression_delay");
    if (delay == NULL)
        return true;
    out->has_standby_compression_delay = true;
    return read_duration(&rule, delay->text, &out->standby_compression_delay_ns, err);
}

void snapshot_policy_encode(struct json_writer *w, const struct snapshot_policy *policy)
{
    const struct compression_choice *compression = &policy->compression;

    if (!policy->present)
        return;
    json_write_key(w, TEXT("snapshot_policy"));
    json_write_object_begin(w);
    if (compression->present) {
        json_write_key(w, TEXT("compression"));
        json_write_object_begin(w);
        encode_text_if_any(w, "algorithm",
                           text_of(compression_algorithm_name(compression->algorithm)));
        json_member_bool(w, "enabled", compression->enabled);
        if (compression->level != COMPRESSION_LEVEL_UNSET)
            json_member_i64(w, "level", compression->level);
        json_write_object_end(w);
    }
    if (policy->has_standby_compression_delay)
        encode_duration(w, "standby_compression_delay", policy->standby_compression_delay_ns);
    json_write_object_end(w);
}
