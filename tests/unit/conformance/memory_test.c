/* Every allocation of our own fails once while everything is loaded: the call says so, nothing
 * leaks (AddressSanitizer), and the next one works. */
#include "tests/unit/common/check.h"

#include "common/program/read_file.h"
#include "conformance/rpc/answer.h"
#include "conformance/rpc/request.h"
#include "tests/unit/common/alloc_fail.h"
#include "tests/unit/conformance/fixture.h"

static bool load(struct fixture *f, struct error *err)
{
    struct text bundle = buffer_text(&f->bundle);
    struct bundle_file shapes;

    return bundle_find(bundle, "schema/resources.json", &shapes) &&
           catalogue_load(bundle, &f->arena, &f->catalogue, err) &&
           scenario_set_load(bundle, &f->catalogue, &f->set, err) &&
           shapes_load(shapes.bytes, &f->catalogue, &f->arena, &f->shapes, err);
}

static void loading_survives_the_loss_of_any_allocation(void **state)
{
    (void)state;
    bool failed = true;
    for (size_t n = 0; failed; n++) {
        struct fixture f;
        struct error err = { 0 };
        fixture_begin(&f);
        fixture_add(&f, "exclusions.txt", "ERR-001 why\n");
        fixture_add(&f, "fragments/made.json",
                    "{\"title\":\"t\",\"steps\":[{\"request\":\"POST /things\",\"body\":{\"a\":1},"
                    "\"expect\":{\"status\":201},\"capture\":{\"id\":\"/id\"}}]}");
        fixture_add(
            &f, "cases/a.json",
            "{\"title\":\"t\",\"needs\":[\"auth\"],\"rules\":[\"SNAP-C-001\"],\"steps\":["
            "{\"use\":\"made\",\"as\":\"x\",\"with\":{\"a\":2}},"
            "{\"request\":\"GET /things\",\"raw_base64\":\"AAEC\",\"expect\":{\"status\":200,"
            "\"code\":\"c\",\"body\":{\"$each\":{\"a\":1}}}}]}");
        alloc_fail_after(n);
        bool ok = load(&f, &err);
        failed = alloc_fail_stop() == 1;
        assert_int_equal(ok, !failed);
        if (failed)
            assert_string_equal(error_code_name(err.code), "NO_MEMORY");
        fixture_end(&f);
    }
}

/* A lack of memory is the suite's fault: it never becomes a verdict about the server. */
static void playing_survives_the_loss_of_any_allocation(void **state)
{
    (void)state;
    static const struct fake_answer script[] = {
        { .status = 201,
          .body = "{\"id\":\"abcdefghijklmnopqrstuvwx\",\"name\":null,\"kind\":\"Standby\"}" },
        { .status = 200, .body = "{}" },
        { .status = 200, .body = "[]" },
        { .status = 204 },
        { 0 },
    };
    struct fixture f;
    bool failed = true;

    fixture_begin(&f);
    fixture_add(
        &f, "cases/a.json",
        "{\"title\":\"t\",\"needs\":[\"jwt\",\"worlds\"],\"rules\":[\"SNAP-C-001\"],\"steps\":["
        "{\"request\":\"POST /things\",\"body\":{\"a\":\"${run}-a\"},\"expect\":"
        "{\"status\":201,\"body\":{\"name\":null}},\"capture\":{\"id\":\"/id\"}},"
        "{\"hook\":\"PUT /capacity/${id}\",\"body\":{\"a\":\"${id}\"}},"
        "{\"request\":\"GET /things\",\"query\":{\"a\":\"${id}\"},\"headers\":{\"X\":"
        "\"${id}\"},\"token\":{\"claims\":{}},\"expect\":{\"status\":200}}]}");
    fixture_load(&f);
    for (size_t n = 0; failed; n++) {
        struct result *result = result_new(&f.set.items[0], VIA_REST);
        alloc_fail_after(n);
        fixture_play_into(&f, script, result);
        failed = alloc_fail_stop() == 1;
        if (result->outcome != OUTCOME_PASS && (!failed || result->outcome != OUTCOME_ERROR))
            fail_msg("allocation %zu: %s", n, outcome_rows[result->outcome].name);
        result_free(result);
    }
    fixture_end(&f);
}

static void an_rpc_survives_the_loss_of_any_allocation(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer set = buffer_capped(4 << 20);
    const struct http_header type = { TEXT("Content-Type"), TEXT("application/json") };
    const struct transport_request request = {
        .method = "POST",
        .target = "/instances/a%20b/snapshots",
        .headers = &type,
        .header_count = 1,
        .body = TEXT("{\"kind\":\"Stopped\",\"tags\":{\"a\":\"b\"},\"compression\":{\"level\":3}}"),
    };
    const struct text reply = TEXT("\x0a\x01\x61\x42\x02\x08\x01");
    struct error read_err = { 0 };
    bool failed = true;

    assert_true(read_file(HYPEMAN_DESCRIPTOR_SET, set.max, &set, &read_err));
    for (size_t n = 0; failed; n++) {
        SCOPED(arena) struct arena arena = arena_capped(1 << 20);
        struct rpc_api api = { 0 };
        struct rpc_request made = { 0 };
        struct transport_answer answer;
        struct error err = { 0 };
        const struct rpc_outcome outcome = { .replies = &reply, .reply_count = 1 };
        alloc_fail_after(n);
        bool ok = rpc_api_load(buffer_text(&set), &api, &err) &&
                  rpc_request_make(&api, &request, &arena, &made, &err) &&
                  rpc_answer_make(made.method, &outcome, &arena, &answer, &err);
        failed = alloc_fail_stop() == 1;
        assert_int_equal(ok, !failed);
        if (failed)
            assert_string_equal(error_code_name(err.code), "NO_MEMORY");
        buffer_fini(&made.wire);
        rpc_api_fini(&api);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading_survives_the_loss_of_any_allocation),
        cmocka_unit_test(an_rpc_survives_the_loss_of_any_allocation),
        cmocka_unit_test(playing_survives_the_loss_of_any_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
