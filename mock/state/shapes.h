/* What of a world is written to a file, as tables of fields. A field that the domain's structs gain
 * needs a row in shapes.c; the round trip of random worlds finds one that is forgotten. */
#ifndef TESTKIT_MOCK_STATE_SHAPES_H
#define TESTKIT_MOCK_STATE_SHAPES_H

#include <stdint.h>

#include "mock/domain/history.h"
#include "mock/domain/image.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_hooks.h"
#include "mock/domain/schedule.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/world.h"
#include "mock/state/fields.h"
#include "mock/state/state.h"

#define STATE_FORMAT "hypeman-mock-state/1"

/* What stands beside the resources. */
struct state_world {
    struct state_outside outside;
    int64_t random; /* of outside, as a number with a sign */
    int64_t started_ns;
    int64_t changed_ns;
    int64_t revision;
    int64_t first_free_host; /* the address pool's */
    int64_t macs_given;
    struct world_settings settings;
};

/* Records refer to others by their place in the document, counted from 1; 0: none. */

struct state_event {
    int64_t before; /* the event before, in "events" */
    struct history_event event;
};

struct state_instance {
    int64_t config;  /* in "configs"                  */
    int64_t history; /* its newest event, in "events" */
    enum restart_block restart_blocked;
    enum restart_reason restart_last_reason;
    struct instance record; /* but for its pointers, and what stands above */
    struct instance_hooks hooks;
};

struct state_snapshot {
    int64_t source; /* in "instances", then "captures" */
    struct snapshot record;
};

struct state_image {
    struct text reference;
    enum image_condition condition;
};

extern const struct shape state_world_shape;
extern const struct shape state_config_shape; /* struct instance_config */
extern const struct shape state_event_shape;
extern const struct shape state_instance_shape;
extern const struct shape state_snapshot_shape;
extern const struct shape state_schedule_shape; /* struct schedule */
extern const struct shape state_image_shape;

#endif
