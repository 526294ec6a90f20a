#include "tests/unit/gateway/fixture.h"

#include "gateway/services/health.h"
#include "grpc/health/v1/health.pb-c.h"

struct scene {
    struct buffer api;
    struct buffer own;
    struct catalog *catalog;
};

static int given_catalog(void **state)
{
    static struct scene s;
    struct error err = { 0 };
    s.api = file_bytes(HYPEMAN_SET);
    s.own = file_bytes(OWN_SET);
    *state = &s;
    return catalog_new(buffer_text(&s.api), buffer_text(&s.own), &s.catalog, &err) ? 0 : -1;
}

static int forget_catalog(void **state)
{
    struct scene *s = *state;
    catalog_free(s->catalog);
    buffer_fini(&s->api);
    buffer_fini(&s->own);
    return 0;
}

static void a_status_follows_from_the_service_and_two_facts(void **state)
{
    const struct scene *s = *state;
    static const struct {
        const char *service;
        /* upstream down, up; then the same while draining */
        enum health_status status[4];
    } rows[] = {
        { "", { HEALTH_NOT_SERVING, HEALTH_SERVING, HEALTH_NOT_SERVING, HEALTH_NOT_SERVING } },
        { "hypeman.v1.SnapshotService",
          { HEALTH_NOT_SERVING, HEALTH_SERVING, HEALTH_NOT_SERVING, HEALTH_NOT_SERVING } },
        { "grpc.health.v1.Health",
          { HEALTH_SERVING, HEALTH_SERVING, HEALTH_NOT_SERVING, HEALTH_NOT_SERVING } },
        { "grpc.reflection.v1alpha.ServerReflection",
          { HEALTH_SERVING, HEALTH_SERVING, HEALTH_NOT_SERVING, HEALTH_NOT_SERVING } },
        { "hypeman.v1.Snapshot",
          { HEALTH_SERVICE_UNKNOWN, HEALTH_SERVICE_UNKNOWN, HEALTH_SERVICE_UNKNOWN,
            HEALTH_SERVICE_UNKNOWN } },
        { "hypeman.v1.snapshotservice",
          { HEALTH_SERVICE_UNKNOWN, HEALTH_SERVICE_UNKNOWN, HEALTH_SERVICE_UNKNOWN,
            HEALTH_SERVICE_UNKNOWN } },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (unsigned k = 0; k < 4; k++) {
            const struct health_facts facts = { .is_upstream_up = (k & 1) != 0,
                                                .is_draining = (k & 2) != 0 };
            enum health_status status =
                health_status(facts, health_find_subject(s->catalog, text_of(rows[i].service)));
            if (status != rows[i].status[k])
                fail_msg("%s with facts %u: %d", rows[i].service, k, (int)status);
        }
}

static void a_request_names_a_service(void **state)
{
    (void)state;
    static const struct {
        struct text bytes;
        const char *service; /* NULL: malformed */
    } rows[] = {
        { { "", 0 }, "" },
        { { "\x0a\x00", 2 }, "" },
        { { "\x0a\x03"
            "a.B",
            5 },
          "a.B" },
        { { "\x0a\x01x\x0a\x01y", 6 }, "y" }, /* the last counts */
        { { "\x12\x01x\x0a\x01y", 6 }, "y" }, /* what a later version adds */
        { { "\x08\x05\x0a\x01y", 5 }, "y" },
        { { "\x0a\x05x", 3 }, NULL },
        { { "\x0a", 1 }, NULL },
        { { "\xff", 1 }, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct text service = TEXT("untouched");
        struct error err = { 0 };
        bool ok = health_read_request(rows[i].bytes, &service, &err);
        assert_int_equal(ok, rows[i].service != NULL);
        if (ok)
            assert_text(service, rows[i].service);
        else
            assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
    }
}

/* A text is not cut at a NUL, as by libraries that hand out C strings. */
static void a_name_with_a_nul_is_nobodys(void **state)
{
    const struct scene *s = *state;
    struct text service;
    struct error err = { 0 };
    assert_true(health_read_request(TEXT("\x0a\x17grpc.health.v1.Health\0x"), &service, &err));
    assert_int_equal(service.len, 23);
    assert_int_equal(health_find_subject(s->catalog, service), HEALTH_OF_NOBODY);
}

static void a_response_is_what_stock_code_reads(void **state)
{
    (void)state;
    static const enum health_status statuses[] = { HEALTH_SERVING, HEALTH_NOT_SERVING,
                                                   HEALTH_SERVICE_UNKNOWN };
    static const Grpc__Health__V1__HealthCheckResponse__ServingStatus numbers[] = {
        GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING,
        GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING,
        GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN,
    };
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        SCOPED(buffer) struct buffer out = buffer_capped(16);
        assert_true(health_write_response(&out, statuses[i]));
        Grpc__Health__V1__HealthCheckResponse *read =
            grpc__health__v1__health_check_response__unpack(NULL, out.len,
                                                            (const uint8_t *)out.data);
        assert_non_null(read);
        assert_int_equal(read->status, numbers[i]);
        grpc__health__v1__health_check_response__free_unpacked(read, NULL);
    }
}

static void the_list_has_every_service_and_the_server_itself(void **state)
{
    const struct scene *s = *state;
    SCOPED(buffer) struct buffer out = buffer_capped(1 << 16);
    assert_true(health_write_list(&out, s->catalog, (struct health_facts){ 0 }));
    Grpc__Health__V1__HealthListResponse *read =
        grpc__health__v1__health_list_response__unpack(NULL, out.len, (const uint8_t *)out.data);
    assert_non_null(read);
    assert_int_equal(read->n_statuses, catalog_service_count(s->catalog) + 1);
    for (size_t i = 0; i < read->n_statuses; i++) {
        const char *name = read->statuses[i]->key;
        const enum health_subject subject = health_find_subject(s->catalog, text_of(name));
        assert_int_equal(read->statuses[i]->value->status,
                         health_status((struct health_facts){ 0 }, subject));
    }
    grpc__health__v1__health_list_response__free_unpacked(read, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_follows_from_the_service_and_two_facts),
        cmocka_unit_test(a_request_names_a_service),
        cmocka_unit_test(a_name_with_a_nul_is_nobodys),
        cmocka_unit_test(a_response_is_what_stock_code_reads),
        cmocka_unit_test(the_list_has_every_service_and_the_server_itself),
    };
    return cmocka_run_group_tests_name("gateway/services/health", tests, given_catalog,
                                       forget_catalog);
}
