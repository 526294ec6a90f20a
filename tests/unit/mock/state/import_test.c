/* Documents from anyone: what is wrong is said with the path to it, and nothing is left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/state/state.h"
#include "tests/unit/mock/domain/world_check.h"
#include "tests/unit/mock/domain/world_fixture.h"

static struct buffer export_of(const struct fixture *f)
{
    const struct state_outside outside = { .now_ns = f->fake.now_ns };
    struct buffer out = buffer_capped(SIZE_MAX);
    struct error err = { 0 };
    assert_done(state_export(f->world, &outside, &out, &err), &err);
    return out;
}

/* One instance "web", with a snapshot "s" of it. */
static struct buffer small_document(struct fixture *f)
{
    const struct instance *web = given_running(f, "web");
    given_snapshot(f, web, SNAPSHOT_STANDBY, "s");
    return export_of(f);
}

/* The document with the first `old` replaced. Owned: buffer_fini(). */
static struct buffer edited(const struct buffer *document, const char *old, const char *new)
{
    struct buffer out = buffer_capped(SIZE_MAX);
    struct text text = buffer_text(document);
    const char *at = memmem(text.data, text.len, old, strlen(old));
    if (at == NULL)
        fail_msg("no %s in the document", old);
    buffer_append(&out, text.data, (size_t)(at - text.data));
    buffer_append_cstr(&out, new);
    buffer_append_cstr(&out, at + strlen(old));
    return out;
}

static void what_is_wrong_is_named_with_the_path_to_it(void **state)
{
    static const struct {
        const char *old, *new, *message;
    } rows[] = {
        { "{\"format\":", "[{\"format\":", "unexpected EOF" },
        { "{\"format\"", "{\"formatt\"", "format is missing" },
        { "hypeman-mock-state/1", "hypeman-mock-state/2",
          "the document is of the format \"hypeman-mock-state/2\"; this program reads "
          "\"hypeman-mock-state/1\"" },
        { ",\"schedules\":[]", ",\"schedule\":[]",
          "the document has an unknown member \"schedule\"; did you mean \"schedules\"?" },
        { "\"schedules\":[]", "\"schedules\":{}", "schedules must be an array, not an object" },
        { "\"schedules\":[]", "\"schedules\":[3]", "schedules[0] must be an object" },
        { "\"cpu\":16", "\"cpu\":-1",
          "world.settings.capacity.cpu must be from 0 to 9007199254740992" },
        { "\"cpu\":16", "\"cpu\":1.5", "world.settings.capacity.cpu must be an integer" },
        { "\"cpu\":16", "\"cpus\":16",
          "world.settings.capacity has an unknown member \"cpus\"; did you mean \"cpu\"?" },
        { "\"boot_delay\":\"250ms\"", "\"boot_delay\":250",
          "world.settings.boot_delay must be a string" },
        { "\"boot_delay\":\"250ms\"", "\"boot_delay\":\"-250ms\"",
          "world.settings.boot_delay must be a duration as 1h30m, not below 0" },
        { "\"now\":\"2026-", "\"now\":\"1926-",
          "world.now must be a time as 2026-01-02T15:04:05Z, from 1970 to 2262" },
        { "\"now\":\"2026-", "\"now\":\"2826-",
          "world.now must be a time as 2026-01-02T15:04:05Z, from 1970 to 2262" },
        { "\"host_os\":\"linux\"", "\"host_os\":\"plan9\"",
          "world.settings.host_os has no value \"plan9\"" },
        { "\"host_os\":\"linux\"", "\"host_os\":null",
          "world.settings must have a member \"host_os\"" },
        { "{\"id\":\"hkuodgfxckwxxk67jjm12vl3\"", "{\"id\":\"short\"",
          "configs[0] must have an id of 24 characters" },
        { "\"enabled\":true", "\"enabled\":1", "configs[0].network.enabled must be true or false" },
        { "\"vcpus\":2", "\"env\":{\"A\":1}", "configs[0].env must hold strings only" },
        { "\"vcpus\":2", "\"env\":[]", "configs[0].env must be an object" },
        { "\"vcpus\":2", "\"cmd\":[\"a\",7]", "configs[0].cmd[1] must be a string" },
        { "\"vcpus\":2", "\"volumes\":[{\"volume_id\":\"v\",\"mountpath\":\"/\"}]",
          "configs[0].volumes[0] has an unknown member \"mountpath\"; did you mean "
          "\"mount_path\"?" },
        { "\"vcpus\":2", "\"listed_volume_count\":1",
          "configs[0] must not list more volumes than it has" },
        { "\"vcpus\":2", "\"snapshot_policy\":{\"compression\":{\"present\":true,\"level\":99}}",
          "configs[0].snapshot_policy.compression.level must be from -1 to 19" },
        { "\"health_check\":{", "\"health_check\":{\"present\":true,\"type\":\"tcp\",",
          "configs[0].health_check must have an interval above 0" },
        { "\"auto_standby\":{", "\"auto_standby\":{\"ignore_destination_ports\":[1,65536],",
          "configs[0].auto_standby.ignore_destination_ports[1] must be an integer from 0 to "
          "65535" },
        { "\"before\":1", "\"before\":3", "events[1] has a before that is not there" },
        { "\"kind\":\"created\"", "\"kind\":\"born\"", "events[0].kind has no value \"born\"" },
        { "\"other\":\"doifbdhhqo41wvgprs1zs9ze\"", "\"other\":\"doi\"",
          "events[1].other must be an id of 24 characters" },
        { "\"config\":1", "\"config\":2", "instances[0] has a config that is not there" },
        { "\"config\":1", "\"config\":0",
          "instances[0].config must be from 1 to 9007199254740992" },
        { "\"config\":1,", "", "instances[0] must have a member \"config\"" },
        { "\"history\":2", "\"history\":3", "instances[0] has a history that is not there" },
        { "\"10.100.0.2\"", "\"10.100.0\"",
          "instances[0].address must begin with an address of 10.100.0.0/16" },
        { "\"10.100.0.2\"", "\"11.100.0.2\"",
          "instances[0].address must begin with an address of 10.100.0.0/16" },
        { "\"10.100.0.2\"", "\"10.100.0.2.\"",
          "instances[0].address must begin with an address of 10.100.0.0/16" },
        { "\"10.100.0.2\"", "\"10.100.0.256\"",
          "instances[0].address must begin with an address of 10.100.0.0/16" },
        { "\"02:00:00:00:00:01\"", "\"02:00:00:00:00\"",
          "instances[0].address must end with a MAC as 02:00:00:00:00:01" },
        { "\"02:00:00:00:00:01\"", "\"02:00:00:00:00:1g\"",
          "instances[0].address must end with a MAC as 02:00:00:00:00:01" },
        { ",\"02:00:00:00:00:01\"", "",
          "instances[0].address must be an array of an IP address and a MAC" },
        { "\"source\":2", "\"source\":3", "snapshots[0] has a source that is not there" },
        { "\"source\":2", "\"source\":1,\"compression_state\":\"compressing\"",
          "snapshots[0] must have a compression_algorithm" },
        { "\"images\":[]", "\"images\":[{\"reference\":\"UPPER\",\"condition\":\"missing\"}]",
          "images[0] is no image: invalid reference format: repository name (library/UPPER) must "
          "be lowercase" },
        { "\"schedules\":[]",
          "\"schedules\":[{\"instance_id\":\"hkuodgfxckwxxk67jjm12vl3\",\"interval\":\"59s\"}]",
          "schedules[0] must have an interval of at least 1m" },
        { "\"size_bytes\":1073741824", "\"size_bytes\":9007199254740993",
          "configs[0].size_bytes must be from 0 to 9007199254740992" },
    };
    struct fixture *f = *state;
    struct buffer document = small_document(f);
    buffer_append_byte(&document, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buffer bad = edited(&document, rows[i].old, rows[i].new);
        struct state_outside outside = { .now_ns = 7 };
        struct error err = { 0 };
        const size_t blocks = f->fake.live_blocks;
        assert_null(state_import(&f->fake.env, world_settings(f->world), buffer_text(&bad),
                                 &outside, &err));
        assert_error_is(&err, ERROR_INVALID_ARGUMENT, rows[i].message);
        assert_int_equal(outside.now_ns, 7);
        assert_int_equal(f->fake.live_blocks, blocks);
        buffer_fini(&bad);
    }
    buffer_fini(&document);
}

/* Sections, each with two of what there may be but one of. */
static void nothing_is_there_twice(void **state)
{
#define WEB   "{\"config\":1,\"state\":\"Stopped\"}"
#define IP    ",\"state\":\"Stopped\",\"address\":[\"10.100.0.9\",\"02:00:00:00:00:01\"]}"
#define ID(n) "aaaaaaaaaaaaaaaaaaaaaaa" n
#define SAVED "\"kind\":\"Stopped\",\"source\":1}"
#define EVERY "{\"instance_id\":\"" ID("1") "\",\"interval\":\"1h\"}"
    static const struct {
        const char *sections, *message;
    } rows[] = {
        { "\"instances\":[" WEB "," WEB "]", "the document has two instances of one id" },
        { "\"instances\":[{\"config\":1" IP ",{\"config\":2" IP "]",
          "the document has two instances of one address" },
        { "\"captures\":[" WEB
          "],\"snapshots\":[{\"id\":\"" ID("8") "\"," SAVED ",{\"id\":\"" ID("8") "\"," SAVED "]",
          "the document has two snapshots of one id" },
        { "\"captures\":[" WEB "],\"snapshots\":[{\"id\":\"" ID(
              "8") "\",\"name\":\"s\"," SAVED ",{\"id\":\"" ID("9") "\",\"name\":\"s\"," SAVED "]",
          "the document has two snapshots of one name and instance" },
        { "\"schedules\":[" EVERY "," EVERY "]", "the document has two schedules of one instance" },
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char document[1024];
        struct state_outside outside;
        struct error err = { 0 };
        snprintf(document, sizeof document,
                 "{\"format\":\"hypeman-mock-state/1\",\"configs\":[{\"id\":\"" ID(
                     "1") "\",\"hypervisor\":\"qemu\"},{\"id\":\"" ID("2") "\",\"hypervisor\":"
                                                                           "\"qemu\"}],%s}",
                 rows[i].sections);
        assert_null(state_import(&f->fake.env, world_settings(f->world), text_of(document),
                                 &outside, &err));
        assert_error_is(&err, ERROR_INVALID_ARGUMENT, rows[i].message);
    }
}

static void all_but_the_format_may_be_missing(void **state)
{
    struct fixture *f = *state;
    struct state_outside outside = { 0 };
    struct error err = { 0 };
    struct world *world =
        state_import(&f->fake.env, world_settings(f->world),
                     TEXT("{\"format\":\"hypeman-mock-state/1\"}"), &outside, &err);
    assert_done(world != NULL, &err);
    struct buffer ours = world_text(world);
    struct buffer empty = world_text(f->world);
    assert_true(text_equal(buffer_text(&ours), buffer_text(&empty)));
    assert_int_equal(outside.now_ns, f->fake.now_ns);
    assert_false(outside.has_random);
    buffer_fini(&ours);
    buffer_fini(&empty);
    world_free(world);
}

/* The older half of a history is forgotten now and then, which numbers tell. */
static void a_long_history_comes_back(void **state)
{
    struct fixture *f = *state;
    struct state_outside outside;
    struct error err = { 0 };
    char id[RESOURCE_ID_LEN];
    memcpy(id, given_running(f, "web")->config->id.data, sizeof id);
    for (int i = 0; i < 700; i++)
        force_state(f, (struct text){ id, sizeof id }, INSTANCE_RUNNING);
    struct buffer document = export_of(f);
    struct buffer before = world_text(f->world);
    struct world *world = state_import(&f->fake.env, world_settings(f->world),
                                       buffer_text(&document), &outside, &err);
    assert_done(world != NULL, &err);
    struct buffer after = world_text(world);
    assert_true(text_equal(buffer_text(&before), buffer_text(&after)));
    buffer_fini(&document);
    buffer_fini(&before);
    buffer_fini(&after);
    world_free(world);
}

static void without_memory_nothing_is_left_behind(void **state)
{
    struct fixture *f = *state;
    struct buffer document = small_document(f);
    const struct state_outside now = { .now_ns = f->fake.now_ns };
    const size_t blocks = f->fake.live_blocks;
    bool done = false;
    for (size_t allowed = 0; !done; allowed++) {
        struct buffer out = buffer_capped(SIZE_MAX);
        struct error err = { 0 };
        f->fake.allowed = allowed;
        done = state_export(f->world, &now, &out, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        assert_true(done || err.code == ERROR_NO_MEMORY);
        assert_true(!done || text_equal(buffer_text(&out), buffer_text(&document)));
        assert_int_equal(f->fake.live_blocks, blocks);
        buffer_fini(&out);
    }
    struct world *world = NULL;
    for (size_t allowed = 0; world == NULL; allowed++) {
        struct state_outside outside;
        struct error err = { 0 };
        f->fake.allowed = allowed;
        world = state_import(&f->fake.env, world_settings(f->world), buffer_text(&document),
                             &outside, &err);
        f->fake.allowed = FAKE_ENV_NEVER_FAILS;
        assert_true(world != NULL || err.code == ERROR_NO_MEMORY);
        assert_true(world != NULL || f->fake.live_blocks == blocks);
    }
    assert_world_is_sound(world);
    world_free(world);
    buffer_fini(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_wrong_is_named_with_the_path_to_it, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_is_there_twice, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(all_but_the_format_may_be_missing, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_long_history_comes_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_left_behind, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
