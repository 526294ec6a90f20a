#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "mock/domain/record.h"
#include "mock/domain/snapshot_create.h"
#include "mock/domain/snapshots.h"
#include "tests/unit/mock/domain/world_fixture.h"

#define WRITABLE_REFUSED                                                                           \
    "operation not supported: snapshot requires readonly volume attachments: operation not "       \
    "supported: cannot fork instance with writable volume \"vol-b\" mounted at \"/b\"; use "       \
    "readonly+overlay for safe concurrent forks"

static bool create(struct fixture *f, const struct instance *source,
                   const struct snapshot_request *request, const struct snapshot **out,
                   struct error *err)
{
    *out = NULL;
    *err = (struct error){ 0 };
    return snapshot_create(f->world, source->config->id, request, out, err);
}

static void assert_refused(struct fixture *f, const struct instance *source,
                           const struct snapshot_request *request, enum error_code code,
                           const char *message)
{
    const struct snapshot *snapshot = NULL;
    struct error err;
    size_t before = world_snapshot_count(f->world);
    assert_false(create(f, source, request, &snapshot, &err));
    assert_error_is(&err, code, message);
    assert_null(snapshot);
    assert_int_equal(world_snapshot_count(f->world), before);
}

static const struct instance *current(struct fixture *f, const struct instance *instance)
{
    return instances_find(f->world, instance->config->id);
}

/* --- the truth table of snapshots.md section 12 ------------------------------------------ */

static void each_state_and_kind_ends_as_the_contract_says(void **state)
{
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        struct instance_request made = request_for("x");
        made.config.network.enabled = false;
        char id[24];
        memcpy(id, given_state(f, &made, s)->config->id.data, sizeof id);
        if (s == INSTANCE_INITIALIZING)
            continue; /* has a test of its own */
        for (enum snapshot_kind k = 0; k < SNAPSHOT_KIND_COUNT; k++) {
            struct snapshot_request request = { .kind = k };
            const struct snapshot *snapshot = NULL;
            struct error err = { 0 };
            char refusal[200];
            bool fits = k == SNAPSHOT_STOPPED ? s == INSTANCE_STOPPED
                                              : s == INSTANCE_RUNNING || s == INSTANCE_STANDBY;
            bool created =
                snapshot_create(f->world, (struct text){ id, 24 }, &request, &snapshot, &err);
            assert_int_equal(created, fits);
            if (fits) {
                struct instance_view view = instance_view(
                    instances_find(f->world, (struct text){ id, 24 }), f->fake.now_ns);
                assert_int_equal(view.state, s);
                continue;
            }
            snprintf(refusal, sizeof refusal, "invalid state transition: %s, got %s",
                     k == SNAPSHOT_STOPPED
                         ? "stopped snapshot requires source in Stopped"
                         : "standby snapshot requires source in Running or Standby",
                     instance_state_name(s));
            assert_error_is(&err, ERROR_INVALID_STATE, refusal);
        }
    }
    assert_int_equal(world_snapshot_count(f->world), 3);
}

static void an_instance_still_booting_must_be_waited_for(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_instance(f, "web");
    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY };
    assert_refused(f, source, &request, ERROR_INVALID_STATE,
                   "invalid state transition: standby snapshot requires source in Running or "
                   "Standby, got Initializing");
    f->fake.now_ns = source->running_at_ns;
    given_snapshot(f, source, SNAPSHOT_STANDBY, NULL);
}

/* --- success ----------------------------------------------------------------------------- */

static void a_snapshot_says_where_it_came_from(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    f->fake.now_ns += 7;
    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY,
                                        .name = TEXT("baseline"),
                                        .tags = PAIRS(PAIR("a", "1"), PAIR("b", "")) };
    const struct snapshot *snapshot = NULL;
    struct error err;
    assert_true(create(f, source, &request, &snapshot, &err));

    assert_int_equal(snapshot->id.len, 24);
    assert_text_is(snapshot->name, "baseline");
    assert_int_equal(snapshot->kind, SNAPSHOT_STANDBY);
    assert_text_is(*pairs_find(snapshot->tags, TEXT("a")), "1");
    assert_int_equal(snapshot->created_at_ns, f->fake.now_ns);
    assert_int_equal(snapshot->size_bytes, 11821715456);
    assert_int_equal(snapshot->compression_state, COMPRESSION_STATE_NONE);
    assert_ptr_equal(snapshot->source->config, current(f, snapshot->source)->config);
    assert_text_is(snapshot->source->config->name, "web");
    assert_int_equal(snapshot->source->config->hypervisor, HYPERVISOR_FIRECRACKER);

    const struct snapshot *found = NULL;
    assert_true(snapshots_get(f->world, snapshot->id, &found, &err));
    assert_ptr_equal(found, snapshot);
}

static void a_running_source_is_running_again_and_remembers_the_pause(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    int64_t started = source->started_at_ns;
    int64_t ready = f->fake.now_ns;
    f->fake.now_ns += NS_PER_SEC;
    const struct snapshot *snapshot = given_snapshot(f, source, SNAPSHOT_STANDBY, NULL);

    const struct instance *after = current(f, snapshot->source);
    struct instance_view view = instance_view(after, f->fake.now_ns);
    assert_int_equal(view.state, INSTANCE_RUNNING);
    assert_false(view.has_snapshot);
    assert_int_equal(after->started_at_ns, started);
    assert_int_equal(after->stopped_at_ns, ready + NS_PER_SEC);
    assert_int_equal(view.phases.current, PHASE_RUNNING);
    assert_int_equal(view.phases.since_ns, ready + NS_PER_SEC);
    assert_int_equal(phase_ledger_spent_ns(&view.phases, PHASE_RUNNING, f->fake.now_ns),
                     NS_PER_SEC);
    assert_int_equal(phase_ledger_spent_ns(&view.phases, PHASE_STANDBY, f->fake.now_ns),
                     1000000); /* SNAP-S-004: some, however short */
    assert_string_equal(network_ip_text(&after->address).text, "10.100.0.2");
}

static void the_captured_instance_is_in_standby(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    const struct snapshot *snapshot = given_snapshot(f, source, SNAPSHOT_STANDBY, NULL);
    assert_int_equal(snapshot->source->state, INSTANCE_STANDBY);
    assert_int_equal(snapshot->source->phases.current, PHASE_STANDBY);
    assert_int_equal(snapshot->source->phases.since_ns, f->fake.now_ns);
}

static void a_stopped_or_standby_source_is_not_changed_at_all(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("a");
    const struct instance *stopped = given_state(f, &request, INSTANCE_STOPPED);
    assert_ptr_equal(given_snapshot(f, stopped, SNAPSHOT_STOPPED, NULL)->source, stopped);
    assert_ptr_equal(current(f, stopped), stopped);

    request = request_for("b");
    const struct instance *standby = given_state(f, &request, INSTANCE_STANDBY);
    assert_ptr_equal(given_snapshot(f, standby, SNAPSHOT_STANDBY, NULL)->source, standby);
    assert_ptr_equal(current(f, standby), standby);
}

static void capturing_does_not_change_what_the_host_has_left(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    struct capacity_use before = world_capacity_use(f->world);
    for (int i = 0; i < 5; i++)
        source = given_snapshot(f, source, SNAPSHOT_STANDBY, NULL)->source;
    struct capacity_use after = world_capacity_use(f->world);
    assert_memory_equal(&before, &after, sizeof before);
}

/* --- refusals ---------------------------------------------------------------------------- */

static void a_name_is_unique_within_one_source_only(void **state)
{
    struct fixture *f = *state;
    struct instance_request made = request_for("a");
    const struct instance *a = given_state(f, &made, INSTANCE_STOPPED);
    made = request_for("b");
    const struct instance *b = given_state(f, &made, INSTANCE_STOPPED);
    const struct snapshot *first = given_snapshot(f, a, SNAPSHOT_STOPPED, "baseline");

    struct snapshot_request again = { .kind = SNAPSHOT_STOPPED, .name = TEXT("baseline") };
    char message[200];
    snprintf(message, sizeof message,
             "instance already exists: snapshot name already exists: snapshot name \"baseline\" "
             "already exists for source instance " TEXT_FMT,
             TEXT_ARGS(a->config->id));
    assert_refused(f, a, &again, ERROR_ALREADY_EXISTS, message);
    given_snapshot(f, b, SNAPSHOT_STOPPED, "baseline");
    given_snapshot(f, a, SNAPSHOT_STOPPED, NULL);
    given_snapshot(f, a, SNAPSHOT_STOPPED, NULL);

    struct error err = { 0 };
    assert_true(snapshots_delete(f->world, first->id, &err));
    given_snapshot(f, a, SNAPSHOT_STOPPED, "baseline");
}

static void the_first_writable_volume_is_named(void **state)
{
    struct fixture *f = *state;
    static const struct volume_attachment volumes[] = {
        { { "vol-a", 5 }, { "/a", 2 }, true, false, 0 },
        { { "vol-b", 5 }, { "/b", 2 }, false, false, 0 },
        { { "vol-c", 5 }, { "/c", 2 }, false, false, 0 },
    };
    struct instance_request made = request_for("web");
    made.config.volumes = volumes;
    made.config.volume_count = 3;
    const struct instance *source = given_state(f, &made, INSTANCE_STOPPED);
    struct snapshot_request request = { .kind = SNAPSHOT_STOPPED };
    assert_refused(f, source, &request, ERROR_NOT_SUPPORTED, WRITABLE_REFUSED);

    made = request_for("fine");
    made.config.volumes = volumes;
    made.config.volume_count = 1;
    given_snapshot(f, given_state(f, &made, INSTANCE_STOPPED), SNAPSHOT_STOPPED, NULL);
}

static void the_checks_come_in_the_order_of_the_contract(void **state)
{
    struct fixture *f = *state;
    static const struct volume_attachment readonly = {
        { "vol-b", 5 }, { "/b", 2 }, true, false, 0
    };
    struct instance_request made = request_for("web");
    made.config.volumes = &readonly;
    made.config.volume_count = 1;
    const struct instance *source = given_state(f, &made, INSTANCE_STOPPED);
    given_snapshot(f, source, SNAPSHOT_STOPPED, "taken");
    /* Everything is wrong at once; then one thing after the other is put right. */
    struct volume_attachment *volume = record_memory(source->config->volumes);
    volume->readonly = false;
    struct snapshot_request request = {
        .kind = SNAPSHOT_STOPPED,
        .name = TEXT("taken"),
        .tags = PAIRS(PAIR("a!", "")),
        .compression = { true, true, COMPRESSION_ZSTD, 0 },
    };
    assert_refused(f, source, &request, ERROR_INVALID_ARGUMENT,
                   "level must be between 1 and 19 for zstd, got 0");
    request.compression.level = 1;
    assert_refused(f, source, &request, ERROR_INVALID_ARGUMENT,
                   "invalid request: compression is only supported for standby snapshots");
    request.kind = SNAPSHOT_STANDBY;
    assert_refused(f, source, &request, ERROR_INVALID_ARGUMENT,
                   "invalid request: invalid tags: key \"a!\" contains unsupported characters");
    request.tags = (struct pair_list){ 0 };
    assert_refused(f, source, &request, ERROR_NOT_SUPPORTED, WRITABLE_REFUSED);
    volume->readonly = true;
    char message[200];
    snprintf(message, sizeof message,
             "instance already exists: snapshot name already exists: snapshot name \"taken\" "
             "already exists for source instance " TEXT_FMT,
             TEXT_ARGS(source->config->id));
    assert_refused(f, source, &request, ERROR_ALREADY_EXISTS, message);
    request.name = TEXT("free");
    assert_refused(f, source, &request, ERROR_INVALID_STATE,
                   "invalid state transition: standby snapshot requires source in Running or "
                   "Standby, got Stopped");
}

static void a_vanished_instance_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY };
    const struct snapshot *snapshot = NULL;
    struct error err = { 0 };
    assert_false(snapshot_create(f->world, TEXT("nope"), &request, &snapshot, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

static void a_running_source_with_a_vgpu_cannot_go_to_standby(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.capacity.gpu_slots = 1;
    fixture_restart(f, &settings);
    struct instance_request made = request_for("web");
    made.config.gpu_profile = TEXT("L40S-1Q");
    const struct instance *source = given_state(f, &made, INSTANCE_RUNNING);
    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY };
    assert_refused(f, source, &request, ERROR_INVALID_STATE,
                   "standby source instance: invalid state transition: standby is not supported "
                   "for instances with vGPU attached (driver limitation)");
}

/* --- compression ------------------------------------------------------------------------- */

static void enabled_compression_starts_at_once_and_ends_after_the_delay(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY,
                                        .compression = { true, true, COMPRESSION_UNSET,
                                                         COMPRESSION_LEVEL_UNSET } };
    const struct snapshot *snapshot = NULL;
    struct error err;
    assert_true(create(f, source, &request, &snapshot, &err));
    assert_int_equal(snapshot_view(snapshot, f->fake.now_ns).state, COMPRESSION_STATE_COMPRESSING);
    assert_int_equal(snapshot->compression.algorithm, COMPRESSION_ZSTD);
    assert_int_equal(snapshot->compression.level, 1);

    f->fake.now_ns += world_settings(f->world)->compression_delay_ns;
    struct snapshot_view view = snapshot_view(snapshot, f->fake.now_ns);
    assert_int_equal(view.state, COMPRESSION_STATE_COMPRESSED);
    assert_int_equal(view.size_bytes, 11070096179);
}

static void request_beats_policy_beats_server_default(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.compression_default = (struct compression_choice){ true, true, COMPRESSION_ZSTD, 3 };
    fixture_restart(f, &settings);
    const struct compression_choice lz4 = { true, true, COMPRESSION_LZ4, 5 };
    const struct compression_choice off = { true, false, COMPRESSION_UNSET,
                                            COMPRESSION_LEVEL_UNSET };
    const struct compression_choice none = { 0 };
    const struct {
        struct compression_choice request, policy;
        int level; /* -1: not compressed */
    } rows[] = {
        { none, none, 3 }, { none, lz4, 5 }, { none, off, -1 }, { off, lz4, -1 }, { lz4, off, 5 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct instance_request made = request_for("x");
        made.config.network.enabled = false;
        made.config.snapshot.present = true;
        made.config.snapshot.compression = rows[i].policy;
        const struct instance *source = given_state(f, &made, INSTANCE_STANDBY);
        struct snapshot_request request = { .kind = SNAPSHOT_STANDBY,
                                            .compression = rows[i].request };
        const struct snapshot *snapshot = NULL;
        struct error err;
        assert_true(create(f, source, &request, &snapshot, &err));
        assert_int_equal(snapshot->compression_state, rows[i].level < 0
                                                          ? COMPRESSION_STATE_NONE
                                                          : COMPRESSION_STATE_COMPRESSING);
        if (rows[i].level >= 0)
            assert_int_equal(snapshot->compression.level, rows[i].level);
    }
}

static void no_setting_compresses_a_stopped_snapshot(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.compression_default = (struct compression_choice){ true, true, COMPRESSION_ZSTD, 3 };
    fixture_restart(f, &settings);
    struct instance_request made = request_for("x");
    made.config.snapshot =
        (struct snapshot_policy){ .present = true, .compression = settings.compression_default };
    const struct instance *source = given_state(f, &made, INSTANCE_STOPPED);
    assert_int_equal(given_snapshot(f, source, SNAPSHOT_STOPPED, NULL)->compression_state,
                     COMPRESSION_STATE_NONE);

    struct snapshot_request request = { .kind = SNAPSHOT_STOPPED,
                                        .compression = { true, false, COMPRESSION_UNSET,
                                                         COMPRESSION_LEVEL_UNSET } };
    const struct snapshot *snapshot = NULL;
    struct error err;
    assert_true(create(f, source, &request, &snapshot, &err)); /* COMP-014 */
    assert_int_equal(snapshot->compression_state, COMPRESSION_STATE_NONE);
}

static void on_vz_compression_never_ends_and_amd64_has_no_standby(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.host = (struct host_platform){ HOST_DARWIN, HOST_ARM64 };
    settings.default_hypervisor = HYPERVISOR_VZ;
    settings.compression_default = (struct compression_choice){ true, true, COMPRESSION_ZSTD, 3 };
    fixture_restart(f, &settings);
    const struct instance *source = given_running(f, "web");
    const struct snapshot *snapshot = given_snapshot(f, source, SNAPSHOT_STANDBY, NULL);
    f->fake.now_ns += 1000000 * NS_PER_SEC;
    assert_int_equal(snapshot_view(snapshot, f->fake.now_ns).state, COMPRESSION_STATE_COMPRESSING);

    settings.host.arch = HOST_AMD64;
    fixture_restart(f, &settings);
    source = given_running(f, "web");
    struct snapshot_request request = { .kind = SNAPSHOT_STANDBY };
    assert_refused(f, source, &request, ERROR_NOT_SUPPORTED, /* SNAP-C-034 */
                   "standby source instance: operation not supported: hypervisor vz has no standby "
                   "on this host");
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(each_state_and_kind_ends_as_the_contract_says),
        ON_WORLD(an_instance_still_booting_must_be_waited_for),
        ON_WORLD(a_snapshot_says_where_it_came_from),
        ON_WORLD(a_running_source_is_running_again_and_remembers_the_pause),
        ON_WORLD(the_captured_instance_is_in_standby),
        ON_WORLD(a_stopped_or_standby_source_is_not_changed_at_all),
        ON_WORLD(capturing_does_not_change_what_the_host_has_left),
        ON_WORLD(a_name_is_unique_within_one_source_only),
        ON_WORLD(the_first_writable_volume_is_named),
        ON_WORLD(the_checks_come_in_the_order_of_the_contract),
        ON_WORLD(a_vanished_instance_is_not_found),
        ON_WORLD(a_running_source_with_a_vgpu_cannot_go_to_standby),
        ON_WORLD(enabled_compression_starts_at_once_and_ends_after_the_delay),
        ON_WORLD(request_beats_policy_beats_server_default),
        ON_WORLD(no_setting_compresses_a_stopped_snapshot),
        ON_WORLD(on_vz_compression_never_ends_and_amd64_has_no_standby),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
