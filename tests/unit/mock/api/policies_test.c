/* The policies of an instance as a client sees them: instances.md 16 to 18. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/auto_standby.h"
#include "mock/domain/guest_exit.h"
#include "mock/domain/health.h"
#include "mock/domain/instance_force.h"
#include "tests/unit/mock/api/api_fixture.h"

#define SECOND        NS_PER_SEC
#define WITH(members) "{\"name\":\"web\",\"image\":\"nginx\"," members "}"
#define IDLE(time)    "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"" time "\"}"

static struct text id_of(const struct api_fixture *f)
{
    return text_of(f->id);
}

/* With an empty world of the same settings. */
static void start_over(struct api_fixture *f)
{
    const struct world_settings settings = *world_settings(f->world);
    api_restart(f, &settings);
}

static void guest_exits(struct api_fixture *f, int32_t code)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_guest_exit(f->world, id_of(f), code, &out, &err));
}

static void probes_fail(struct api_fixture *f, bool failing)
{
    struct error err = { 0 };
    assert_true(health_set_failing(f->world, id_of(f), failing, &err));
}

static void connect(struct api_fixture *f, uint32_t count)
{
    struct error err = { 0 };
    assert_true(auto_standby_set_connections(f->world, id_of(f), count, &err));
}

static void force(struct api_fixture *f, enum instance_state state)
{
    const struct instance *out = NULL;
    struct error err = { 0 };
    assert_true(instance_force_state(f->world, id_of(f), state, &out, &err));
}

/* Of a create whose policy has these members. */
static void refuse(struct api_fixture *f, const char *policy, const char *members, const char *code,
                   const char *message)
{
    char body[512];
    snprintf(body, sizeof body, WITH("\"%s\":{%s}"), policy, members);
    post(f, "/instances", body);
    expect_error(f, 400, code, message);
}

/* --- auto-standby ------------------------------------------------------------------------- */

#define STATUS "/instances/web/auto-standby/status"
#define HOLD   "/instances/web/auto-standby/hold"

#define TRACKED ",\"supported\":true,\"tracking_mode\":\"conntrack_events_v4_tcp\"}\n"
#define NO_TIMES(timeout)                                                                          \
    "\"hold_until\":null,\"idle_since\":null,\"idle_timeout\":" timeout                            \
    ",\"last_inbound_activity_at\":null,\"next_standby_at\":null,"
#define NOTHING_DUE(configured, enabled, timeout, reason, status)                                  \
    "{\"active_inbound_connections\":0,\"configured\":" configured                                 \
    ",\"countdown_remaining\":null,\"eligible\":false,\"enabled\":" enabled                        \
    "," NO_TIMES(timeout) "\"reason\":\"" reason "\",\"status\":\"" status "\"" TRACKED

/* INST-AS-020, INST-AS-021, INST-AS-022, INST-AS-023, INST-AS-025; all fourteen keys. */
static void what_does_not_count_down_says_why(void **state)
{
    static const struct {
        const char *members;
        const char *body;
    } cases[] = {
        { "\"tags\":{}", NOTHING_DUE("false", "false", "null", "policy_missing", "disabled") },
        { "\"auto_standby\":{\"idle_timeout\":\"1m\"}",
          NOTHING_DUE("true", "false", "null", "policy_disabled", "disabled") },
        { IDLE("1m") ",\"network\":{\"enabled\":false}",
          NOTHING_DUE("true", "true", "\"1m0s\"", "network_disabled", "ineligible") },
    };
    struct api_fixture *f = *state;
    char body[512];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        start_over(f);
        snprintf(body, sizeof body, WITH("%s"), cases[i].members);
        given_instance(f, body);
        get(f, STATUS);
        expect_json(f, 200, cases[i].body);
        post(f, HOLD, NULL); /* INST-AS-045 */
        expect_json(f, 200, cases[i].body);
    }
    start_over(f);
    given_instance(f, WITH(IDLE("90s")));
    force(f, INSTANCE_STOPPED);
    get(f, STATUS);
    expect_json(f, 200,
                NOTHING_DUE("true", "true", "\"1m30s\"", "instance_not_running", "ineligible"));
    post(f, HOLD, NULL); /* INST-AS-045 */
    expect_json(f, 200,
                NOTHING_DUE("true", "true", "\"1m30s\"", "instance_not_running", "ineligible"));
}

/* INST-AS-029, INST-AS-041, INST-AS-047, INST-AS-048. */
static void an_idle_instance_counts_down_to_standby(void **state)
{
    struct api_fixture *f = *state;
    given_instance(f, WITH(IDLE("1m")));
    get(f, STATUS);
    expect_json(f, 200,
                "{\"active_inbound_connections\":0,\"configured\":true,\"countdown_remaining\":"
                "\"59.25s\",\"eligible\":true,\"enabled\":true,\"hold_until\":null,\"idle_since\":"
                "\"2026-01-01T00:00:00.25Z\",\"idle_timeout\":\"1m0s\","
                "\"last_inbound_activity_at\":null,\"next_standby_at\":\"2026-01-01T00:01:00.25Z\","
                "\"reason\":\"idle_timeout_not_elapsed\",\"status\":\"idle_countdown\"" TRACKED);
    pass(f, 9 * SECOND);
    post(f, HOLD, NULL);
    expect_json(f, 200,
                "{\"active_inbound_connections\":0,\"configured\":true,\"countdown_remaining\":"
                "\"1m0s\",\"eligible\":true,\"enabled\":true,\"hold_until\":"
                "\"2026-01-01T00:01:10Z\",\"idle_since\":\"2026-01-01T00:00:00.25Z\","
                "\"idle_timeout\":\"1m0s\",\"last_inbound_activity_at\":null,\"next_standby_at\":"
                "\"2026-01-01T00:01:10Z\",\"reason\":\"idle_timeout_not_elapsed\",\"status\":"
                "\"idle_countdown\"" TRACKED);
    pass(f, 600 * SECOND);
    get(f, "/instances/web");
    expect_contains(f, "\"state\":\"Standby\"");
    expect_contains(f, "\"stopped_at\":\"2026-01-01T00:01:10Z\"");
    expect_contains(f, "\"has_snapshot\":true");
    get(f, STATUS);
    expect_contains(f, "\"reason\":\"instance_not_running\"");
}

/* INST-AS-028. */
static void connections_show_and_hold_it(void **state)
{
    struct api_fixture *f = *state;
    given_instance(f, WITH(IDLE("1m")));
    connect(f, 3);
    pass(f, 3600 * SECOND);
    get(f, STATUS);
    expect_json(f, 200,
                "{\"active_inbound_connections\":3,\"configured\":true,\"countdown_remaining\":"
                "null,\"eligible\":true,\"enabled\":true,\"hold_until\":null,\"idle_since\":null,"
                "\"idle_timeout\":\"1m0s\",\"last_inbound_activity_at\":\"2026-01-01T00:00:01Z\","
                "\"next_standby_at\":null,\"reason\":\"active_inbound_connections\",\"status\":"
                "\"active\"" TRACKED);
}

/* INST-AS-042: by the policy of the moment. */
static void a_later_hold_replaces_the_earlier_one(void **state)
{
    struct api_fixture *f = *state;
    given_instance(f, WITH(IDLE("1h")));
    post(f, HOLD, NULL);
    expect_contains(f, "\"hold_until\":\"2026-01-01T01:00:01Z\"");
    send_request(f, HTTP_PATCH, "/instances/web", "{" IDLE("1m") "}");
    expect_status(f, 200);
    get(f, STATUS);
    expect_contains(f, "\"next_standby_at\":\"2026-01-01T01:00:01Z\"");
    post(f, HOLD, NULL);
    expect_contains(f, "\"hold_until\":\"2026-01-01T00:01:01Z\"");
    expect_contains(f, "\"next_standby_at\":\"2026-01-01T00:01:01Z\"");
}

/* INST-AS-043, INST-AS-046. */
static void standby_cannot_be_held_and_bodies_are_ignored(void **state)
{
    struct api_fixture *f = *state;
    given_instance(f, WITH("\"tags\":{}"));
    f->content_type = "text/plain";
    post(f, HOLD, "{ this is no JSON");
    expect_status(f, 200);
    force(f, INSTANCE_STANDBY);
    post(f, HOLD, NULL);
    expect_error(f, 409, "instance_in_standby",
                 "instance is in standby; restore it before connecting");
    post(f, "/instances/nobody/auto-standby/hold", NULL);
    expect_status(f, 404);
    get(f, "/instances/nobody/auto-standby/status");
    expect_status(f, 404);
    post(f, "/instances/web/auto-standby/reset", NULL); /* an early name (newest.md section 6) */
    expect_status(f, 404);
}

/* INST-AS-040. */
static void on_other_hosts_it_is_unsupported(void **state)
{
    struct api_fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.host = (struct host_platform){ HOST_DARWIN, HOST_ARM64 };
    settings.default_hypervisor = HYPERVISOR_VZ;
    api_restart(f, &settings);
    given_instance(f, WITH(IDLE("1m")));
    get(f, STATUS);
    expect_json(f, 200,
                "{\"active_inbound_connections\":0,\"configured\":true,\"countdown_remaining\":"
                "null,\"eligible\":false,\"enabled\":true," NO_TIMES(
                    "null") "\"reason\":\"unsupported_platform\",\"status\":\"unsupported\","
                            "\"supported\":false,\"tracking_mode\":\"conntrack_events_v4_tcp\"}\n");
}

/* INST-AS-002, INST-AS-003, INST-AS-005, INST-AS-007. */
static void a_bad_auto_standby_policy_is_refused(void **state)
{
    static const struct {
        const char *members;
        const char *message;
    } cases[] = {
        { "\"enabled\":true", "idle_timeout is required when enabled" },
        { "\"enabled\":true,\"idle_timeout\":\" \"", "idle_timeout is required when enabled" },
        { "\"enabled\":true,\"idle_timeout\":\"5\"",
          "idle_timeout must be a valid duration: time: missing unit in duration \"5\"" },
        { "\"enabled\":true,\"idle_timeout\":\"0s\"", "idle_timeout must be positive" },
        { "\"enabled\":true,\"idle_timeout\":\"-1m\"", "idle_timeout must be positive" },
        { "\"enabled\":true,\"idle_timeout\":\"1m\",\"ignore_source_cidrs\":[\"10.0.0.0\"]",
          "ignore_source_cidrs contains invalid CIDR \"10.0.0.0\": "
          "netip.ParsePrefix(\"10.0.0.0\"): no '/'" },
    };
    struct api_fixture *f = *state;
    char message[256];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(message, sizeof message, "invalid request: auto_standby.%s", cases[i].message);
        refuse(f, "auto_standby", cases[i].members, "invalid_request", message);
    }
}

/* INST-AS-001, INST-AS-004, INST-AS-005, INST-AS-006, INST-AS-008; INST-U-011, INST-U-012. */
static void an_auto_standby_policy_is_shown_normalised(void **state)
{
    static const struct {
        const char *sent;
        const char *shown;
    } cases[] = {
        { "{}", "{\"enabled\":false}" },
        { "{\"enabled\":false,\"idle_timeout\":\"x\",\"ignore_source_cidrs\":[\"y\"]}",
          "{\"enabled\":false}" },
        { "{\"enabled\":true,\"idle_timeout\":\" 5m \",\"ignore_source_cidrs\":[\" \"],"
          "\"ignore_destination_ports\":[]}",
          "{\"enabled\":true,\"idle_timeout\":\"5m0s\"}" },
        { "{\"enabled\":true,\"idle_timeout\":\"90s\",\"ignore_source_cidrs\":[\"9.0.0.0/8\","
          "\"10.1.2.3/8\",\"10.0.0.0/8\"],\"ignore_destination_ports\":[443,80,443]}",
          "{\"enabled\":true,\"idle_timeout\":\"1m30s\",\"ignore_destination_ports\":[80,443],"
          "\"ignore_source_cidrs\":[\"10.0.0.0/8\",\"9.0.0.0/8\"]}" },
    };
    struct api_fixture *f = *state;
    char text[512];
    given_instance(f, WITH("\"tags\":{}"));
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof text, "{\"auto_standby\":%s}", cases[i].sent);
        send_request(f, HTTP_PATCH, "/instances/web", text);
        expect_status(f, 200);
        snprintf(text, sizeof text, "{\"auto_standby\":%s,\"created_at\"", cases[i].shown);
        expect_contains(f, text);
    }
}

/* --- health check ------------------------------------------------------------------------- */

#define CHECK(members) "\"health_check\":{\"type\":\"http\",\"http\":{\"port\":80}" members "}"

#define HEALTH(failures, successes, checked, error, failure, success, status)                      \
    "\"health_status\":{\"consecutive_failures\":" failures                                        \
    ",\"consecutive_successes\":" successes ",\"last_checked_at\":" checked                        \
    ",\"last_error\":" error ",\"last_failure_at\":" failure ",\"last_success_at\":" success       \
    ",\"status\":\"" status "\"}"

#define AT(seconds) "\"2026-01-01T00:00:" seconds "Z\""
#define REFUSED                                                                                    \
    "\"Get \\\"http://10.100.0.2:80/\\\": dial tcp 10.100.0.2:80: connect: connection refused\""

/* INST-HC-001, INST-HC-003, INST-HC-005, INST-HC-006. */
static void health_status_tells_what_probes_found(void **state)
{
    struct api_fixture *f = *state;
    post(f, "/instances",
         WITH(CHECK(",\"start_period\":\"0s\",\"failure_threshold\":2,\"success_threshold\":2")));
    expect_contains(f, HEALTH("0", "0", "null", "null", "null", "null", "starting"));
    snprintf(f->id, sizeof f->id, "%.24s", strstr(f->answer, "\"id\":\"") + 6);

    pass(f, SECOND);
    get(f, "/instances/web");
    expect_contains(f, HEALTH("0", "1", AT("00.26"), "null", "null", AT("00.26"), "starting"));
    pass(f, 10 * SECOND);
    get(f, "/instances/web");
    expect_contains(f, HEALTH("0", "2", AT("10.26"), "null", "null", AT("10.26"), "healthy"));
    probes_fail(f, true);
    pass(f, 10 * SECOND);
    get(f, "/instances/web");
    expect_contains(f, HEALTH("1", "0", AT("20.26"), REFUSED, AT("20.26"), AT("10.26"), "healthy"));
    pass(f, 10 * SECOND);
    get(f, "/instances");
    expect_contains(f,
                    HEALTH("2", "0", AT("30.26"), REFUSED, AT("30.26"), AT("10.26"), "unhealthy"));
    probes_fail(f, false);
    pass(f, 10 * SECOND);
    get(f, "/instances/web");
    expect_contains(f,
                    HEALTH("0", "1", AT("40.26"), "null", AT("30.26"), AT("40.26"), "unhealthy"));

    post(f, "/instances/web/standby", NULL);
    expect_contains(f,
                    HEALTH("0", "0", "null", "null", "null", "null", "unknown")); /* INST-HC-004 */
    post(f, "/instances/web/restore", NULL);
    expect_contains(f, HEALTH("0", "0", "null", "null", "null", "null", "starting"));
    send_request(f, HTTP_PATCH, "/instances/web", "{\"health_check\":{}}");
    expect_contains(f,
                    HEALTH("0", "0", "null", "null", "null", "null", "disabled")); /* INST-HC-002 */
}

/* instances.md 17, rows 1 to 14; INST-HC-008. */
static void a_bad_health_check_is_refused(void **state)
{
    static const struct {
        const char *members;
        const char *message; /* after "health_check"; NULL: accepted */
    } cases[] = {
        { "\"type\":\"tcp\",\"interval\":\"x\"",
          ".interval is invalid: time: invalid duration \"x\"" },
        { "\"type\":\"tcp\",\"interval\":\"0s\"", ".interval must be positive" },
        { "\"type\":\"tcp\",\"timeout\":\"1d\"",
          ".timeout is invalid: time: unknown unit \"d\" in duration \"1d\"" },
        { "\"type\":\"tcp\",\"timeout\":\"-1s\"", ".timeout must be positive" },
        { "\"type\":\"tcp\",\"interval\":\"1s\"",
          ".timeout must be less than or equal to health_check.interval" },
        { "\"type\":\"tcp\",\"interval\":\"1s\",\"timeout\":\"1s\",\"tcp\":{\"port\":1}", NULL },
        { "\"type\":\"tcp\",\"start_period\":\"\"",
          ".start_period is invalid: time: invalid duration \"\"" },
        { "\"type\":\"tcp\",\"start_period\":\"-1s\"", ".start_period must not be negative" },
        { "\"type\":\"tcp\",\"start_period\":\"0s\",\"tcp\":{\"port\":1}", NULL },
        { "\"type\":\"http\"", ".http is required when type is http" },
        { "\"type\":\"http\",\"http\":{\"port\":1},\"tcp\":{\"port\":1}",
          " type http cannot include tcp or exec checks" },
        { "\"type\":\"http\",\"http\":{\"port\":1,\"path\":\"x\"}",
          ".http.path must start with /" },
        { "\"type\":\"tcp\"", ".tcp is required when type is tcp" },
        { "\"type\":\"tcp\",\"tcp\":{\"port\":1},\"http\":{\"port\":1}",
          " type tcp cannot include http or exec checks" },
        { "\"type\":\"exec\"", ".exec is required when type is exec" },
        { "\"type\":\"exec\",\"exec\":{\"command\":[\"a\"]},\"tcp\":{\"port\":1}",
          " type exec cannot include http or tcp checks" },
        { "\"type\":\"none\",\"interval\":\"x\",\"timeout\":\"y\"", NULL },
    };
    struct api_fixture *f = *state;
    char text[256];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].message != NULL) {
            snprintf(text, sizeof text, "health_check%s", cases[i].message);
            refuse(f, "health_check", cases[i].members, "invalid_health_check", text);
            continue;
        }
        start_over(f);
        snprintf(text, sizeof text, WITH("\"health_check\":{%s}"), cases[i].members);
        post(f, "/instances", text);
        expect_status(f, 201);
    }
}

/* --- restart policy ----------------------------------------------------------------------- */

#define RESTARTS(attempts, blocked, last, reason, next)                                            \
    "\"stable_after\":\"10m0s\"},\"restart_status\":{\"attempts\":" attempts                       \
    ",\"blocked_reason\":" blocked ",\"last_attempt_at\":" last ",\"last_reason\":" reason         \
    ",\"next_attempt_at\":" next "},\"size\":"

/* INST-RP-002, INST-RP-003, INST-RP-004, INST-RP-005, INST-RP-006, INST-RP-008, INST-RP-009. */
static void restart_status_tells_what_the_policy_did(void **state)
{
    struct api_fixture *f = *state;
    given_instance(f, WITH("\"restart_policy\":{\"policy\":\"always\",\"max_attempts\":1}"));
    get(f, "/instances/web");
    expect_lacks(f, "restart_status");
    guest_exits(f, 137);
    get(f, "/instances/web");
    expect_contains(f, RESTARTS("0", "null", "null", "null", AT("06")));
    expect_contains(f, "\"state\":\"Stopped\"");
    expect_contains(f, "\"exit_code\":137,\"exit_message\":\"killed by signal 9 (killed)\"");
    expect_contains(f, "\"stopped_at\":null"); /* INST-G-004 */
    expect_contains(f, "\"current_phase\":\"running\"");
    pass(f, 5 * SECOND);
    get(f, "/instances/web");
    expect_contains(f, RESTARTS("1", "null", AT("06"), "null", "null"));
    expect_contains(f, "\"started_at\":" AT("06") ",\"state\":\"Initializing\"");
    expect_contains(f, "\"exit_code\":null,\"expires_at\"");
    pass(f, 5 * SECOND);
    guest_exits(f, 0);
    get(f, "/instances/web");
    expect_contains(f, RESTARTS("1", "\"max_attempts_exceeded\"", AT("06"), "null", "null"));
    post(f, "/instances/web/start", "{}");
    expect_lacks(f, "restart_status");

    pass(f, SECOND);
    guest_exits(f, 0);
    pass(f, 5 * SECOND);
    get(f, "/instances/web");
    expect_contains(f, RESTARTS("1", "null", AT("17"), "null", "null"));
    pass(f, 600 * SECOND);
    get(f, "/instances/web");
    expect_lacks(f, "restart_status");
    post(f, "/instances/web/stop", NULL);
    expect_contains(f, RESTARTS("0", "\"manual_stop\"", "null", "null", "null"));
}

/* INST-RP-010. */
static void an_unhealthy_instance_is_restarted(void **state)
{
    struct api_fixture *f = *state;
    given_instance(f, WITH("\"restart_policy\":{\"policy\":\"on_failure\"}," CHECK("")));
    probes_fail(f, true);
    pass(f, 29 * SECOND); /* the third failure, and the first after the start period */
    get(f, "/instances/web");
    expect_lacks(f, "restart_status");
    pass(f, SECOND);
    get(f, "/instances/web");
    expect_contains(f, RESTARTS("1", "null", AT("30.26"), "\"health_check_failed\"", "null"));
    expect_contains(f, "\"started_at\":" AT("30.26"));
    expect_contains(f, "\"stopped_at\":" AT("30.26"));
}

/* INST-RP-007. */
static void the_server_restarts_at_once(void **state)
{
    struct api_fixture *f = *state;
    f->truth = TRUTH_SERVER;
    start_over(f);
    given_instance(f, WITH("\"restart_policy\":{\"policy\":\"always\",\"backoff\":\"1h\"}"));
    guest_exits(f, 1);
    pass(f, 5 * SECOND);
    get(f, "/instances/web");
    expect_contains(f, "\"restart_status\":{\"attempts\":1,");
    expect_contains(f, "\"state\":\"Running\"");
}

/* INST-RP-001, INST-RP-002; instances.md 18, rows 1 to 4. */
static void a_restart_policy_is_judged_unless_it_is_none(void **state)
{
    static const struct {
        const char *members;
        const char *message; /* after "restart_policy." */
    } cases[] = {
        { "\"policy\":\"always\",\"backoff\":\"5\"",
          "backoff must be a valid duration: time: missing unit in duration \"5\"" },
        { "\"policy\":\"always\",\"backoff\":\"0\"", "backoff must be positive" },
        { "\"policy\":\"always\",\"stable_after\":\"x\"",
          "stable_after must be a valid duration: time: invalid duration \"x\"" },
        { "\"policy\":\"always\",\"stable_after\":\"-1s\"", "stable_after must be positive" },
    };
    struct api_fixture *f = *state;
    char text[256];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        snprintf(text, sizeof text, "restart_policy.%s", cases[i].message);
        refuse(f, "restart_policy", cases[i].members, "invalid_restart_policy", text);
    }
    post(f, "/instances",
         WITH("\"restart_policy\":{\"policy\":\"never\",\"backoff\":\"x\",\"stable_after\":\"\"}"));
    expect_status(f, 201);
    expect_lacks(f, "restart_policy");
}

#define ON_API(test) cmocka_unit_test_setup_teardown(test, api_setup, api_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_API(what_does_not_count_down_says_why),
        ON_API(an_idle_instance_counts_down_to_standby),
        ON_API(connections_show_and_hold_it),
        ON_API(a_later_hold_replaces_the_earlier_one),
        ON_API(standby_cannot_be_held_and_bodies_are_ignored),
        ON_API(on_other_hosts_it_is_unsupported),
        ON_API(a_bad_auto_standby_policy_is_refused),
        ON_API(an_auto_standby_policy_is_shown_normalised),
        ON_API(health_status_tells_what_probes_found),
        ON_API(a_bad_health_check_is_refused),
        ON_API(restart_status_tells_what_the_policy_did),
        ON_API(an_unhealthy_instance_is_restarted),
        ON_API(the_server_restarts_at_once),
        ON_API(a_restart_policy_is_judged_unless_it_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
