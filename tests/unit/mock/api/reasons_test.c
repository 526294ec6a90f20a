/* The tables that explain: what they say about states is what the operations do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/reasons.h"
#include "mock/api/route.h"
#include "mock/domain/instance_force.h"
#include "tests/unit/mock/api/api_fixture.h"

static const struct {
    const char *operation, *with;
    enum http_method method;
    const char *target, *body;
} requests[] = {
    { "standbyInstance", "", HTTP_POST, "/instances/web/standby", NULL },
    { "restoreInstance", "", HTTP_POST, "/instances/web/restore", NULL },
    { "stopInstance", "", HTTP_POST, "/instances/web/stop", NULL },
    { "startInstance", "", HTTP_POST, "/instances/web/start", "{}" },
    { "forkInstance", "", HTTP_POST, "/instances/web/fork", "{\"name\":\"new\"}" },
    { "forkInstance", "from_running", HTTP_POST, "/instances/web/fork",
      "{\"name\":\"new\",\"from_running\":true}" },
    { "createInstanceSnapshot", "kind Standby", HTTP_POST, "/instances/web/snapshots",
      "{\"kind\":\"Standby\"}" },
    { "createInstanceSnapshot", "kind Stopped", HTTP_POST, "/instances/web/snapshots",
      "{\"kind\":\"Stopped\"}" },
    { "statInstancePath", "", HTTP_GET, "/instances/web/stat?path=/", NULL },
    { "updateInstance", "env", HTTP_PATCH, "/instances/web", "{\"env\":{\"A\":\"b\"}}" },
    { "deleteInstance", "", HTTP_DELETE, "/instances/web", NULL },
};

static void given_state(struct api_fixture *f, enum instance_state state)
{
    const struct instance *instance;
    struct error err = { 0 };

    given_truth(f, TRUTH_SPEC);
    given_instance(f, "{\"name\":\"web\",\"image\":\"alpine\",\"env\":{\"A\":\"a\"},"
                      "\"credentials\":{\"c\":{\"source\":{\"env\":\"A\"},\"inject\":[{\"as\":{"
                      "\"header\":\"H\",\"format\":\"${value}\"}}]}},\"network\":{\"egress\":{"
                      "\"enabled\":true}}}");
    assert_true(instance_force_state(f->world, text_of(f->id), state, &instance, &err));
}

static void a_permission_is_what_the_operation_does_in_that_state(void **state)
{
    struct api_fixture *f = *state;

    for (size_t i = 0; permissions[i].operation != NULL; i++) {
        assert_true(i < ARRAY_LEN(requests));
        assert_string_equal(permissions[i].operation, requests[i].operation);
        assert_string_equal(permissions[i].with, requests[i].with);
        for (size_t s = 0; s < INSTANCE_STATE_COUNT; s++) {
            const bool allowed = (permissions[i].from & FROM_STATE(s)) != 0;
            given_state(f, (enum instance_state)s);
            send_request(f, requests[i].method, requests[i].target, requests[i].body);
            if ((f->res.status == 409) == allowed)
                fail_msg("%s %s from %s: %d %s", requests[i].operation, requests[i].with,
                         instance_state_name((enum instance_state)s), f->res.status, f->answer);
        }
    }
}

static bool is_operation(const char *id)
{
    for (const struct route *route = routes; route->path != NULL; route++) {
        if (strcmp(route->operation_id, id) == 0)
            return true;
    }
    return false;
}

static bool shadows(const char *earlier, const char *later)
{
    return earlier == NULL || (later != NULL && strcmp(earlier, later) == 0);
}

static void no_row_hides_a_later_one(void **state)
{
    (void)state;
    for (size_t i = 0; reasons[i].because != NULL; i++) {
        const struct reason *row = &reasons[i];
        assert_true(row->step > STEP_NONE && row->step < PIPELINE_STEP_COUNT);
        assert_true(row->operation == NULL || is_operation(row->operation));
        assert_true(pipeline_step_name(row->step)[0] != '\0');
        for (size_t k = 0; k < i; k++) {
            if (reasons[k].step == row->step && shadows(reasons[k].operation, row->operation) &&
                shadows(reasons[k].code, row->code) && shadows(reasons[k].field, row->field))
                fail_msg("%s hides %s", reasons[k].because, row->because);
        }
    }
}

static void every_step_has_a_reason_whatever_the_code(void **state)
{
    (void)state;
    for (int step = STEP_NONE + 1; step < PIPELINE_STEP_COUNT; step++) {
        const struct trace trace = { .refused = (enum pipeline_step)step, .code = "unheard_of" };
        assert_non_null(reason_find(&trace));
    }
    assert_null(reason_find(&(struct trace){ .refused = STEP_NONE }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_permission_is_what_the_operation_does_in_that_state,
                                        api_setup, api_teardown),
        cmocka_unit_test(no_row_hides_a_later_one),
        cmocka_unit_test(every_step_has_a_reason_whatever_the_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
