/* Snapshot schedules as a client sees them: snapshots.md 4 and 11; and instances that expire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/api_fixture.h"

#define WEB      "{\"name\":\"web\",\"image\":\"nginx\"}"
#define SCHEDULE "/instances/web/snapshot-schedule"
#define HOURLY   "{\"interval\":\"1h\",\"retention\":{\"max_count\":3}}"
#define MINUTE   (60 * NS_PER_SEC)
#define HOUR     (60 * MINUTE)

static void put(struct api_fixture *f, const char *target, const char *body)
{
    send_request(f, HTTP_PUT, target, body);
}

static void remove_at(struct api_fixture *f, const char *target)
{
    send_request(f, HTTP_DELETE, target, NULL);
}

/* A member of the last answer, as written: a number, or a string without commas and braces. */
static void read_member(const struct api_fixture *f, const char *name, char *out, size_t size)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *value = strstr(f->answer, key);
    assert_non_null(value);
    value += strlen(key);
    const size_t len = strcspn(value, ",}");
    assert_true(len < size);
    snprintf(out, size, "%.*s", (int)len, value);
}

static void expect_same_member(const struct api_fixture *f, const char *name, const char *value)
{
    char now[128];
    read_member(f, name, now, sizeof now);
    assert_string_equal(now, value);
}

/* --- forms ------------------------------------------------------------------------------- */

/* SCHED-P-001, SCHED-P-017, SCHED-G-001, SNAP-J-007, SNAP-J-009. */
static void the_least_schedule_shows_nulls_and_no_metadata(void **state)
{
    struct api_fixture *f = *state;
    char expected[1000];
    char next_run[64];

    given_instance(f, WEB);
    put(f, SCHEDULE, HOURLY);
    read_member(f, "next_run_at", next_run, sizeof next_run);
    snprintf(expected, sizeof expected,
             "{\"created_at\":\"2026-01-01T00:00:01Z\",\"instance_id\":\"%s\",\"interval\":"
             "\"1h0m0s\",\"last_error\":null,\"last_run_at\":null,\"last_snapshot_id\":null,"
             "\"name_prefix\":null,\"next_run_at\":%s,\"retention\":{\"max_count\":3},"
             "\"updated_at\":\"2026-01-01T00:00:01Z\"}\n",
             f->id, next_run);
    expect_json(f, 200, expected);
    get(f, SCHEDULE);
    expect_json(f, 200, expected);
    put(f, SCHEDULE,
        "{\"interval\":\"1h\",\"retention\":{\"max_count\":3},\"name_prefix\":null,\"metadata\":{}"
        "}");
    expect_json(f, 200, expected);
}

/* SCHED-P-016, SNAP-J-008. */
static void a_full_schedule_shows_all_it_was_given(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, WEB);
    put(f, SCHEDULE,
        "{\"interval\":\"24h\",\"retention\":{\"max_age\":\"168h\",\"max_count\":0},\"name_"
        "prefix\":"
        "\"nightly-abcdefghijklmnopqrstuvwxyz-0123456789-a\",\"metadata\":{\"b\":\"\",\"a\":"
        "\"x\"}}");
    expect_status(f, 200);
    expect_contains(f, "\"interval\":\"24h0m0s\"");
    expect_contains(f, "\"metadata\":{\"a\":\"x\",\"b\":\"\"}");
    expect_contains(f, "\"name_prefix\":\"nightly-abcdefghijklmnopqrstuvwxyz-0123456789-a\"");
    expect_contains(f, "\"retention\":{\"max_age\":\"168h0m0s\",\"max_count\":0}");
    put(f, SCHEDULE, "{\"interval\":\"24h\",\"retention\":{\"max_age\":\"90m\"}}");
    expect_contains(f, "\"retention\":{\"max_age\":\"1h30m0s\",\"max_count\":0}");
}

/* SCHED-P-007. */
static void durations_come_back_in_canonical_form(void **state)
{
    static const char *const forms[][2] = {
        { "1m", "1m0s" },      { "90m", "1h30m0s" },
        { "1.5h", "1h30m0s" }, { "3600s", "1h0m0s" },
        { "60000ms", "1m0s" }, { "24h", "24h0m0s" },
        { "+1h", "1h0m0s" },   { "30m30m", "1h0m0s" },
        { "60.5s", "1m0.5s" }, { "2562047h", "2562047h0m0s" },
    };
    struct api_fixture *f = *state;
    char text[200];

    given_instance(f, WEB);
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        snprintf(text, sizeof text, "{\"interval\":\"%s\",\"retention\":{\"max_age\":\"%s\"}}",
                 forms[i][0], forms[i][0]);
        put(f, SCHEDULE, text);
        expect_status(f, 200);
        snprintf(text, sizeof text, "\"interval\":\"%s\"", forms[i][1]);
        expect_contains(f, text);
        snprintf(text, sizeof text, "\"max_age\":\"%s\"", forms[i][1]);
        expect_contains(f, text);
    }
}

/* --- refusals ---------------------------------------------------------------------------- */

#define SCHEMA                                                                                     \
    "request body has an error: doesn't match schema "                                             \
    "#/components/schemas/SetSnapshotScheduleRequest: "
#define NAME_RULE  "string doesn't match the regular expression \"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$\""
#define KEPT       "\"retention\":{\"max_count\":1}"
#define KEEP(rest) "{\"interval\":\"1h\"," KEPT "," rest "}"

struct refusal {
    const char *rule;
    const char *body;
    const char *message;
};

static void expect_refusals(struct api_fixture *f, const struct refusal *rows, size_t count,
                            bool by_schema)
{
    given_instance(f, WEB);
    put(f, SCHEDULE, HOURLY);
    char *before = strdup(f->answer);
    for (size_t i = 0; i < count; i++) {
        put(f, SCHEDULE, rows[i].body);
        if (f->res.status != 400)
            fail_msg("%s: %s is accepted", rows[i].rule, rows[i].body);
        if (by_schema)
            expect_bad_request(f, rows[i].message);
        else
            expect_error(f, 400, "invalid_request", rows[i].message);
        get(f, SCHEDULE);
        expect_json(f, 200, before); /* SCHED-P-025 */
    }
    free(before);
}

static void what_does_not_fit_the_schema_is_refused(void **state)
{
    static const struct refusal rows[] = {
        { "SCHED-P-003", "{" KEPT "}",
          SCHEMA "Error at \"/interval\": property \"interval\" is missing" },
        { "SCHED-P-003", "{\"interval\":3600," KEPT "}",
          SCHEMA "Error at \"/interval\": value must be a string" },
        { "SCHED-P-003", "{\"interval\":null," KEPT "}",
          SCHEMA "Error at \"/interval\": Value is not nullable" },
        { "SCHED-P-004", "{\"interval\":\"1h\"}",
          SCHEMA "Error at \"/retention\": property \"retention\" is missing" },
        { "SCHED-P-004", "{\"interval\":\"1h\",\"retention\":null}",
          SCHEMA "Error at \"/retention\": Value is not nullable" },
        { "SCHED-P-004", "{\"interval\":\"1h\",\"retention\":3}",
          SCHEMA "Error at \"/retention\": value must be an object" },
        { "SCHED-P-004", "{}", SCHEMA "Error at \"/interval\": property \"interval\" is missing" },
        { "SCHED-P-012", "{\"interval\":\"1h\",\"retention\":{\"max_count\":-1}}",
          SCHEMA "Error at \"/retention/max_count\": number must be at least 0" },
        { "SCHED-P-012", "{\"interval\":\"1h\",\"retention\":{\"max_count\":1.5}}",
          SCHEMA "Error at \"/retention/max_count\": value must be an integer" },
        { "SCHED-P-012", "{\"interval\":\"1h\",\"retention\":{\"max_count\":\"1\"}}",
          SCHEMA "Error at \"/retention/max_count\": value must be an integer" },
        { "SCHED-P-012", "{\"interval\":\"1h\",\"retention\":{\"max_count\":null}}",
          SCHEMA "Error at \"/retention/max_count\": Value is not nullable" },
        { "SCHED-P-013", "{\"interval\":\"1h\",\"retention\":{\"max_age\":3600}}",
          SCHEMA "Error at \"/retention/max_age\": value must be a string" },
        { "SCHED-P-013", "{\"interval\":\"1h\",\"retention\":{\"max_age\":null}}",
          SCHEMA "Error at \"/retention/max_age\": Value is not nullable" },
        { "SCHED-P-016",
          KEEP("\"name_prefix\":\"nightly-abcdefghijklmnopqrstuvwxyz-0123456789-ab\""),
          SCHEMA "Error at \"/name_prefix\": maximum string length is 47" },
        { "SCHED-P-016", KEEP("\"name_prefix\":\"\""),
          SCHEMA "Error at \"/name_prefix\": " NAME_RULE },
        { "SCHED-P-016", KEEP("\"name_prefix\":\"Nightly\""),
          SCHEMA "Error at \"/name_prefix\": " NAME_RULE },
        { "SCHED-P-016", KEEP("\"name_prefix\":\"nightly-\""),
          SCHEMA "Error at \"/name_prefix\": " NAME_RULE },
        { "SCHED-P-016", KEEP("\"name_prefix\":7"),
          SCHEMA "Error at \"/name_prefix\": value must be a string" },
        { "SCHED-P-018", KEEP("\"metadata\":null"),
          SCHEMA "Error at \"/metadata\": Value is not nullable" },
        { "SCHED-P-018", KEEP("\"metadata\":{\"a\":\"#\"}"),
          SCHEMA "Error at \"/metadata/a\": string doesn't match the regular expression "
                 "\"^[A-Za-z0-9 _.:/=+@-]*$\"" },
        { "SCHED-P-018", KEEP("\"metadata\":{\"a\":null}"),
          SCHEMA "Error at \"/metadata/a\": Value is not nullable" },
        { "SNAP-X-018", "null", SCHEMA "Value is not nullable" },
        { "SNAP-X-018", "[]", SCHEMA "value must be an object" },
        { "SNAP-X-015", "", "request body has an error: value is required but missing" },
        { "BIND-003", "{\"interval\":\"1h\",\"retention\":{\"max_count\":1.0}}",
          "can't decode JSON body: json: cannot unmarshal number 1.0 into Go struct field "
          "SnapshotScheduleRetention.retention.max_count of type int" },
    };
    expect_refusals(*state, rows, ARRAY_LEN(rows), true);
}

/* SCHED-P-014 and SCHED-P-015 are about the order: parsing comes first. */
static void what_the_server_judges_itself_is_refused_in_its_words_and_order(void **state)
{
#define INTERVAL  "interval must be a valid duration"
#define RETENTION "retention must include max_count or max_age"
#define MAX_AGE   "retention.max_age must be a valid duration"
#define SHORT     "invalid request: interval must be at least 1m0s"
#define NEGATIVE  "invalid request: retention.max_age must be >= 0"
#define NEITHER   "invalid request: retention.max_count or retention.max_age must be set"
#define EMPTY_KEY "invalid request: invalid tags: key \"\" length 0 out of range [1,128]"
#define BAD_KEY   "invalid request: invalid tags: key \"a#\" contains unsupported characters"
    static const struct refusal rows[] = {
        { "SCHED-P-005", "{\"interval\":\"\"," KEPT "}", INTERVAL },
        { "SCHED-P-005", "{\"interval\":\"1d\"," KEPT "}", INTERVAL },
        { "SCHED-P-005", "{\"interval\":\"60\"," KEPT "}", INTERVAL },
        { "SCHED-P-005", "{\"interval\":\"1H\"," KEPT "}", INTERVAL },
        { "SCHED-P-005", "{\"interval\":\"1h \"," KEPT "}", INTERVAL },
        { "SCHED-P-006", "{\"interval\":\"59.999s\"," KEPT "}", SHORT },
        { "SCHED-P-006", "{\"interval\":\"0\"," KEPT "}", SHORT },
        { "SCHED-P-006", "{\"interval\":\"-1h\"," KEPT "}", SHORT },
        { "SCHED-P-008", "{\"interval\":\"1h\",\"retention\":{}}", RETENTION },
        { "SCHED-P-008", "{\"interval\":\"1h\",\"retention\":{\"count\":1}}", RETENTION },
        { "SCHED-P-009", "{\"interval\":\"1h\",\"retention\":{\"max_age\":\"7d\"}}", MAX_AGE },
        { "SCHED-P-009", "{\"interval\":\"1h\",\"retention\":{\"max_age\":\"\",\"max_count\":1}}",
          MAX_AGE },
        { "SCHED-P-010", "{\"interval\":\"1h\",\"retention\":{\"max_age\":\"-1ns\"}}", NEGATIVE },
        { "SCHED-P-010",
          "{\"interval\":\"1h\",\"retention\":{\"max_age\":\"-1h\",\"max_count\":1}}", NEGATIVE },
        { "SCHED-P-011", "{\"interval\":\"1h\",\"retention\":{\"max_count\":0}}", NEITHER },
        { "SCHED-P-011", "{\"interval\":\"1h\",\"retention\":{\"max_age\":\"0s\"}}", NEITHER },
        { "SCHED-P-011", "{\"interval\":\"1h\",\"retention\":{\"max_count\":0,\"max_age\":\"0\"}}",
          NEITHER },
        { "SCHED-P-014", "{\"interval\":\"1d\",\"retention\":{}}", INTERVAL },
        { "SCHED-P-015", "{\"interval\":\"1s\",\"retention\":{}}", RETENTION },
        { "SCHED-P-015", "{\"interval\":\"1s\",\"retention\":{\"max_age\":\"x\"}}", MAX_AGE },
        { "SCHED-P-018", KEEP("\"metadata\":{\"\":\"x\"}"), EMPTY_KEY },
        { "SCHED-P-018", KEEP("\"metadata\":{\"a#\":\"x\"}"), BAD_KEY },
        { "order", "{\"interval\":\"1s\"," KEPT ",\"metadata\":{\"\":\"x\"}}", SHORT },
        { "order",
          "{\"interval\":\"1h\",\"retention\":{\"max_age\":\"-1s\"},\"metadata\":{\"\":\"x\"}}",
          EMPTY_KEY },
        { "order",
          "{\"interval\":\"1h\",\"retention\":{\"max_count\":0},\"metadata\":{\"\":\"x\"}}",
          EMPTY_KEY },
    };
    expect_refusals(*state, rows, ARRAY_LEN(rows), false);
}

static void append_metadata(char *out, size_t size, int count)
{
    size_t at = (size_t)snprintf(out, size, "{\"interval\":\"1m\"," KEPT ",\"metadata\":{");
    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(out + at, size - at, "%s\"k-%d\":\"\"", i == 0 ? "" : ",", i);
    snprintf(out + at, size - at, "}}");
}

/* SCHED-P-018, SCHED-P-019, SCHED-T-014. */
static void metadata_may_be_too_much_for_the_runs_only(void **state)
{
    struct api_fixture *f = *state;
    char body[2000];

    given_instance(f, WEB);
    append_metadata(body, sizeof body, 51);
    put(f, SCHEDULE, body);
    expect_bad_request(f, SCHEMA "Error at \"/metadata\": there must be at most 50 properties");
    append_metadata(body, sizeof body, 50);
    put(f, SCHEDULE, body);
    expect_status(f, 200);
    f->fake.now_ns += 2 * MINUTE;
    get(f, SCHEDULE);
    expect_contains(f, "\"last_error\":\"invalid request: invalid tags: too many entries: 52 (max "
                       "50)\"");
    expect_contains(f, "\"last_snapshot_id\":null");
}

/* SCHED-P-027, SCHED-G-002, SCHED-G-003, SCHED-D-002. */
static void what_is_not_there_is_not_found(void **state)
{
    static const char no_instance[] = "{\"code\":\"not_found\",\"message\":\"resource not found\"}";
    struct api_fixture *f = *state;

    put(f, "/instances/nobody/snapshot-schedule", HOURLY);
    expect_json(f, 404, no_instance);
    put(f, "/instances/nobody/snapshot-schedule", "{\"interval\":\"1d\",\"retention\":{}}");
    expect_json(f, 404, no_instance);
    get(f, "/instances/nobody/snapshot-schedule");
    expect_json(f, 404, no_instance);
    remove_at(f, "/instances/nobody/snapshot-schedule");
    expect_json(f, 404, no_instance);

    given_instance(f, WEB);
    get(f, SCHEDULE);
    expect_error(f, 404, "not_found", "snapshot schedule not found");
    remove_at(f, SCHEDULE);
    expect_error(f, 404, "not_found", "snapshot schedule not found");
}

/* --- life -------------------------------------------------------------------------------- */

/* SCHED-P-002. */
static void any_instance_may_have_one(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances", WEB); /* Initializing */
    put(f, SCHEDULE, HOURLY);
    expect_status(f, 200);
    f->fake.now_ns += NS_PER_SEC;
    send_request(f, HTTP_POST, "/instances/web/stop", NULL);
    put(f, SCHEDULE, HOURLY);
    expect_status(f, 200);
    given_instance(f, "{\"name\":\"db\",\"image\":\"nginx\",\"volumes\":[{\"volume_id\":\"v\","
                      "\"mount_path\":\"/data\"}]}");
    put(f, "/instances/db/snapshot-schedule", HOURLY);
    expect_status(f, 200);
}

/* SCHED-P-026. */
static void every_spelling_of_the_instance_means_one_schedule(void **state)
{
    struct api_fixture *f = *state;
    char by_id[80];
    char by_prefix[80];
    char member[64];

    given_instance(f, WEB);
    snprintf(by_id, sizeof by_id, "/instances/%s/snapshot-schedule", f->id);
    snprintf(by_prefix, sizeof by_prefix, "/instances/%.5s/snapshot-schedule", f->id);
    snprintf(member, sizeof member, "\"instance_id\":\"%s\"", f->id);
    put(f, by_prefix, HOURLY);
    expect_contains(f, member);
    char *first = strdup(f->answer);
    get(f, SCHEDULE);
    expect_json(f, 200, first);
    get(f, by_id);
    expect_json(f, 200, first);
    free(first);
    remove_at(f, SCHEDULE);
    expect_status(f, 204);
    get(f, by_id);
    expect_status(f, 404);
}

/* SCHED-P-020, SCHED-P-021, SCHED-P-022, SCHED-P-024. */
static void setting_again_replaces_and_keeps_the_cadence_of_an_equal_interval(void **state)
{
    struct api_fixture *f = *state;
    char next_run[64];

    given_instance(f, WEB);
    put(f, SCHEDULE,
        "{\"interval\":\"1h\",\"retention\":{\"max_count\":3,\"max_age\":\"2h\"},\"name_prefix\":"
        "\"n\",\"metadata\":{\"a\":\"b\"}}");
    read_member(f, "next_run_at", next_run, sizeof next_run);
    f->fake.now_ns += 10 * MINUTE;
    put(f, SCHEDULE, "{\"interval\":\"60m\",\"retention\":{\"max_age\":\"2h\"}}");
    expect_same_member(f, "next_run_at", next_run);
    expect_contains(f, "\"created_at\":\"2026-01-01T00:00:01Z\"");
    expect_contains(f, "\"updated_at\":\"2026-01-01T00:10:01Z\"");
    expect_contains(f, "\"name_prefix\":null");
    expect_contains(f, "\"retention\":{\"max_age\":\"2h0m0s\",\"max_count\":0}");
    expect_lacks(f, "\"metadata\"");

    put(f, SCHEDULE, "{\"interval\":\"61m\",\"retention\":{\"max_count\":2}}");
    expect_contains(f, "\"next_run_at\":\"2026-01-01T01:1");
    expect_contains(f, "\"created_at\":\"2026-01-01T00:00:01Z\"");
    expect_lacks(f, "\"max_age\"");
}

/* SCHED-P-023, SCHED-T-006, SCHED-T-007, SCHED-T-008, SCHED-T-010, SCHED-D-003. */
static void a_run_shows_in_the_schedule_and_in_the_list_of_snapshots(void **state)
{
    struct api_fixture *f = *state;
    char instance[32];
    char snapshot[64];
    char text[128];

    given_instance(f, WEB);
    snprintf(instance, sizeof instance, "%s", f->id);
    put(f, SCHEDULE,
        "{\"interval\":\"1m\"," KEPT ",\"name_prefix\":\"n\",\"metadata\":{\"team\":\"a\"}}");
    f->fake.now_ns += 90 * NS_PER_SEC + MINUTE / 2;
    get(f, SCHEDULE);
    expect_contains(f, "\"last_error\":null");
    expect_contains(f, "\"last_run_at\":\"2026-01-01T00:02:00Z\"");
    expect_contains(f, "\"updated_at\":\"2026-01-01T00:02:00Z\"");
    expect_contains(f, "\"next_run_at\":\"2026-01-01T00:02:0");
    read_member(f, "last_snapshot_id", snapshot, sizeof snapshot);
    put(f, SCHEDULE, "{\"interval\":\"1h\"," KEPT "}");
    expect_contains(f, "\"last_run_at\":\"2026-01-01T00:02:00Z\"");
    expect_same_member(f, "last_snapshot_id", snapshot);

    remove_at(f, SCHEDULE);
    expect_status(f, 204);
    assert_string_equal(f->answer, "");
    get(f, "/snapshots?tags[hypeman.scheduled]=true&tags[team]=a");
    snprintf(text, sizeof text, "\"id\":%s", snapshot);
    expect_contains(f, text);
    expect_contains(f, "\"name\":\"n-20260101-000200\"");
    expect_contains(f, "\"created_at\":\"2026-01-01T00:02:00Z\"");
    snprintf(text, sizeof text, "\"hypeman.schedule_instance_id\":\"%s\"", instance);
    expect_contains(f, text);
}

/* SCHED-D-001, SCHED-D-004. */
static void a_schedule_set_after_a_delete_is_fresh(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, WEB);
    put(f, SCHEDULE, "{\"interval\":\"1m\"," KEPT "}");
    f->fake.now_ns += 10 * MINUTE;
    remove_at(f, SCHEDULE);
    expect_status(f, 204);
    get(f, SCHEDULE);
    expect_error(f, 404, "not_found", "snapshot schedule not found");
    put(f, SCHEDULE, "{\"interval\":\"1m\"," KEPT "}");
    expect_contains(f, "\"created_at\":\"2026-01-01T00:10:01Z\"");
    expect_contains(f, "\"last_run_at\":null");
    expect_contains(f, "\"last_snapshot_id\":null");
}

/* SCHED-G-004, SCHED-R-006. */
static void a_schedule_cannot_be_reached_without_its_instance(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, WEB);
    put(f, SCHEDULE, HOURLY);
    remove_at(f, "/instances/web");
    expect_status(f, 204);
    get(f, SCHEDULE);
    expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"resource not found\"}");
    given_instance(f, WEB); /* of the same name, yet another */
    get(f, SCHEDULE);
    expect_error(f, 404, "not_found", "snapshot schedule not found");
}

/* NEW-049, NEW-060, NEW-061, NEW-066. */
static void an_expired_instance_is_gone_at_the_next_minute(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"web\",\"image\":\"nginx\",\"ttl\":\"90s\"}");
    f->fake.now_ns += 118 * NS_PER_SEC;
    get(f, "/instances/web");
    expect_contains(f, "\"expires_at\":\"2026-01-01T00:01:30Z\"");
    expect_contains(f, "\"state\":\"Running\"");
    f->fake.now_ns += NS_PER_SEC;
    send_request(f, HTTP_PATCH, "/instances/web", "{\"ttl\":\"1h\"}");
    expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"resource not found\"}");
    get(f, "/instances");
    expect_json(f, 200, "[]\n");
}

/* --- a month ----------------------------------------------------------------------------- */

enum { INSTANCES = 100, MONTH_HOURS = 30 * 24 };

/* Schedules with a limit by number or by age, on instances that run, are stopped, or expire on the
 * way. */
static void given_hundred_schedules(struct api_fixture *f)
{
    static const char *const retentions[] = { "\"max_count\":24", "\"max_age\":\"48h\"",
                                              "\"max_count\":40,\"max_age\":\"36h\"" };
    char target[64];
    char body[200];
    for (int i = 0; i < INSTANCES; i++) {
        snprintf(body, sizeof body,
                 "{\"name\":\"vm-%d\",\"image\":\"nginx\",\"vcpus\":1,\"size\":\"128MB\"%s}", i,
                 i % 10 == 0 ? ",\"ttl\":\"300h\"" : "");
        given_instance(f, body);
        snprintf(target, sizeof target, "/instances/vm-%d/snapshot-schedule", i);
        snprintf(body, sizeof body, "{\"interval\":\"1h\",\"retention\":{%s}}",
                 retentions[(size_t)i % ARRAY_LEN(retentions)]);
        put(f, target, body);
        expect_status(f, 200);
        snprintf(target, sizeof target, "/instances/vm-%d/stop", i);
        if (i % 4 == 0)
            send_request(f, HTTP_POST, target, NULL);
    }
}

static void expect_same_answer(struct api_fixture *a, struct api_fixture *b, const char *target)
{
    get(a, target);
    get(b, target);
    assert_int_equal(a->res.status, b->res.status);
    if (strcmp(a->answer, b->answer) != 0)
        fail_msg("GET %s differs", target);
}

/* From one seed comes one world, byte for byte, whether its clock jumps or somebody looks all the
 * time. */
static void a_month_goes_the_same_way_however_it_is_looked_at(void **state)
{
    struct world_settings roomy = world_settings_default();
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        roomy.capacity.oversub_permille[i] = 1000000;
    struct api_fixture *jumping = *state;
    void *other = NULL;
    assert_int_equal(api_setup(&other), 0);
    struct api_fixture *watched = other;
    api_restart(jumping, &roomy);
    api_restart(watched, &roomy);
    given_hundred_schedules(jumping);
    given_hundred_schedules(watched);

    const int64_t end = jumping->fake.now_ns + MONTH_HOURS * HOUR;
    jumping->fake.now_ns = end;
    while (watched->fake.now_ns < end) {
        watched->fake.now_ns += 7 * HOUR + 13 * MINUTE + 5;
        if (watched->fake.now_ns > end)
            watched->fake.now_ns = end;
        get(watched, "/health");
    }
    expect_same_answer(jumping, watched, "/instances");
    expect_same_answer(jumping, watched, "/snapshots");
    assert_true(strlen(jumping->answer) > (size_t)INSTANCES * 20 * 400);
    for (int i = 0; i < INSTANCES; i++) {
        char target[64];
        snprintf(target, sizeof target, "/instances/vm-%d/snapshot-schedule", i);
        expect_same_answer(jumping, watched, target);
        assert_int_equal(jumping->res.status, i % 10 == 0 ? 404 : 200);
    }
    api_teardown(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(the_least_schedule_shows_nulls_and_no_metadata),
        TEST(a_full_schedule_shows_all_it_was_given),
        TEST(durations_come_back_in_canonical_form),
        TEST(what_does_not_fit_the_schema_is_refused),
        TEST(what_the_server_judges_itself_is_refused_in_its_words_and_order),
        TEST(metadata_may_be_too_much_for_the_runs_only),
        TEST(what_is_not_there_is_not_found),
        TEST(any_instance_may_have_one),
        TEST(every_spelling_of_the_instance_means_one_schedule),
        TEST(setting_again_replaces_and_keeps_the_cadence_of_an_equal_interval),
        TEST(a_run_shows_in_the_schedule_and_in_the_list_of_snapshots),
        TEST(a_schedule_set_after_a_delete_is_fresh),
        TEST(a_schedule_cannot_be_reached_without_its_instance),
        TEST(an_expired_instance_is_gone_at_the_next_minute),
        TEST(a_month_goes_the_same_way_however_it_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
