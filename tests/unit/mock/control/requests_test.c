/* What the control API refuses, and how it says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "mock/control/control_call.h"
#include "tests/unit/mock/control/control_fixture.h"

static const struct {
    enum http_method method;
    const char *target;
    const char *body;
    int status;
    const char *part;  /* of the answer           */
    const char *field; /* that is named; "": none */
} bad[] = {
    /* paths and methods */
    { HTTP_POST, "/_mock", NULL, 405, "/_mock takes GET only", "" },
    { HTTP_POST, "/_mock/", NULL, 405, "/_mock/ takes GET only", "" },
    { HTTP_GET, "/_mock//", NULL, 404, "the control API has no /_mock//;", "" },
    { HTTP_GET, "/_mock/page.html", NULL, 404, "not_found", "" },
    { HTTP_GET, "/_mock/?x=1", NULL, 400, "/_mock takes no query parameter", "query" },
    { HTTP_GET, "/_mock/world", NULL, 404, "not_found", "" },
    { HTTP_GET, "/_mock/worlds/", NULL, 404, "not_found", "" },
    { HTTP_GET, "/_mock/worlds/a/b", NULL, 404, "not_found", "" },
    { HTTP_GET, "/_mock//worlds", NULL, 404, "not_found", "" },
    { HTTP_PUT, "/_mock/worlds", "{}", 405, "/_mock/worlds takes GET, POST only", "" },
    { HTTP_GET, "/_mock/reset", NULL, 405, "/_mock/reset takes POST only", "" },
    { HTTP_TRACE, "/_mock/clock", NULL, 405, "method_not_allowed", "" },
    { HTTP_GET, "/_mock/worlds/%zz", NULL, 400, "invalid URL escape", "" },
    { HTTP_GET, "/_mock/worlds/nobody", NULL, 404, "there is no world named nobody", "name" },
    { HTTP_DELETE, "/_mock/worlds/nobody", NULL, 404, "there is no world named nobody", "name" },
    { HTTP_DELETE, "/_mock/worlds/default", NULL, 409, "the default world always exists", "name" },
    /* queries and bodies */
    { HTTP_GET, "/_mock/clock?mode=auto", NULL, 400, "takes no query parameter \\\"mode\\\"",
      "query" },
    { HTTP_GET, "/_mock/clock", "{}", 400, "/_mock/clock takes no body", "" },
    { HTTP_POST, "/_mock/reset", "{}", 400, "/_mock/reset takes no body", "" },
    { HTTP_PUT, "/_mock/clock", NULL, 400, "a JSON object is needed in the body", "" },
    { HTTP_PUT, "/_mock/clock", "{\"mode\"", 400, "the body is not JSON: ", "" },
    { HTTP_PUT, "/_mock/clock", "{} {}", 400, "the body is not JSON: ", "" },
    { HTTP_PUT, "/_mock/clock", "[]", 400, "must be a JSON object", "" },
    { HTTP_POST, "/_mock/worlds", "\"a\"", 400, "must be a JSON object", "" },
    /* worlds */
    { HTTP_POST, "/_mock/worlds", "{\"nam\":\"a\"}", 400,
      "unknown member \\\"nam\\\"; did you mean", "nam" },
    { HTTP_POST, "/_mock/worlds", "{\"name\":7}", 400, "name must be a string", "name" },
    { HTTP_POST, "/_mock/worlds", "{\"name\":\"\"}", 400, "1 to 63 letters", "name" },
    { HTTP_POST, "/_mock/worlds", "{\"name\":\"-a\"}", 400, "beginning with a letter", "name" },
    { HTTP_POST, "/_mock/worlds", "{\"name\":\"a/b\"}", 400, "1 to 63 letters", "name" },
    { HTTP_POST, "/_mock/worlds", "{\"name\":\"a\\u0000\"}", 400, "1 to 63 letters", "name" },
    { HTTP_POST, "/_mock/worlds",
      "{\"name\":\"0123456789012345678901234567890123456789012345678901234567890123\"}", 400,
      "1 to 63 letters", "name" },
    { HTTP_POST, "/_mock/worlds", "{\"name\":\"default\"}", 409, "already_exists", "name" },
    { HTTP_POST, "/_mock/worlds", "{\"from\":\"nobody\"}", 404, "no world named nobody", "from" },
    { HTTP_POST, "/_mock/worlds", "{\"from\":1}", 400, "from must be a string", "from" },
    { HTTP_POST, "/_mock/worlds", "{\"ttl\":\"1d\"}", 400, "ttl must be a duration", "ttl" },
    { HTTP_POST, "/_mock/worlds", "{\"ttl\":\"0s\"}", 400, "ttl must be more than 0", "ttl" },
    { HTTP_POST, "/_mock/worlds", "{\"ttl\":\"-1s\"}", 400, "ttl must be more than 0", "ttl" },
    { HTTP_POST, "/_mock/worlds", "{\"ttl\":60}", 400, "ttl must be a string", "ttl" },
    { HTTP_POST, "/_mock/worlds", "{\"clock\":\"vitual\"}", 400, "did you mean \\\"virtual\\\"?",
      "clock" },
    { HTTP_POST, "/_mock/worlds", "{\"clock\":\"x\"}", 400, "must be one of: real, virtual, auto",
      "clock" },
    { HTTP_POST, "/_mock/worlds", "{\"seed\":-1}", 400, "seed must be 0 or more", "seed" },
    { HTTP_POST, "/_mock/worlds", "{\"seed\":1.5}", 400, "seed must be an integer", "seed" },
    { HTTP_POST, "/_mock/worlds", "{\"seed\":1,\"from\":\"default\"}", 400,
      "seed has no meaning with from", "seed" },
    { HTTP_POST, "/_mock/reset?keep=clock", NULL, 400, "keep must be faults", "keep" },
    /* faults */
    { HTTP_GET, "/_mock/faults/fault-1", NULL, 404, "there is no fault fault-1 in this", "id" },
    { HTTP_DELETE, "/_mock/faults/fault-01", NULL, 404, "there is no fault fault-01", "id" },
    { HTTP_POST, "/_mock/faults", NULL, 400, "a JSON object is needed", "" },
    { HTTP_POST, "/_mock/faults", "7", 400, "must be a JSON object", "" },
    { HTTP_POST, "/_mock/faults", "{}", 400, "effect is missing", "effect" },
    { HTTP_POST, "/_mock/faults", "[7]", 400, "[0] must be an object", "[0]" },
    { HTTP_POST, "/_mock/faults", "[{\"effect\":\"empty\"},{\"effect\":\"emty\"}]", 400,
      "did you mean \\\"empty\\\"?", "[1].effect" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"explode\"}", 400, "must be one of: status,",
      "effect" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"tims\":1}", 400,
      "unknown member \\\"tims\\\"; did you mean", "tims" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"times\":0}", 400,
      "times must be between 1 and", "times" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"skip\":-1}", 400,
      "skip must be between 0 and", "skip" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"skip\":\"1\"}", 400,
      "skip must be an integer", "skip" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"probability\":1.01}", 400,
      "must be a number from 0 to 1", "probability" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"seed\":1e30}", 400, "seed must be",
      "seed" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":[]}", 400,
      "match must be an object", "match" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":{\"op\":1}}", 400,
      "unknown member", "match.op" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"empty\",\"match\":{\"operation\":\"createInstanc\"}}", 400,
      "did you mean \\\"createInstance\\\"?", "match.operation" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":{\"method\":\"post\"}}", 400,
      "match.method must be a method", "match.method" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":{\"path\":\"instances\"}}", 400,
      "match.path is not understood", "match.path" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":{\"path\":\"/a/{id}\"}}", 400,
      "match.path must have *", "match.path" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":{\"tags\":{\"a\":1}}}", 400,
      "match.tags.a must be a string", "match.tags.a" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"match\":{\"status\":201}}", 400,
      "cannot be known where the operation does not happen", "match.status" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"drip\",\"bytes_per_second\":1,\"match\":{\"status\":99}}", 400,
      "must be between 100 and 599", "match.status" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"status\"}", 400,
      "status is needed with \\\"status\\\"", "status" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"status\",\"status\":600}", 400,
      "status must be between 200 and 599", "status" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"status\":500}", 400,
      "status has no meaning with \\\"empty\\\"", "status" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"hang\",\"delay\":\"1s\"}", 400,
      "delay has no meaning with \\\"hang\\\"", "delay" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"status\",\"status\":503,\"retry_after\":2}", 400,
      "retry_after must be a string", "retry_after" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"status\",\"status\":503,\"headers\":{\"a b\":\"c\"}}", 400,
      "must be a header's name", "headers.a b" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"status\",\"status\":503,\"headers\":{\"a\":\"b\\r\\nc\"}}", 400,
      "with a value of one line", "headers.a" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"status\",\"status\":503,\"headers\":{\"connection\":\"x\"}}", 400,
      "is the server's own header", "headers.connection" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"status\",\"status\":503,\"headers\":{\"a\":\"\",\"b\":\"\",\"c\":\"\","
      "\"d\":\"\",\"e\":\"\",\"f\":\"\",\"g\":\"\"}}",
      400, "headers must have at most 6 members", "headers" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"drip\"}", 400, "bytes_per_second is needed",
      "bytes_per_second" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"drip\",\"bytes_per_second\":0}", 400,
      "bytes_per_second must be between 1 and", "bytes_per_second" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"reset\",\"after_bytes\":-1}", 400,
      "after_bytes must be between 0 and", "after_bytes" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"stall\",\"after_events\":0.5}", 400,
      "after_events must be an integer", "after_events" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"delay\"}", 400, "delay is needed with", "delay" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"delay\",\"delay\":\"soon\"}", 400,
      "delay must be a duration", "delay" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"delay\",\"delay\":\"25h\"}", 400,
      "delay must be at most 24h", "delay" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"delay\",\"delay\":{\"min\":\"1s\"}}", 400,
      "delay must be a duration, {", "delay" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"delay\",\"delay\":{\"min\":\"2s\",\"max\":\"1s\"}}", 400,
      "must have a min that is at most its max", "delay" },
    { HTTP_POST, "/_mock/faults",
      "{\"effect\":\"delay\",\"delay\":{\"median\":\"2s\",\"sigma\":11}}", 400,
      "must be a number from 0 to 10", "delay.sigma" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"empty\",\"by\":\"reset\"}", 400,
      "by has a meaning with", "by" },
    { HTTP_POST, "/_mock/faults", "{\"effect\":\"lose-request\",\"by\":\"lose-request\"}", 400,
      "by must be one of", "by" },
    /* the clock */
    { HTTP_PUT, "/_mock/clock", "{\"now\":\"yesterday\"}", 400, "now must be a time in RFC 3339",
      "now" },
    { HTTP_PUT, "/_mock/clock", "{\"now\":1767225600}", 400, "now must be a string", "now" },
    { HTTP_PUT, "/_mock/clock", "{\"now\":\"2200-01-01T00:00:00Z\"}", 400,
      "now must be between 1970 and 2200", "now" },
    { HTTP_PUT, "/_mock/clock", "{\"now\":\"1969-12-31T23:59:59Z\"}", 400,
      "now must be between 1970 and 2200", "now" },
    { HTTP_PUT, "/_mock/clock", "{\"now\":\"2025-12-31T00:00:00Z\"}", 409,
      "now is before the world's time, 2026-01-01T00:00:00Z", "now" },
    { HTTP_PUT, "/_mock/clock", "{\"mode\":\"manual\"}", 400, "mode", "mode" },
    { HTTP_PUT, "/_mock/clock", "{\"speed\":2}", 400, "unknown member", "speed" },
    { HTTP_POST, "/_mock/clock/advance", "{}", 400, "say one of", "" },
    { HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\",\"to\":\"next-event\"}", 400, "say one of",
      "" },
    { HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1 s\"}", 400, "by must be a duration", "by" },
    { HTTP_POST, "/_mock/clock/advance", "{\"by\":\"-1s\"}", 400, "by must be more than 0", "by" },
    { HTTP_POST, "/_mock/clock/advance", "{\"by\":\"2540400h\"}", 400,
      "the clocks end with the year 2199", "" },
    { HTTP_POST, "/_mock/clock/advance", "{\"to\":\"next\"}", 400, "to ", "to" },
    { HTTP_POST, "/_mock/clock/advance", "{\"to\":\"next-event\"}", 409,
      "nothing happens in this world by itself", "to" },
    { HTTP_POST, "/_mock/clock/advance", "{\"by\":\"1s\",\"at_most\":\"1s\"}", 400,
      "at_most has a meaning with until only", "at_most" },
    { HTTP_POST, "/_mock/clock/advance", "{\"until\":\"Running\"}", 400, "until must be an object",
      "until" },
    { HTTP_POST, "/_mock/clock/advance",
      "{\"until\":{\"instance\":\"vm\",\"state\":\"Running\",\"x\":1}}", 400, "unknown member",
      "until.x" },
    { HTTP_POST, "/_mock/clock/advance", "{\"until\":{}}", 400, "until.instance",
      "until.instance" },
    { HTTP_POST, "/_mock/clock/advance", "{\"until\":{\"instance\":\"vm\"}}", 400, "until.state",
      "until.state" },
    { HTTP_POST, "/_mock/clock/advance", "{\"until\":{\"instance\":\"vm\",\"state\":\"running\"}}",
      400, "did you mean \\\"Running\\\"?", "until.state" },
    { HTTP_POST, "/_mock/clock/advance", "{\"until\":{\"instance\":\"vm\",\"state\":\"Running\"}}",
      404, "until.instance: resource not found", "until.instance" },
    /* the journal */
    { HTTP_GET, "/_mock/journal?color=red", NULL, 400, "no query parameter \\\"color\\\"",
      "query" },
    { HTTP_GET, "/_mock/journal?limit=0", NULL, 400, "from 1 to 10000", "limit" },
    { HTTP_GET, "/_mock/journal?limit=ten", NULL, 400, "from 1 to 10000", "limit" },
    { HTTP_GET, "/_mock/journal?operation=createInstanc", NULL, 400,
      "did you mean \\\"createInstance\\\"?", "operation" },
    { HTTP_GET, "/_mock/journal?operation=", NULL, 400, "operation: a value is needed",
      "operation" },
    { HTTP_GET, "/_mock/journal?method=get", NULL, 400, "is not a method", "method" },
    { HTTP_GET, "/_mock/journal?status=99", NULL, 400, "is no status", "status" },
    { HTTP_GET, "/_mock/journal?status=6xx", NULL, 400, "is no status", "status" },
    { HTTP_GET, "/_mock/journal?outcome=lots", NULL, 400, "did you mean \\\"lost\\\"?", "outcome" },
    { HTTP_GET, "/_mock/journal?since=7", NULL, 400, "no id of a request in this world", "since" },
    { HTTP_GET, "/_mock/journal?since=other-7", NULL, 400, "such as default-1", "since" },
    { HTTP_GET, "/_mock/journal?until=default-99999999999999999999", NULL, 400, "is no id",
      "until" },
    { HTTP_GET, "/_mock/journal?until=2200-01-01T00:00:00Z", NULL, 400, "between 1970 and 2200",
      "until" },
    { HTTP_GET, "/_mock/journal/stream?limit=3", NULL, 400, "no query parameter", "query" },
    { HTTP_DELETE, "/_mock/journal?limit=3", NULL, 400, "no query parameter", "query" },
    { HTTP_POST, "/_mock/verify", "{}", 400, "expectations", "expectations" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[]}", 400, "1 to 100", "expectations" },
    { HTTP_POST, "/_mock/verify", "{\"expectation\":[]}", 400, "did you mean", "expectation" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[1]}", 400, "must be an object",
      "expectations[0]" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{}]}", 400, "must have one of",
      "expectations[0]" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"never\":{},\"exactly\":1}]}", 400,
      "must have one of", "expectations[0]" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"exactly\":1}]}", 400, "of",
      "expectations[0].of" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"exactly\":-1,\"of\":{}}]}", 400,
      "must be 0 or more", "expectations[0].exactly" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"exactly\":\"1\",\"of\":{}}]}", 400,
      "must be an integer", "expectations[0].exactly" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"never\":{},\"of\":{}}]}", 400,
      "at_least and exactly only", "expectations[0].of" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"never\":{\"status\":77}}]}", 400,
      "is no status", "expectations[0].never.status" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"never\":{\"method\":1}}]}", 400,
      "\\\"1\\\" is not a method", "expectations[0].never.method" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"never\":{\"operatio\":\"x\"}}]}", 400,
      "did you mean", "expectations[0].never.operatio" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"in_order\":[]}]}", 400, "1 to 100",
      "expectations[0].in_order" },
    { HTTP_POST, "/_mock/verify", "{\"expectations\":[{\"in_order\":[{},7]}]}", 400,
      "must be an object", "expectations[0].in_order[1]" },
    { HTTP_GET, "/_mock/explain/", NULL, 404, "not_found", "" },
    { HTTP_GET, "/_mock/explain/default", NULL, 400, "is no X-Mock-Request-Id, such as default-1",
      "id" },
    { HTTP_GET, "/_mock/explain/-1", NULL, 400, "is no X-Mock-Request-Id", "id" },
    { HTTP_GET, "/_mock/explain/default-x", NULL, 400, "is no X-Mock-Request-Id", "id" },
    { HTTP_GET, "/_mock/explain/default-1", NULL, 404,
      "no request default-1: it was one of the "
      "control API",
      "id" },
    { HTTP_GET, "/_mock/explain/nobody-1", NULL, 404, "no request nobody-1", "id" },
    { HTTP_GET, "/_mock/coverage?format=text", NULL, 400, "no query parameter", "query" },
    { HTTP_GET, "/_mock/verdicts?kind=x", NULL, 400, "no query parameter", "query" },
    { HTTP_POST, "/_mock/journal", "{}", 405, "takes GET, DELETE only", "" },
    /* images and the host */
    { HTTP_PUT, "/_mock/images", "{\"condition\":\"missing\"}", 400, "image", "image" },
    { HTTP_PUT, "/_mock/images", "{\"image\":\"a b\",\"condition\":\"missing\"}", 400,
      "image: ", "image" },
    { HTTP_PUT, "/_mock/images", "{\"image\":\"alpine\"}", 400, "condition", "condition" },
    { HTTP_PUT, "/_mock/images", "{\"image\":\"alpine\",\"condition\":\"mising\"}", 400,
      "did you mean \\\"missing\\\"?", "condition" },
    { HTTP_PUT, "/_mock/capacity", "{\"cpu\":-1}", 400, "cpu must be between 0 and", "cpu" },
    { HTTP_PUT, "/_mock/capacity", "{\"memory_bytes\":9007199254740993}", 400,
      "memory_bytes must be between 0 and 9007199254740992", "memory_bytes" },
    { HTTP_PUT, "/_mock/capacity", "{\"disk_bytes\":\"1GB\"}", 400, "disk_bytes must be an integer",
      "disk_bytes" },
    /* transitions of nobody */
    { HTTP_GET, "/_mock/instances/vm", NULL, 404, "resource not found", "id" },
    { HTTP_POST, "/_mock/instances/vm/hold", "{\"transition\":\"boot\"}", 404, "resource not found",
      "id" },
    { HTTP_POST, "/_mock/instances/vm/exit", "{\"code\":1}", 404, "resource not found", "id" },
    { HTTP_POST, "/_mock/instances/vm/hold", NULL, 400, "a JSON object is needed in the body", "" },
    { HTTP_GET, "/_mock/instances/vm/hold", NULL, 405, "takes POST only", "" },
    { HTTP_GET, "/_mock/snapshots/s", NULL, 404, "snapshot not found", "id" },
    { HTTP_POST, "/_mock/snapshots/s/fail", "{\"transition\":\"compression\"}", 404,
      "snapshot not found", "id" },
};

static const char expected_world[] =
    "[{\"name\":\"default\",\"clock\":\"virtual\",\"now\":\"2026-01-01T00:00:00Z\","
    "\"instances\":0,\"snapshots\":0,\"waiting\":0,";

static void a_bad_request_is_refused_by_name_and_changes_nothing(void **state)
{
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char field[96];
        expect(f, bad[i].method, bad[i].target, bad[i].body, bad[i].status, bad[i].part);
        assert_memory_equal(f->answer, "{\"code\":\"", strlen("{\"code\":\""));
        snprintf(field, sizeof field, "\",\"field\":\"%s\"}\n", bad[i].field);
        if (bad[i].field[0] == '\0')
            strcpy(field, "\"}\n");
        const size_t len = strlen(f->answer);
        assert_true(len > strlen(field));
        if (strcmp(f->answer + len - strlen(field), field) != 0 ||
            (bad[i].field[0] == '\0' && strstr(f->answer, "\"field\"") != NULL))
            fail_msg("%s %s: %s does not end with %s", bad[i].target,
                     bad[i].body == NULL ? "" : bad[i].body, f->answer, field);
        expect(f, HTTP_GET, "/_mock/faults", NULL, 200, "[]");
        expect(f, HTTP_GET, "/_mock/worlds", NULL, 200, expected_world);
        assert_null(strstr(f->answer, "},{"));
    }
}

static void a_refused_method_lists_the_others(void **state)
{
    struct control_fixture *f = *state;

    assert_int_equal(ask(f, HTTP_DELETE, "/_mock/clock", NULL), 405);
    assert_string_equal(f->allow, "GET, PUT");
    assert_int_equal(ask(f, HTTP_POST, "/_mock/worlds/a", "{}"), 405);
    assert_string_equal(f->allow, "GET, DELETE");
}

static void a_large_body_is_refused_unread(void **state)
{
    struct control_fixture *f = *state;
    char *body = malloc(CONTROL_MAX_BODY + 2);

    assert_non_null(body);
    memset(body, ' ', CONTROL_MAX_BODY + 1);
    body[CONTROL_MAX_BODY + 1] = '\0';
    expect(f, HTTP_PUT, "/_mock/clock", body, 400, "larger than the 65536 bytes");
    memcpy(body, "{}", 2);
    expect(f, HTTP_POST, "/_mock/worlds", body, 201, "world-2"); /* may be a document */
    body[CONTROL_MAX_BODY] = '\0';
    expect(f, HTTP_PUT, "/_mock/clock", body, 200, "\"now\":");
    free(body);
}

static void a_token_is_asked_for_where_there_is_one(void **state)
{
    static const char *const wrong[] = {
        NULL,           "Bearer ", "Bearer secre", "Bearer secreT", "Bearer secretsecret",
        "Basic secret", "secret"
    };
    struct control_fixture *f = *state;

    f->settings.token = TEXT("secret");
    control_restart(f);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        f->token = wrong[i];
        expect(f, HTTP_GET, "/_mock/worlds", NULL, 401, "\"code\":\"unauthorized\"");
        expect(f, HTTP_GET, "/_mock/nowhere", NULL, 401, "--control-token-file");
        expect(f, HTTP_GET, "/instances", NULL, 200, "[]"); /* the API's are another matter */
    }
    f->token = "Bearer secret";
    expect(f, HTTP_GET, "/_mock/worlds", NULL, 200, "default");
}

static void only_the_page_needs_no_token(void **state)
{
    struct control_fixture *f = *state;

    for (size_t i = 0; control_routes[i].path != NULL; i++)
        assert_int_equal(control_routes[i].is_public, control_routes[i].run == op_get_page);
    f->settings.token = TEXT("secret");
    control_restart(f);
    expect(f, HTTP_GET, "/_mock/", NULL, 200, "<!doctype html>");
    expect(f, HTTP_POST, "/_mock/", NULL, 401, "unauthorized");
    expect(f, HTTP_GET, "/_mock/overview", NULL, 401, "unauthorized");
}

static void without_control_nothing_of_it_is_there(void **state)
{
    struct control_fixture *f = *state;

    f->settings.enabled = false;
    control_restart(f);
    expect(f, HTTP_GET, "/_mock/worlds", NULL, 404, "404 page not found");
    assert_string_equal(f->request_id, "");
    expect(f, HTTP_GET, "/instances", NULL, 200, "[]");
    assert_string_equal(f->request_id, "");
}

static void every_route_is_reachable_and_there_once(void **state)
{
    (void)state;
    for (size_t i = 0; control_routes[i].path != NULL; i++) {
        assert_memory_equal(control_routes[i].path, "/_mock", strlen("/_mock"));
        assert_non_null(control_routes[i].run);
        for (size_t k = 0; k < i; k++)
            assert_false(control_routes[i].method == control_routes[k].method &&
                         strcmp(control_routes[i].path, control_routes[k].path) == 0);
    }
}

static bool has_route(const char *path, const char *method)
{
    for (const struct control_route *route = control_routes; route->path != NULL; route++) {
        if (strcmp(route->path, path) == 0 &&
            strcasecmp(http_method_name(route->method), method) == 0)
            return true;
    }
    return false;
}

static void the_description_has_these_routes_and_no_others(void **state)
{
    json_t *document = NULL;
    struct error err = { 0 };
    size_t described = 0, routes = 0;
    const char *path, *member;
    json_t *item, *operation;
    (void)state;

    assert_true(
        json_document_load_file("docs/control-api.openapi.json", 1024 * 1024, &document, &err));
    json_object_foreach(json_object_get(document, "paths"), path, item)
    {
        json_object_foreach(item, member, operation)
        {
            if (strcmp(member, "parameters") == 0)
                continue;
            described++;
            if (!has_route(path, member))
                fail_msg("there is no %s %s", member, path);
        }
    }
    while (control_routes[routes].path != NULL)
        routes++;
    assert_int_equal(described, routes);
    json_decref(document);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_bad_request_is_refused_by_name_and_changes_nothing),
        TEST(a_refused_method_lists_the_others),
        TEST(a_large_body_is_refused_unread),
        TEST(a_token_is_asked_for_where_there_is_one),
        TEST(only_the_page_needs_no_token),
        TEST(without_control_nothing_of_it_is_there),
        cmocka_unit_test(every_route_is_reachable_and_there_once),
        cmocka_unit_test(the_description_has_these_routes_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
