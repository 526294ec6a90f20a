/* A world on a fake env with short ways to fill it. Every helper asserts that it succeeded. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_DOMAIN_WORLD_FIXTURE_H
#define TESTKIT_TESTS_UNIT_MOCK_DOMAIN_WORLD_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_create.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/snapshot_create.h"
#include "mock/domain/world.h"
#include "tests/support/fake_env.h"

struct fixture {
    struct fake_env fake;
    struct world *world;
};

/* For cmocka: *state becomes a struct fixture with the default settings, without limits on
 * capacity so that tests may fill it. Teardown checks that nothing leaked. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Replaces the world by an empty one with other settings. */
void fixture_restart(struct fixture *f, const struct world_settings *settings);

/* A valid request: image alpine, network on, 2 vCPUs. */
struct instance_request request_for(const char *name);

/* With the API's defaults: GET / on port 80 every 10 s; backoff 5 s, stable after 10 minutes. */
struct health_check_policy http_check(void);
struct restart_policy restart_policy(enum restart_policy_kind kind);

/* Created, not yet booted. */
const struct instance *given_instance(struct fixture *f, const char *name);
const struct instance *given_request(struct fixture *f, const struct instance_request *request);
/* Created, and the clock moved until it is Running. */
const struct instance *given_running(struct fixture *f, const char *name);
/* Created, then put in that state with an edited record, as an operation of that name would. */
const struct instance *given_state(struct fixture *f, const struct instance_request *request,
                                   enum instance_state state);

/* Puts an instance into a state. id: full, may point into the record itself. */
void force_state(struct fixture *f, struct text id, enum instance_state state);

const struct snapshot *given_snapshot(struct fixture *f, const struct instance *source,
                                      enum snapshot_kind kind, const char *name);

enum instance_state state_now(const struct fixture *f, const struct instance *instance);

#define PAIRS(...)                                                                                 \
    ((struct pair_list){ (const struct pair[]){ __VA_ARGS__ },                                     \
                         sizeof((const struct pair[]){ __VA_ARGS__ }) / sizeof(struct pair) })
#define PAIR(key, value)                                                                           \
    {                                                                                              \
        { (key), sizeof(key) - 1 },                                                                \
        {                                                                                          \
            (value), sizeof(value) - 1                                                             \
        }                                                                                          \
    }

/* The call, whose answer and error these are, succeeded. */
void assert_done(bool done, const struct error *err);
/* The call failed with this code and this text. */
void assert_error_is(const struct error *err, enum error_code code, const char *message);
void assert_text_is(struct text actual, const char *expected);

#endif
