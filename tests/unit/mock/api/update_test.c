/* PATCH of an instance, and the deadline that create and PATCH give it: instances.md section 9,
 * newest.md section 2. What happens at the deadline: tests/unit/mock/domain/expiry_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/script.h"

#define WEB "{'name':'web','image':'nginx'}"
#define CREDENTIAL(name, variable)                                                                 \
    "'" name "':{'source':{'env':'" variable                                                       \
    "'},'inject':[{'as':{'header':'H','format':'${value}'}}"                                       \
    "]}"
#define SECRETIVE                                                                                  \
    "{'name':'web','image':'nginx','env':{'B':'b','A':'a','PLAIN':'p'},'network':{'egress':{"      \
    "'enabled':true}},'credentials':{" CREDENTIAL("one", "B") "," CREDENTIAL(                      \
        "two", "A") "," CREDENTIAL("three", "A") "}}"

#define INVALID(text)     REFUSED(400, "invalid_request", text)
#define PATCH_ERROR(text) BODY_ERROR("UpdateInstanceRequest", "Error at " text)
#define STATE(text)       REFUSED(409, "invalid_state", "invalid state transition: " text)
#define NOTHING                                                                                    \
    INVALID("invalid request: request must include env, auto_standby, health_check, "              \
            "restart_policy, ttl, and/or expires_at")

static void a_patch_is_judged_by_its_schema(void **state)
{
#define NO_NULL(member) PATCH_ERROR("\"/" member "\": Value is not nullable")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "PATCH /instances/web", NULL, /* INST-U-001 */
          BAD_REQUEST("request body has an error: value is required but missing") },
        { "PATCH /instances/nobody", "{'env':{}}", /* INST-U-002 */
          PATCH_ERROR("\"/env\": there must be at least 1 properties") },
        { "PATCH /instances/web", "{'env':null}", NO_NULL("env") }, /* INST-U-003 */
        { "PATCH /instances/web", "{'auto_standby':null}", NO_NULL("auto_standby") },
        { "PATCH /instances/web", "{'health_check':null}", NO_NULL("health_check") },
        { "PATCH /instances/web", "{'restart_policy':null}", NO_NULL("restart_policy") },
        { "PATCH /instances/web", "{'ttl':null}", NO_NULL("ttl") }, /* NEW-046 */
        { "PATCH /instances/web", "{'expires_at':null}", NO_NULL("expires_at") },
        { "PATCH /instances/web", "{'ttl':1}", /* NEW-047 */
          PATCH_ERROR("\"/ttl\": value must be a string") },
        { "PATCH /instances/web", "{'expires_at':1}",
          PATCH_ERROR("\"/expires_at\": value must be a string") },
        { "PATCH /instances/web", "{'env':{'A':1}}",
          PATCH_ERROR("\"/env/A\": value must be a string") },
        { "PATCH /instances/nobody", "{}", UNKNOWN_ID },
        { "PATCH /instances/web", "{}", NOTHING }, /* INST-U-010, NEW-051 */
        { "PATCH /instances/web", "{'name':'new','tags':{'a':'b'},'vcpus':4}", NOTHING },
        { "GET /instances/web", NULL, OK("'name':'web'", "'vcpus':2"),
          .lacks = { "tags" } }, /* INST-N-006, INST-T-004 */
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void each_policy_is_replaced_as_a_whole(void **state)
{
#define NONE_CHECK                                                                                 \
    "'health_check':{'failure_threshold':3,'interval':'10s','start_period':'30s',"                 \
    "'success_threshold':1,'timeout':'2s','type':'none'}"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "PATCH /instances/web", /* INST-U-011, INST-U-037 */
          "{'auto_standby':{'enabled':true,'idle_timeout':' 90s','ignore_destination_ports':[443,"
          "22,443],'ignore_source_cidrs':['10.1.2.3/8']}}",
          OK("'auto_standby':{'enabled':true,'idle_timeout':'1m30s','ignore_destination_ports':[22,"
             "443],'ignore_source_cidrs':['10.0.0.0/8']}", "'state':'Initializing'") },
        { "PATCH /instances/web", "{'auto_standby':{'enabled':true,'idle_timeout':'5m'}}",
          OK("'auto_standby':{'enabled':true,'idle_timeout':'5m0s'}") },
        { "PATCH /instances/web", "{'auto_standby':{}}", /* INST-U-012 */
          OK("'auto_standby':{'enabled':false}") },
        { "PATCH /instances/web", "{'auto_standby':{'enabled':true}}", /* INST-U-013 */
          INVALID("invalid request: auto_standby.idle_timeout is required when enabled") },
        { "GET /instances/web", NULL, OK("'auto_standby':{'enabled':false}") },
        { "POST /instances/web/stop", NULL, OK(), .before = { .wait_ms = 1000 } },
        { "PATCH /instances/web", /* INST-U-014 */
          "{'health_check':{'type':'http','interval':'60s','http':{'port':80}}}",
          OK("'health_check':{'failure_threshold':3,'http':{'expected_status':200,'path':'/',"
             "'port':80,'scheme':'http'},'interval':'60s','start_period':'30s',"
             "'success_threshold':1,'timeout':'2s','type':'http'}", "'status':'unknown'") },
        { "PATCH /instances/web", "{'health_check':{}}", /* INST-U-015 */
          OK(NONE_CHECK, "'status':'disabled'") },
        { "PATCH /instances/web", "{'health_check':{'type':'tcp'}}", /* INST-U-016 */
          REFUSED(400, "invalid_health_check",
                  "health_check.tcp is required when type is tcp") },
        { "PATCH /instances/web", "{'restart_policy':{'policy':'always','backoff':'90s'}}",
          OK("'restart_policy':{'backoff':'1m30s','policy':'always','stable_after':'10m0s'}",
             NONE_CHECK) }, /* INST-U-018 */
        { "PATCH /instances/web", "{'restart_policy':{'policy':'on_failure','max_attempts':2}}",
          OK("'restart_policy':{'backoff':'5s','max_attempts':2,'policy':'on_failure',"
             "'stable_after':'10m0s'}") },
        { "PATCH /instances/web", "{'restart_policy':{'policy':'always','backoff':'0s'}}",
          REFUSED(400, "invalid_restart_policy", /* INST-U-020 */
                  "restart_policy.backoff must be positive") },
        { "PATCH /instances/web", "{'restart_policy':{}}", OK(NONE_CHECK), /* INST-U-019 */
          .lacks = { "restart_policy" } },
        /* No PATCH moves state, phases or times (INST-U-036). */
        { "GET /instances/web", NULL, OK("'state':'Stopped'",
          "'stopped_at':'2026-01-01T00:00:01Z'", "'current_phase_since':'2026-01-01T00:00:01Z'",
          "'started_at':'2026-01-01T00:00:00Z'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_check_must_be_able_to_reach_its_guest(void **state) /* INST-U-017 */
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','skip_guest_agent':true,'network':{"
          "'enabled':false}}", CREATED() },
        { "PATCH /instances/web", "{'health_check':{'type':'http','http':{'port':80}}}",
          INVALID("invalid request: http health checks require network.enabled=true") },
        { "PATCH /instances/web", "{'health_check':{'type':'tcp','tcp':{'port':80}}}",
          INVALID("invalid request: tcp health checks require network.enabled=true") },
        { "PATCH /instances/web", "{'health_check':{'type':'exec','exec':{'command':['a']}}}",
          INVALID("invalid request: exec health checks require skip_guest_agent=false") },
        { "PATCH /instances/web", "{'health_check':{'type':'none'}}", OK() },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

#define LONG_NAME                                                                                  \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"                                                                                          \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaa"

static void only_variables_of_credentials_are_updated(void **state)
{
#define FOREIGN(keys)                                                                              \
    INVALID("invalid request: env keys [" keys "] are not credential source env vars; allowed "    \
            "keys: [A B]")
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", SECRETIVE, CREATED("'env':{'A':'a','B':'b','PLAIN':'p'}") },
        { "PATCH /instances/web", "{'env':{'B':'new'}}", /* INST-U-034, INST-J-003 */
          OK("'env':{'A':'a','B':'new','PLAIN':'p'}", "'state':'Initializing'"),
          .lacks = { "credentials" } },
        { "PATCH /instances/web", "{'env':{'Z':'1','PLAIN':'2','A':'3'}}", /* INST-U-031 */
          FOREIGN("PLAIN Z") },
        { "PATCH /instances/web", "{'env':{'':'1'}}", FOREIGN("") },
        /* cut, not let by */
        { "PATCH /instances/web", "{'env':{'" LONG_NAME "':'1'}}", FOREIGN("") },
        { "PATCH /instances/web", "{'env':{'A':' '}}", /* INST-U-033 */
          INVALID("invalid request: env var \"A\" must be non-empty when referenced by "
                  "credentials[\"three\"]") },
        /* Nothing of a refused PATCH happens (INST-U-035, NEW-053). */
        { "PATCH /instances/web", "{'env':{'A':''},'auto_standby':{},'restart_policy':{'policy':"
          "'always'},'health_check':{},'ttl':'1h'}",
          INVALID("invalid request: env var \"A\" must be non-empty when referenced by "
                  "credentials[\"three\"]") },
        { "GET /instances/web", NULL, OK("'env':{'A':'a','B':'new','PLAIN':'p'}",
          "'expires_at':null"), .lacks = { "auto_standby", "restart_policy", "health_check\":" } },
        { "POST /instances/web/stop", NULL, OK() },
        { "PATCH /instances/web", "{'env':{'A':''}}", /* INST-U-032; before the values */
          STATE("instance must be running or initializing to update env (current state: "
                "Stopped)") },
        { "PATCH /instances/web", "{'env':{'Z':''}}", FOREIGN("Z") }, /* the keys come before it */
        { "POST /instances", "{'name':'plain','image':'nginx','env':{'A':'a'}}", CREATED() },
        { "PATCH /instances/plain", "{'env':{'A':'b'}}", /* INST-U-030 */
          INVALID("invalid request: instance has no credential-backed env vars to update") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* --- the deadline ----------------------------------------------------------------------------- */

#define EXCLUSIVE INVALID("ttl and expires_at are mutually exclusive")
#define TTL(text) REFUSED(400, "invalid_ttl", text)
#define PAST      REFUSED(400, "invalid_expires_at", "invalid expires_at: must be in the future")
#define TOO_LATE  "instance expired: expiration deadline has passed"
#define EXPIRED   REFUSED(409, "instance_expired", TOO_LATE)

static void a_deadline_is_set_moved_and_cleared(void **state) /* NEW-030 */
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'a','image':'nginx','ttl':'90m'}", /* NEW-033 */
          CREATED("'created_at':'2026-01-01T00:00:00Z'", "'expires_at':'2026-01-01T01:30:00Z'",
                  "'expires_at':'2026-01-01T01:30:00Z','has_snapshot'"), /* NEW-031 */
          .lacks = { "'ttl'" } },
        { "POST /instances", "{'name':'b','image':'nginx','ttl':'0s'}", /* NEW-034 */
          CREATED("'expires_at':null") },
        { "POST /instances", "{'name':'c','image':'nginx','ttl':'-0s'}",
          CREATED("'expires_at':null") },
        { "POST /instances", "{'name':'d','image':'nginx','ttl':'0'}",
          CREATED("'expires_at':null") },
        { "POST /instances", WEB, CREATED("'expires_at':null") },
        { "POST /instances", /* NEW-032; digits are cut */
          "{'name':'e','image':'nginx','expires_at':'2026-01-01T14:00:00.1234567899+02:00'}",
          CREATED("'expires_at':'2026-01-01T12:00:00.123456789Z'") },
        { "GET /instances", NULL, OK("'expires_at':'2026-01-01T12:00:00.123456789Z'",
          "'expires_at':null", "'expires_at':'2026-01-01T01:30:00Z'") },
        /* NEW-035 */
        { "PATCH /instances/web", "{'ttl':'1h'}", OK("'expires_at':'2026-01-01T01:00:01Z'"),
          .before = { .wait_ms = 1000 } },
        { "PATCH /instances/web", "{'expires_at':'2026-01-02T00:00:00Z'}",
          OK("'expires_at':'2026-01-02T00:00:00Z'") },
        { "PATCH /instances/web", "{'auto_standby':{}}",
          OK("'expires_at':'2026-01-02T00:00:00Z'") },
        { "PATCH /instances/web", "{'ttl':'0s'}", OK("'expires_at':null") },
        /* NEW-036 */
        { "PATCH /instances/web", "{'ttl':'10m','restart_policy':{'policy':'always'}}",
          OK("'expires_at':'2026-01-01T00:10:01Z'", "'policy':'always'") },
        /* It stays through everything an instance can do (NEW-070). */
        { "POST /instances/web/standby", NULL, OK("'expires_at':'2026-01-01T00:10:01Z'") },
        { "PATCH /instances/web", "{'ttl':'20m'}",
          OK("'expires_at':'2026-01-01T00:20:01Z'", "'state':'Standby'", "'has_snapshot':true",
             "'stopped_at':'2026-01-01T00:00:01Z'") },
        { "POST /instances/web/restore", NULL, OK("'expires_at':'2026-01-01T00:20:01Z'") },
        { "POST /instances/web/stop", NULL, OK("'expires_at':'2026-01-01T00:20:01Z'") },
        { "PATCH /instances/web", "{'ttl':'30m'}",
          OK("'expires_at':'2026-01-01T00:30:01Z'", "'state':'Stopped'", "'exit_code':143") },
        { "POST /instances/web/start", "{}", OK("'expires_at':'2026-01-01T00:30:01Z'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_bad_deadline_is_refused(void **state)
{
#define DATE_TIME                                                                                  \
    "string doesn't match the format \"date-time\": string doesn't match pattern "                 \
    "\"^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])T([0-1][0-9]|2[0-3]):[0-5][0-9]:"       \
    "([0-5][0-9]|60)(\\.[0-9]+)?(Z|(\\+|-)[0-9]{2}:[0-9]{2})?$\""
#define NO_DATE PATCH_ERROR("\"/expires_at\": " DATE_TIME)
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", WEB, CREATED() },
        { "PATCH /instances/web", "{'ttl':'0s','expires_at':'2027-01-01T00:00:00Z'}", EXCLUSIVE },
        { "POST /instances", /* NEW-040 */
          "{'name':'a','image':'nginx','ttl':'x','expires_at':'2020-01-01T00:00:00Z'}", EXCLUSIVE },
        { "PATCH /instances/web", "{'ttl':''}", /* NEW-041 */
          TTL("ttl must be a valid duration: time: invalid duration \"\"") },
        { "PATCH /instances/web", "{'ttl':'5'}",
          TTL("ttl must be a valid duration: time: missing unit in duration \"5\"") },
        { "POST /instances", "{'name':'a','image':'nginx','ttl':'1d'}",
          TTL("ttl must be a valid duration: time: unknown unit \"d\" in duration \"1d\"") },
        { "PATCH /instances/web", "{'ttl':'-1ns'}", TTL("ttl cannot be negative") }, /* NEW-042 */
        /* equal counts */
        { "PATCH /instances/web", "{'expires_at':'2026-01-01T00:00:00Z'}", PAST },
        { "PATCH /instances/web", "{'expires_at':'2025-12-31T23:59:59.999999999Z'}", PAST },
        { "PATCH /instances/web", "{'expires_at':'1960-01-01T00:00:00Z'}", PAST },
        { "POST /instances", "{'name':'a','image':'nginx','expires_at':'1970-01-01T00:00:00Z'}",
          PAST }, /* NEW-043 */
        { "PATCH /instances/web", "{'expires_at':'2026-01-01T00:00:00.000000001Z'}",
          OK("'expires_at':'2026-01-01T00:00:00.000000001Z'") },
        { "PATCH /instances/web", "{'expires_at':'2026-01-02'}", NO_DATE }, /* NEW-044 */
        { "PATCH /instances/web", "{'expires_at':'2026-01-02 00:00:00Z'}", NO_DATE },
        { "PATCH /instances/web", "{'expires_at':'2026-01-02t00:00:00Z'}", NO_DATE },
        { "PATCH /instances/web", "{'expires_at':'2026-01-02T00:00:00z'}", NO_DATE },
        { "PATCH /instances/web", "{'expires_at':'2026-13-02T00:00:00Z'}", NO_DATE },
        { "PATCH /instances/web", "{'expires_at':''}", NO_DATE },
        { "GET /instances/a", NULL, UNKNOWN_ID },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

static void a_passed_deadline_cannot_be_moved_any_more(void **state)
{
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances", "{'name':'web','image':'nginx','ttl':'1s'}", CREATED() },
        { "PATCH /instances/web", "{'ttl':'1h'}", EXPIRED, /* NEW-048 */
          .before = { .wait_ms = 1000 } },
        { "PATCH /instances/web", "{'ttl':'0s'}", EXPIRED },
        { "PATCH /instances/web", "{'expires_at':'2027-01-01T00:00:00Z','auto_standby':{}}",
          EXPIRED },
        { "GET /instances/web", NULL, OK("'expires_at':'2026-01-01T00:00:01Z'"), /* NEW-061 */
          .lacks = { "auto_standby" } },
        { "PATCH /instances/web", "{'auto_standby':{}}",
          OK("'expires_at':'2026-01-01T00:00:01Z'") },
        { "POST /instances/web/standby", NULL, OK() }, /* NEW-050 */
        { "POST /instances/web/restore", NULL, OK() },
        { "PATCH /instances/web", "{'ttl':'1h'}", UNKNOWN_ID, /* NEW-049 */
          .before = { .wait_ms = 60000 } },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

/* --- order: NEW-053 --------------------------------------------------------------------------- */

/* Everything wrong at once; each step mends what the one before was refused for. */
static void the_first_fault_of_a_patch_is_the_one_reported(void **state)
{
#define BAD_CHECK   "'health_check':{'type':'tcp'}"
#define FAR_CHECK   "'health_check':{'type':'exec','exec':{'command':['a']}}"
#define BAD_RESTART "'restart_policy':{'policy':'always','backoff':'x'}"
#define BAD_STANDBY "'auto_standby':{'enabled':true}"
#define BOTH        "'ttl':'x','expires_at':'2020-01-01T00:00:00Z'"
#define BAD_ENV     "'env':{'Z':''}"
    /* clang-format off */
    static const struct step steps[] = {
        { "POST /instances",
          "{'name':'web','image':'nginx','skip_guest_agent':true,'ttl':'1s','env':"
          "{'A':'a'},'network':{'egress':{'enabled':true}},'credentials':{"
          CREDENTIAL("one", "A") "}}", CREATED() },
        { "POST /instances/web/stop", NULL, OK(), .before = { .wait_ms = 500 } },
        { "PATCH /instances/web",
          "{" BAD_CHECK "," BAD_RESTART "," BAD_STANDBY "," BOTH "," BAD_ENV "}",
          REFUSED(400, "invalid_health_check", "health_check.tcp is required when type is tcp"),
          .before = { .wait_ms = 1000 } },
        { "PATCH /instances/web",
          "{" FAR_CHECK "," BAD_RESTART "," BAD_STANDBY "," BOTH "," BAD_ENV "}",
          REFUSED(400, "invalid_restart_policy", "restart_policy.backoff must be a valid duration: "
                                                 "time: invalid duration \"x\"") },
        { "PATCH /instances/web", "{" FAR_CHECK "," BAD_STANDBY "," BOTH "," BAD_ENV "}",
          EXCLUSIVE },
        { "PATCH /instances/web", "{" FAR_CHECK "," BAD_STANDBY ",'ttl':'x'," BAD_ENV "}",
          TTL("ttl must be a valid duration: time: invalid duration \"x\"") },
        { "PATCH /instances/web",
          "{" FAR_CHECK "," BAD_STANDBY ",'expires_at':'2020-01-01T00:00:00Z'," BAD_ENV "}",
          INVALID("invalid request: auto_standby.idle_timeout is required when enabled") },
        { "PATCH /instances/web",
          "{" FAR_CHECK ",'expires_at':'2020-01-01T00:00:00Z'," BAD_ENV "}",
          INVALID("invalid request: exec health checks require skip_guest_agent=false") },
        { "PATCH /instances/web", "{'expires_at':'2020-01-01T00:00:00Z'," BAD_ENV "}",
          INVALID("invalid request: env keys [Z] are not credential source env vars; allowed keys: "
                  "[A]") },
        { "PATCH /instances/web", "{'expires_at':'2020-01-01T00:00:00Z','env':{'A':''}}", EXPIRED },
        { "POST /instances", "{'name':'other','image':'nginx','env':{'A':'a'},'network':{'egress':{"
          "'enabled':true}},'credentials':{" CREDENTIAL("one", "A") "}}", CREATED() },
        { "POST /instances/other/stop", NULL, OK() },
        { "PATCH /instances/other", "{'expires_at':'2020-01-01T00:00:00Z','env':{'A':''}}", PAST },
        { "PATCH /instances/other", "{'ttl':'1h','env':{'A':''}}",
          STATE("instance must be running or initializing to update env (current state: "
                "Stopped)") },
        { "POST /instances/other/start", "{}", OK("'expires_at':null") },
        { "PATCH /instances/other", "{'ttl':'1h','env':{'A':''}}",
          INVALID("invalid request: env var \"A\" must be non-empty when referenced by "
                  "credentials[\"one\"]") },
        { "PATCH /instances/other", "{'ttl':'1h','env':{'A':'b'}}",
          OK("'env':{'A':'b'}", "'expires_at':'2026-01-01T01:00:01.5Z'") },
    };
    /* clang-format on */
    play(*state, steps, ARRAY_LEN(steps));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_patch_is_judged_by_its_schema),
        TEST(each_policy_is_replaced_as_a_whole),
        TEST(a_check_must_be_able_to_reach_its_guest),
        TEST(only_variables_of_credentials_are_updated),
        TEST(a_deadline_is_set_moved_and_cleared),
        TEST(a_bad_deadline_is_refused),
        TEST(a_passed_deadline_cannot_be_moved_any_more),
        TEST(the_first_fault_of_a_patch_is_the_one_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
