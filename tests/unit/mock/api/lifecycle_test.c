/* Start, stop, standby, restore and delete as a client sees them: instances.md sections 2, 8
 * and 10. Every operation in every state: tests/unit/mock/domain/lifecycle_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/script.h"

#define WEB         "{'name':'web','image':'nginx'}"
#define OFFLINE     "{'name':'web','image':'nginx','network':{'enabled':false}}"
#define NO_BODY     BAD_REQUEST("request body has an error: value is required but missing")
#define STATE(what) REFUSED(409, "invalid_state", "invalid state transition: " what)
#define GONE_IMAGE  REFUSED(404, "not_found", "instance image not found")
/* Of a web with 2 of 4 CPUs beside another with 2. */
#define NO_ROOM                                                                                    \
    "insufficient resources: insufficient CPU: requested 2 vCPUs, but only 0 available "           \
    "(currently "                                                                                  \
    "allocated: 4, effective limit: 4 with 4.0x oversubscription)"

/* --- start and stop: 10.3, 10.4 -------------------------------------------------------------- */

static void an_instance_stops_and_starts(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED("'ip':'10.100.0.2'", "'mac':'02:00:00:00:00:01'"),
          .keep = "web" },
        /* INST-ST-003, INST-ST-010, INST-ST-014; the body is not looked at */
        { "POST /instances/web/stop", "not JSON", OK("'state':'Stopped'", "'exit_code':143",
          "'exit_message':'killed by signal 15 (terminated)'", "'current_phase':'stopped'",
          "'started_at':'2026-01-01T00:00:00Z'", "'stopped_at':'2026-01-01T00:00:01Z'",
          "'phase_durations_ms':{'initializing':250,'running':750}", "'has_snapshot':false"),
          .before = { .wait_ms = 1000 } },
        { "POST /instances/web/stop", NULL, OK("'stopped_at':'2026-01-01T00:00:01Z'",
          "'ip':'10.100.0.2'"), .before = { .wait_ms = 1000 } },
        /* INST-ST-002: stopped_at stays; a new address while the old one is still its own */
        { "POST /instances/web/start", "{}", OK("'state':'Initializing'", "'exit_code':null",
          "'started_at':'2026-01-01T00:00:02Z'", "'stopped_at':'2026-01-01T00:00:01Z'",
          "'ip':'10.100.0.3'", "'mac':'02:00:00:00:00:02'", "'id':'{web}'"),
          .lacks = { "exit_message" } },
        { "POST /instances/web/start", "{}", OK("'state':'Running'",
          "'started_at':'2026-01-01T00:00:02Z'"), .before = { .wait_ms = 250 } },
        { "POST /instances/web/start", "{'cmd':[],'entrypoint':[]}", /* INST-ST-023 */
          OK("'started_at':'2026-01-01T00:00:02Z'", "'state':'Running'") },
        { "POST /instances/web/start", "{'cmd':['true']}",
          STATE("cannot start from state Running, must be Stopped") },
        { "POST /instances/web/stop", NULL, OK("'state':'Stopped'") },
        { "POST /instances/web/start", "{'entrypoint':['/bin/sh'],'cmd':['-c','x']}",
          OK("'state':'Initializing'"), .lacks = { "/bin/sh" } }, /* INST-ST-024 */
        { "POST /instances/web/stop", NULL, OK("'state':'Stopped'", "'exit_code':143") },
        { "POST /instances/web/start", "{'cmd':[]}", OK("'ip':'10.100.0.3'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_start_needs_a_body_of_its_form(void **state)
{
#define START_ERROR(detail) BAD_REQUEST("request body has an error: doesn't match schema: " detail)
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/start", NULL, NO_BODY }, /* INST-ST-020 */
        { "POST /instances/web/start", "null", /* INST-ST-021 */
          START_ERROR("Value is not nullable") },
        { "POST /instances/web/start", "{'cmd':'x'}", /* INST-ST-022 */
          START_ERROR("Error at \"/cmd\": value must be an array") },
        { "POST /instances/web/start", "{'entrypoint':[1]}",
          START_ERROR("Error at \"/entrypoint/0\": value must be a string") },
        { "POST /instances/nobody/start", NULL, NO_BODY }, /* INST-X-004 */
        { "POST /instances/nobody/start", "{}", UNKNOWN_ID },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* A host of four vCPUs. */
static void on_a_small_host(struct api_fixture *f)
{
    struct world_settings settings = *world_settings(f->world);
    settings.capacity.total[CAPACITY_CPU] = 1;
    settings.capacity.oversub_permille[CAPACITY_NETWORK] = 1000000;
    settings.capacity.oversub_permille[CAPACITY_DISK_IO] = 1000000;
    api_restart(f, &settings);
}

static void a_start_asks_for_state_then_room_then_image_then_network(void **state) /* INST-ST-028 */
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances", "{'name':'a','image':'alpine'}", CREATED() },
        { "POST /instances", "{'name':'b','image':'alpine'}", CREATED() },
        { "POST /instances/web/start", "{}",
          REFUSED(409, "insufficient_resources", NO_ROOM), /* INST-ST-026 */
          .before = { .image = "nginx", .condition = IMAGE_MISSING } },
        { "GET /instances/web", NULL, OK("'state':'Stopped'", "'ip':'10.100.0.2'") },
        { "POST /instances/b/start", "{'cmd':['x']}",
          STATE("cannot start from state Initializing, must be Stopped") },
        { "DELETE /instances/a", NULL, GONE },
        { "POST /instances/web/start", "{}", GONE_IMAGE }, /* INST-ST-027 */
        { "GET /instances/web", NULL, OK("'state':'Stopped'") },
        { "POST /instances/web/start", "{}", OK("'state':'Initializing'"),
          .before = { .image = "nginx", .condition = IMAGE_READY } },
    };
    /* clang-format on */
    on_a_small_host(*state);
    play(*state, steps, ARRAY_LEN(steps));
}

/* A fork that never ran has a name and no address, so that another may take the name. */
static void an_instance_whose_name_is_taken_on_the_network_does_not_come_up(void **state)
{
#define TWIN_TAKEN                                                                                 \
    "allocate network: instance name already exists: instance name 'twin' already exists, can't "  \
    "assign into same network: default"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','vcpus':1}", CREATED() },
        { "POST /instances/web/standby", NULL, OK(), .before = { .wait_ms = 250 } },
        { "POST /instances/web/fork", "{'name':'twin','target_state':'Stopped'}", CREATED(),
          .keep = "stopped" },
        { "POST /instances/web/fork", "{'name':'late'}", CREATED(), .keep = "asleep" },
        { "POST /instances", "{'name':'twin','image':'nginx'}", CREATED() }, /* INST-N-003 */
        { "POST /instances/{stopped}/start", "{}",
          REFUSED(409, "name_conflict", TWIN_TAKEN) }, /* INST-ST-029 */
        { "GET /instances/{stopped}", NULL, OK("'state':'Stopped'", "'ip':''") },
        { "POST /instances/{asleep}/restore", NULL, OK("'state':'Running'") },
        { "GET /instances/twin", NULL, /* INST-N-004 */
          GATE(409, "ambiguous", "multiple resources match, use full ID") },
    };
    /* clang-format on */
    /* clang-format off */
    static const struct step asleep[] = {
        { "POST /instances", "{'name':'web','image':'nginx','vcpus':1}", CREATED() },
        { "POST /instances/web/standby", NULL, OK(), .before = { .wait_ms = 250 } },
        { "POST /instances/web/fork", "{'name':'twin'}", CREATED(), .keep = "asleep" },
        { "POST /instances", "{'name':'twin','image':'nginx'}", CREATED() },
        { "POST /instances/{asleep}/restore", NULL, REFUSED(409, "name_conflict", TWIN_TAKEN) },
        { "GET /instances/{asleep}", NULL, OK("'state':'Standby'", "'ip':''") },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    const struct world_settings settings = *world_settings(f->world);
    play(f, steps, ARRAY_LEN(steps));
    api_restart(f, &settings);
    play(f, asleep, ARRAY_LEN(asleep));
}

/* --- standby and restore: 10.5, 10.6 --------------------------------------------------------- */

static void an_instance_goes_to_standby_and_comes_back(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED(), .keep = "web" },
        { "POST /instances/web/standby", NULL, /* INST-SB-014 */
          STATE("cannot standby from state Initializing") },
        { "POST /instances/web/standby", NULL, /* INST-SB-001, INST-SB-011 */
          OK("'state':'Standby'", "'has_snapshot':true", "'exit_code':null",
             "'started_at':'2026-01-01T00:00:00Z'", "'stopped_at':'2026-01-01T00:00:01Z'",
             "'ip':'10.100.0.2'", "'current_phase':'standby'"),
          .before = { .wait_ms = 1000 } },
        { "POST /instances/web/standby", "{}", /* INST-SB-012 */
          OK("'stopped_at':'2026-01-01T00:00:01Z'"),
          .before = { .wait_ms = 1000 } },
        { "POST /instances/web/restore", "not JSON", /* INST-RS-001, INST-RS-002 */
          OK("'state':'Running'", "'has_snapshot':false", "'started_at':'2026-01-01T00:00:00Z'",
             "'stopped_at':'2026-01-01T00:00:01Z'", "'ip':'10.100.0.2'", "'id':'{web}'",
             "'phase_durations_ms':{'initializing':250,'running':750,'standby':1000}") },
        { "POST /instances/web/restore", NULL, OK("'state':'Running'") }, /* INST-RS-003 */
        { "POST /instances/web/standby", NULL, /* INST-RS-008 */
          OK("'has_snapshot':true", "'stopped_at':'2026-01-01T00:00:02Z'") },
        { "POST /instances/web/restore", NULL, OK("'state':'Running'") },
        { "POST /instances/web/stop", NULL, OK("'state':'Stopped'") },
        { "POST /instances/web/restore", NULL, /* INST-RS-004 */
          STATE("cannot restore from state Stopped") },
        { "POST /instances/web/start", "{}", OK("'state':'Initializing'") },
        { "POST /instances/web/restore", NULL, OK("'state':'Initializing'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* INST-SB-010, COMP-030 */
static void what_a_standby_asks_for_is_judged_before_the_state(void **state)
{
#define STANDBY_ERROR(detail) BODY_ERROR("StandbyInstanceRequest", "Error at " detail)
#define LEVEL(text)           REFUSED(400, "invalid_snapshot_compression", text)
#define DELAY(text)           REFUSED(400, "invalid_compression_delay", text)
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/standby", " ", /* INST-SB-003 */
          BAD_REQUEST("request body has an error: failed to decode request body: EOF") },
        { "POST /instances/web/standby", "{'compression':{}}", /* INST-SB-005 */
          STANDBY_ERROR("\"/compression/enabled\": property \"enabled\" is missing") },
        { "POST /instances/web/standby", "{'compression':{'enabled':true,'algorithm':'gzip'}}",
          STANDBY_ERROR("\"/compression/algorithm\": value is not one of the allowed values "
                        "[\"zstd\",\"lz4\"]") }, /* INST-SB-006 */
        { "POST /instances/web/standby", "{'compression':{'enabled':true,'level':-1}}",
          STANDBY_ERROR("\"/compression/level\": number must be at least 0") },
        { "POST /instances/web/standby", "{'compression':{'enabled':true,'level':20}}",
          STANDBY_ERROR("\"/compression/level\": number must be at most 19") },
        { "POST /instances/web/standby", "{'compression_delay':null}",
          STANDBY_ERROR("\"/compression_delay\": Value is not nullable") },
        { "POST /instances/web/standby", "{'compression':{'enabled':true,'level':0}}",
          LEVEL("level must be between 1 and 19 for zstd, got 0") }, /* INST-SB-007 */
        { "POST /instances/web/standby",
          "{'compression':{'enabled':true,'algorithm':'lz4','level':10},'compression_delay':'x'}",
          LEVEL("level must be between 0 and 9 for lz4, got 10") },
        { "POST /instances/web/standby", "{'compression_delay':'5'}", /* INST-SB-008 */
          DELAY("compression_delay must be a valid duration: time: missing unit in duration "
                "\"5\"") },
        { "POST /instances/web/standby", "{'compression_delay':'-1s'}", /* INST-SB-009 */
          DELAY("compression_delay cannot be negative") },
        { "POST /instances/web/standby", "{'compression_delay':'1s'}",
          STATE("cannot standby from state Stopped") },
        { "POST /instances/web/start", "{}", OK() },
        { "POST /instances/web/standby", "{'compression_delay':'1s'}", /* INST-SB-016 */
          OK("'state':'Standby'"), .before = { .wait_ms = 250 } },
        { "POST /instances/web/standby", "{'compression_delay':'1s'}", /* INST-SB-013 */
          STATE("cannot standby from state Standby") },
        { "POST /instances/web/standby", "{'compression':{'enabled':false}}",
          STATE("cannot standby from state Standby") },
        { "POST /instances/web/restore", NULL, OK() },
        { "POST /instances/web/standby", "{'compression':{'enabled':true}}", /* INST-SB-017 */
          OK("'state':'Standby'"), .lacks = { "compress" } },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* Only without a body it is not looked at. */
static void a_standby_with_a_body_needs_its_content_type(void **state) /* INST-SB-004 */
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances/web/standby", "{}",
          BAD_REQUEST("request body has an error: header Content-Type has unexpected value "
                      "\"text/plain\"") },
        { "POST /instances/web/standby", NULL, OK("'state':'Standby'") },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    given_instance(f, "{\"name\":\"web\",\"image\":\"nginx\"}");
    f->content_type = "text/plain";
    play(f, steps, ARRAY_LEN(steps));
}

static void a_chunked_standby_without_content_has_no_body_to_decode(void **state) /* INST-SB-002 */
{
    struct api_fixture *f = *state;
    const struct http_header headers[] = { { TEXT("Host"), TEXT("localhost") },
                                           { TEXT("Authorization"), TEXT("Bearer test") },
                                           { TEXT("Transfer-Encoding"), TEXT("chunked") } };
    const struct http_request req = { .method = HTTP_POST,
                                      .path = TEXT("/instances/web/standby"),
                                      .headers = headers,
                                      .header_count = ARRAY_LEN(headers) };
    given_instance(f, "{\"name\":\"web\",\"image\":\"nginx\"}");
    response_reset(&f->res);
    api_handle(f->api, &req, &f->res);
    assert_int_equal(f->res.status, 400);
    assert_true(text_equal_cstr(buffer_text(&f->res.body),
                                "{\"code\":\"Bad Request\",\"message\":\"can't decode JSON body: "
                                "EOF\"}"));
}

static void an_instance_with_a_vgpu_cannot_go_to_standby(void **state)
{
#define NO_VGPU                                                                                    \
    "invalid state transition: standby is not supported for instances with vGPU attached (driver " \
    "limitation)"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','gpu':{'profile':'a'}}", CREATED() },
        { "POST /instances/web/standby", NULL,
          STATE("cannot standby from state Initializing") },
        { "POST /instances/web/standby", NULL, /* INST-SB-015 */
          REFUSED(409, "invalid_state", NO_VGPU),
          .before = { .wait_ms = 250 } },
        { "POST /instances/web/snapshots", "{'kind':'Standby'}", /* SNAP-C-033 */
          REFUSED(409, "conflict", "standby source instance: " NO_VGPU) },
        { "POST /instances/web/fork", "{'name':'copy','from_running':true}", /* INST-FK-036 */
          REFUSED(409, "invalid_state", "standby source instance: " NO_VGPU) },
        { "GET /instances/web", NULL, OK("'state':'Running'", "'stopped_at':null") },
        { "GET /snapshots", NULL, LIST("[]\n") },
        { "POST /instances/web/stop", NULL, OK() },
        { "POST /instances/web/snapshots", "{'kind':'Stopped'}", CREATED() },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.capacity.gpu_slots = 1;
    api_restart(f, &settings);
    play(f, steps, ARRAY_LEN(steps));
}

static void a_restore_asks_for_state_then_image_then_room(void **state) /* INST-RS-007 */
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "POST /instances/web/standby", NULL, OK(), .before = { .wait_ms = 250 } },
        { "POST /instances", "{'name':'a','image':'alpine'}", CREATED() },
        { "POST /instances", "{'name':'b','image':'alpine'}", CREATED() },
        { "POST /instances/web/restore", NULL, GONE_IMAGE, /* INST-RS-005 */
          .before = { .image = "nginx", .condition = IMAGE_MISSING } },
        { "GET /instances/web", NULL, OK("'state':'Standby'", "'has_snapshot':true") },
        { "POST /instances/web/restore", NULL,
          REFUSED(409, "insufficient_resources", NO_ROOM), /* INST-RS-006 */
          .before = { .image = "nginx", .condition = IMAGE_READY } },
        { "GET /instances/web", NULL, OK("'state':'Standby'", "'has_snapshot':true") },
        { "POST /instances/a/stop", NULL, OK() },
        { "POST /instances/web/restore", NULL, OK("'state':'Running'") },
    };
    /* clang-format on */
    on_a_small_host(*state);
    play(*state, steps, ARRAY_LEN(steps));
}

/* --- ids and names: section 2, 3 ---------------------------------------------------------------
 */

static void an_id_beats_a_name_and_a_name_beats_a_prefix(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", OFFLINE, CREATED(),
          .keep = "web" },
        { "GET /instances/{web}", NULL, OK("'id':'{web}'") }, /* INST-ID-002, INST-G-001 */
        { "GET /instances/web", NULL, OK("'id':'{web}'") }, /* INST-G-002 */
        { "GET /instances/Web", NULL, UNKNOWN_ID },
        { "GET /instances/a%2Fb", NULL, UNKNOWN_ID }, /* INST-ID-008 */
        { "GET /instances/{web}a", NULL, UNKNOWN_ID },
        /* An instance named as another's id: the id wins. */
        { "POST /instances", "{'name':'{web}','image':'nginx'}", CREATED(), .keep = "other" },
        { "GET /instances/{web}", NULL, OK("'name':'web'") },
        { "POST /instances/{web}/stop", NULL, /* INST-ID-009 */
          OK("'id':'{web}'", "'name':'web'") },
        /* Names need not be unique without network (INST-N-003): then only ids help. */
        { "POST /instances", OFFLINE, CREATED(),
          .keep = "twin" },
        { "GET /instances/web", NULL, /* INST-ID-005, INST-N-004 */
          GATE(409, "ambiguous", "multiple resources match, use full ID") },
        { "DELETE /instances/web", NULL,
          GATE(409, "ambiguous", "multiple resources match, use full ID") },
        { "DELETE /instances/{twin}", NULL, GONE },
        { "GET /instances/web", NULL, OK("'id':'{web}'") },
        { "DELETE /instances/{web}", NULL, GONE },
        { "POST /instances", "{'name':'web','image':'nginx'}", CREATED() }, /* INST-N-007 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* The letter that at least two of the ids begin with. */
static char shared_letter(struct api_fixture *f, size_t instances)
{
    size_t seen[256] = { 0 };
    for (size_t i = 0; i < instances; i++) {
        char body[100];
        snprintf(body, sizeof body,
                 "{\"name\":\"other-%zu\",\"image\":\"nginx\",\"vcpus\":1,\"size\":\"1MB\"}", i);
        given_instance(f, body);
        if (++seen[(unsigned char)f->id[0]] > 1)
            return f->id[0];
    }
    fail_msg("all of %zu ids begin differently", instances);
    return 0;
}

static void one_letter_of_an_id_is_enough_when_no_other_begins_with_it(void **state)
{
    struct api_fixture *f = *state;
    char target[64];
    char body[100];

    given_instance(f, "{\"name\":\"only\",\"image\":\"nginx\"}");
    snprintf(target, sizeof target, "/instances/%c", f->id[0]);
    send_request(f, HTTP_DELETE, target, NULL); /* INST-ID-003 */
    expect_status(f, 204);

    const char letter = shared_letter(f, 27);
    snprintf(target, sizeof target, "/instances/%c", letter);
    get(f, target);
    expect_json(f, 409,
                "{\"code\":\"ambiguous\",\"message\":\"multiple resources match, use full ID\"}");
    snprintf(body, sizeof body, "{\"name\":\"%c\",\"image\":\"nginx\"}", letter);
    given_instance(f, body);
    get(f, target); /* INST-ID-004 */
    expect_status(f, 200);
    expect_contains(f, f->id);
}

/* Fits every operation: what one does not know it ignores (INST-X-006, INST-X-007). */
#define ANY_QUERY "?path=/&state=Running"
#define ANY_BODY                                                                                   \
    "{\"kind\":\"Standby\",\"name\":\"a\",\"mount_path\":\"/"                                      \
    "a\",\"interval\":\"1h\",\"retention\":{"                                                      \
    "\"max_count\":1}}"

static void expect_nobody_everywhere(struct api_fixture *f, const char *id) /* INST-ID-006 */
{
    size_t asked = 0;
    for (const struct route *route = routes; route->path != NULL; route++) {
        char target[128];
        const char *rest = strstr(route->path, "{id}");
        if (route->resolver != RESOLVE_INSTANCE || route->run == NULL)
            continue;
        snprintf(target, sizeof target, "/instances/%s%s" ANY_QUERY, id, rest + strlen("{id}"));
        for (char *brace = target; (brace = strpbrk(brace, "{}")) != NULL;)
            *brace = 'x'; /* {snapshotId} */
        send_request(f, route->method, target, ANY_BODY);
        if (f->res.status != 404)
            fail_msg("%s: %d %s", target, f->res.status, f->answer);
        /* Without a line feed (INST-ID-007). */
        expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"resource not found\"}");
        asked++;
    }
    assert_true(asked >= 12);
}

static void an_unknown_instance_is_not_found_whatever_is_asked_of_it(void **state)
{
    expect_nobody_everywhere(*state, "nobody");
}

/* --- delete: section 8, newest.md section 3 ----------------------------------------------------
 */

static void a_deleted_instance_leaves_only_what_was_made_of_it(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v','readonly':true}]}", CREATED(), .keep = "web" },
        { "POST /instances/web/snapshots", "{'kind':'Standby'}", CREATED(), .keep = "snapshot",
          .before = { .wait_ms = 250 } },
        { "POST /instances/web/fork", "{'name':'copy','from_running':true}", CREATED() },
        { "POST /instances", "{'name':'writer','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v'}]}",
          REFUSED(409, "conflict", "volume v is attached to another instance") },
        { "DELETE /instances/web", "ignored", GONE }, /* INST-D-001 */
        { "DELETE /instances/web", NULL, UNKNOWN_ID }, /* INST-D-002 */
        { "GET /instances?state=Running", NULL, OK("'name':'copy'"), .lacks = { "'name':'web'" } },
        { "GET /snapshots/{snapshot}", NULL, OK("'source_instance_id':'{web}'") }, /* INST-D-006 */
        { "GET /instances/copy", NULL, OK("'state':'Running'") }, /* INST-FK-037 */
        { "POST /instances", "{'name':'writer','image':'nginx','volumes':[{'volume_id':'v',"
          "'mount_path':'/v'}]}", CREATED("'ip':'10.100.0.2'") }, /* INST-D-003 */
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    char id[sizeof f->id];
    given_instance(f, "{\"name\":\"first\",\"image\":\"nginx\"}");
    memcpy(id, f->id, sizeof id);
    send_request(f, HTTP_DELETE, "/instances/first", NULL);
    expect_nobody_everywhere(f, id); /* INST-D-002 */
    play(f, steps, ARRAY_LEN(steps));
}

static void a_delete_may_be_told_not_to_ask_the_guest(void **state)
{
#define NO_BOOLEAN(v)                                                                              \
    BAD_REQUEST("parameter \"graceful_shutdown\" in query has an error: value " v                  \
                ": an invalid boolean: invalid syntax")
#define SEVERAL                                                                                    \
    BAD_REQUEST("Invalid format for parameter graceful_shutdown: multiple values for single "      \
                "value parameter 'graceful_shutdown'")
    /* clang-format off */
    static const struct step steps[] = {
        { "DELETE /instances/a?graceful_shutdown=maybe", NULL, NO_BOOLEAN("maybe") }, /* NEW-082 */
        { "DELETE /instances/nobody?graceful_shutdown=no", NULL, NO_BOOLEAN("no") },
        { "DELETE /instances/nobody?graceful_shutdown=", NULL, UNKNOWN_ID }, /* NEW-083 */
        { "DELETE /instances/a?graceful_shutdown=", NULL, SEVERAL },
        { "DELETE /instances/a?graceful_shutdown=1&graceful_shutdown=1", NULL, SEVERAL },
        { "DELETE /instances/a?graceful_shutdown=FALSE", NULL, GONE }, /* NEW-081 */
        { "DELETE /instances/b?graceful_shutdown=0", NULL, GONE },
        { "DELETE /instances/c?graceful_shutdown=true", NULL, GONE }, /* NEW-080 */
        { "DELETE /instances/d?graceful_shutdown=t", NULL, GONE },
        { "DELETE /instances/e", NULL, GONE },
        { "GET /instances", NULL, LIST("[]\n") },
    };
    /* clang-format on */
    struct api_fixture *f = *state;
    for (char name = 'a'; name <= 'e'; name++) {
        char body[64];
        snprintf(body, sizeof body, "{\"name\":\"%c\",\"image\":\"nginx\"}", name);
        given_instance(f, body);
    }
    post(f, "/instances/b/stop", NULL);
    play(f, steps, ARRAY_LEN(steps));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_instance_stops_and_starts),
        TEST(a_start_needs_a_body_of_its_form),
        TEST(a_start_asks_for_state_then_room_then_image_then_network),
        TEST(an_instance_whose_name_is_taken_on_the_network_does_not_come_up),
        TEST(an_instance_goes_to_standby_and_comes_back),
        TEST(what_a_standby_asks_for_is_judged_before_the_state),
        TEST(a_standby_with_a_body_needs_its_content_type),
        TEST(a_chunked_standby_without_content_has_no_body_to_decode),
        TEST(an_instance_with_a_vgpu_cannot_go_to_standby),
        TEST(a_restore_asks_for_state_then_image_then_room),
        TEST(an_id_beats_a_name_and_a_name_beats_a_prefix),
        TEST(one_letter_of_an_id_is_enough_when_no_other_begins_with_it),
        TEST(an_unknown_instance_is_not_found_whatever_is_asked_of_it),
        TEST(a_deleted_instance_leaves_only_what_was_made_of_it),
        TEST(a_delete_may_be_told_not_to_ask_the_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
