/* The two lists against a plain reference: whatever was created and deleted, and whatever is asked
 * for, a list is what a loop over all items with the filters in hand would find, sorted by id. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "mock/domain/instance.h"
#include "tests/unit/mock/api/api_fixture.h"

enum { MAX_ITEMS = 200, MAX_ATTRIBUTES = 6, MAX_POOL = 6, ROUNDS = 600 };

/* What can be asked for: the parameter, and the values that items have and requests use. */
struct attribute {
    const char *key;
    const char *pool[MAX_POOL + 1]; /* NULL-terminated */
    const char *nowhere;            /* asked for as well, though no item has it; or NULL */
};

struct item {
    char id[25];
    const char *values[MAX_ATTRIBUTES]; /* of the pools; NULL: has none */
};

struct reference {
    const char *list;
    struct attribute attributes[MAX_ATTRIBUTES + 1]; /* ends with key NULL */
    struct item items[MAX_ITEMS];
    size_t count;
    size_t filtered; /* answers that had something in them, but not everything */
    uint64_t seed;
};

static size_t pick(struct reference *r, size_t below)
{
    r->seed = r->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(r->seed >> 33) % below;
}

/* One of the attribute's values; NULL for none. */
static const char *pick_value(struct reference *r, const struct attribute *attribute)
{
    size_t count = 0;
    while (attribute->pool[count] != NULL)
        count++;
    return attribute->pool[pick(r, count + 1)];
}

/* --- the reference ------------------------------------------------------------------------ */

static bool fits(const struct item *item, const char *const *asked)
{
    for (size_t i = 0; i < MAX_ATTRIBUTES; i++) {
        if (asked[i] != NULL && (item->values[i] == NULL || strcmp(item->values[i], asked[i]) != 0))
            return false;
    }
    return true;
}

static int compare_ids(const void *left, const void *right)
{
    return strcmp(((const struct item *)left)->id, ((const struct item *)right)->id);
}

static void expect_list(struct api_fixture *f, struct reference *r, const char *const *asked)
{
    char target[512];
    size_t len = (size_t)snprintf(target, sizeof target, "%s?", r->list);
    size_t at = 0;

    for (size_t i = 0; r->attributes[i].key != NULL; i++) {
        if (asked[i] != NULL)
            len += (size_t)snprintf(target + len, sizeof target - len, "%s=%s&",
                                    r->attributes[i].key, asked[i]);
    }
    f->about = target;
    get(f, target);
    expect_status(f, 200);
    json_auto_t *list = json_loads(f->answer, 0, NULL);
    assert_true(json_is_array(list)); /* no object around it, and never null (JSON-003) */
    qsort(r->items, r->count, sizeof r->items[0], compare_ids);
    for (size_t i = 0; i < r->count; i++) {
        if (!fits(&r->items[i], asked))
            continue;
        const json_t *shown = json_array_get(list, at++);
        const char *id = json_string_value(json_object_get(shown, "id"));
        if (id == NULL || strcmp(id, r->items[i].id) != 0)
            fail_msg("%s: item %zu is %s, not %s", target, at, id, r->items[i].id);
    }
    if (at != json_array_size(list))
        fail_msg("%s: %zu items, not %zu", target, json_array_size(list), at);
    r->filtered += at > 0 && at < r->count;
    f->about = NULL;
}

static void expect_some_list(struct api_fixture *f, struct reference *r, bool everything)
{
    const char *asked[MAX_ATTRIBUTES] = { 0 };

    for (size_t i = 0; !everything && r->attributes[i].key != NULL; i++) {
        if (pick(r, 3) == 0)
            asked[i] =
                pick(r, 8) == 0 ? r->attributes[i].nowhere : pick_value(r, &r->attributes[i]);
    }
    expect_list(f, r, asked);
}

static void expect_deleted(struct api_fixture *f, struct reference *r, size_t index)
{
    char target[64];
    snprintf(target, sizeof target, "%s/%s", r->list, r->items[index].id);
    send_request(f, HTTP_DELETE, target, NULL);
    expect_status(f, 204);
    r->items[index] = r->items[--r->count];
}

/* The item that the last answer shows. */
static void keep(struct api_fixture *f, struct reference *r, const struct item *item)
{
    assert_true(r->count < MAX_ITEMS);
    r->items[r->count] = *item;
    snprintf(r->items[r->count++].id, sizeof item->id, "%.24s",
             strstr(f->answer, "\"id\":\"") + strlen("\"id\":\""));
}

/* {"k0":"v",...} of the attributes from `first` on, which are tags[k0] and so on. */
static void write_tags(char *out, size_t size, const struct item *item, size_t first)
{
    size_t len = (size_t)snprintf(out, size, "{");
    for (size_t i = first; i < MAX_ATTRIBUTES; i++) {
        if (item->values[i] != NULL)
            len += (size_t)snprintf(out + len, size - len, "%s\"k%zu\":\"%s\"", len == 1 ? "" : ",",
                                    i - first, item->values[i]);
    }
    snprintf(out + len, size - len, "}");
}

/* --- snapshots ---------------------------------------------------------------------------- */

enum { SOURCE, KIND, NAME, SNAPSHOT_TAGS };

static bool name_is_taken(const struct reference *r, const struct item *item)
{
    for (size_t i = 0; i < r->count; i++) {
        if (item->values[NAME] != NULL && r->items[i].values[NAME] == item->values[NAME] &&
            r->items[i].values[SOURCE] == item->values[SOURCE])
            return true;
    }
    return false;
}

/* sources: of which the first is Running and the second Stopped, and their captures likewise. */
static void create_snapshot(struct api_fixture *f, struct reference *r, const char *const *sources)
{
    struct item item = { 0 };
    char tags[256], target[64], body[512];
    const size_t source = pick(r, 2);

    for (size_t i = NAME; r->attributes[i].key != NULL; i++)
        item.values[i] = pick_value(r, &r->attributes[i]);
    item.values[SOURCE] = sources[source];
    item.values[KIND] = r->attributes[KIND].pool[source];
    write_tags(tags, sizeof tags, &item, SNAPSHOT_TAGS);
    snprintf(target, sizeof target, "/instances/%s/snapshots", sources[source]);
    snprintf(body, sizeof body, "{\"kind\":\"%s\",\"tags\":%s%s%s%s}", item.values[KIND], tags,
             item.values[NAME] == NULL ? "" : ",\"name\":\"",
             item.values[NAME] == NULL ? "" : item.values[NAME],
             item.values[NAME] == NULL ? "" : "\"");
    post(f, target, body);
    if (name_is_taken(r, &item)) { /* SNAP-C-013 */
        expect_status(f, 409);
        return;
    }
    expect_status(f, 201);
    keep(f, r, &item);
}

static void given_source(struct api_fixture *f, char id[25], const char *name)
{
    char body[128];
    snprintf(body, sizeof body, "{\"name\":\"%s\",\"image\":\"alpine\",\"vcpus\":1}", name);
    given_instance(f, body);
    snprintf(id, 25, "%.24s", f->id);
}

/* SNAP-L-001, SNAP-L-002, SNAP-L-003, SNAP-L-004, SNAP-L-005, SNAP-L-006, SNAP-L-008, SNAP-L-010,
 * SNAP-L-011, SNAP-L-012, SNAP-L-023, SNAP-D-002, JSON-003, JSON-022, SNAP-J-011 */
static void snapshots_are_listed_as_a_plain_loop_would(void **state)
{
    struct api_fixture *f = *state;
    struct reference *r = calloc(1, sizeof *r);
    char on[25], off[25];

    assert_non_null(r);
    given_source(f, on, "on");
    given_source(f, off, "off");
    post(f, "/instances/off/stop", NULL);
    const char *const sources[] = { on, off };
    *r = (struct reference){
        .list = "/snapshots",
        .attributes = { { "source_instance_id", { on, off }, "on" }, /* its name finds nothing */
                        { "kind", { "Standby", "Stopped" }, NULL },
                        { "name", { "a", "base", "bas" }, "BASE" },
                        { "tags[k0]", { "", "x", "X" }, "y" },
                        { "tags[k1]", { "", "x" }, NULL },
                        { "tags[k2]", { "1", "true" }, "" } },
    };
    expect_some_list(f, r, true);
    for (int round = 0; round < ROUNDS; round++) {
        if (r->count > 0 && (pick(r, 4) == 0 || r->count == MAX_ITEMS))
            expect_deleted(f, r, pick(r, r->count));
        else if (round < ROUNDS / 2) /* then the sources are gone */
            create_snapshot(f, r, sources);
        if (round == ROUNDS / 2) {
            send_request(f, HTTP_DELETE, "/instances/on", NULL);
            expect_status(f, 204);
        }
        expect_some_list(f, r, false);
        expect_some_list(f, r, round % 10 == 0);
    }
    assert_true(r->filtered > ROUNDS / 2);
    free(r);
}

/* --- instances ---------------------------------------------------------------------------- */

enum { STATE, INSTANCE_TAGS };

static void create_instance(struct api_fixture *f, struct reference *r)
{
    static const struct {
        const char *state;
        const char *deed; /* after the boot that brings it there; NULL: none */
    } ways[] = { { "Running", NULL }, { "Stopped", "stop" }, { "Standby", "standby" } };
    const size_t way = pick(r, ARRAY_LEN(ways));
    struct item item = { .values = { ways[way].state } };
    char tags[256], body[512], target[64];

    for (size_t i = INSTANCE_TAGS; r->attributes[i].key != NULL; i++)
        item.values[i] = pick_value(r, &r->attributes[i]);
    write_tags(tags, sizeof tags, &item, INSTANCE_TAGS);
    snprintf(body, sizeof body,
             "{\"name\":\"n\",\"image\":\"alpine\",\"vcpus\":1,\"size\":\"1MB\",\"overlay_size\":"
             "\"1MB\",\"disk_io_bps\":\"1\",\"network\":{\"enabled\":false,\"bandwidth_download\":"
             "\"1\",\"bandwidth_upload\":\"1\"},\"tags\":%s}",
             tags);
    given_instance(f, body);
    keep(f, r, &item);
    if (ways[way].deed == NULL)
        return;
    snprintf(target, sizeof target, "/instances/%s/%s", f->id, ways[way].deed);
    post(f, target, NULL);
    expect_status(f, 200);
}

/* INST-L-001, INST-L-002, INST-L-003, INST-L-006, INST-L-007, INST-L-008, JSON-003, JSON-022 */
static void instances_are_listed_as_a_plain_loop_would(void **state)
{
    struct api_fixture *f = *state;
    struct reference *r = calloc(1, sizeof *r);

    assert_non_null(r);
    *r = (struct reference){
        .list = "/instances",
        .attributes = { { "state", { "Running", "Stopped", "Standby" }, "Unknown" },
                        { "tags[k0]", { "", "x", "X" }, "y" },
                        { "tags[k1]", { "", "x" }, NULL },
                        { "tags[k2]", { "1", "true" }, "" } },
    };
    expect_some_list(f, r, true);
    for (int round = 0; round < ROUNDS; round++) {
        if (r->count > 0 && (pick(r, 3) == 0 || r->count == 60))
            expect_deleted(f, r, pick(r, r->count));
        else
            create_instance(f, r);
        expect_some_list(f, r, false);
        expect_some_list(f, r, round % 10 == 0);
    }
    assert_true(r->filtered > ROUNDS / 2);
    free(r);
}

/* --- what a random request would not ask -------------------------------------------------- */

static void a_list_knows_no_pages_and_no_order(void **state) /* JSON-003, SNAP-L-002, INST-L-001 */
{
    static const char *const lists[] = { "/instances", "/snapshots" };
    struct api_fixture *f = *state;
    char target[128];

    for (int i = 0; i < 5; i++) {
        given_instance(f, "{\"name\":\"n\",\"image\":\"alpine\",\"network\":{\"enabled\":false}}");
        given_snapshot(f, f->id, "");
    }
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        get(f, lists[i]);
        expect_status(f, 200);
        assert_int_equal(f->res.header_count, 0); /* no total either */
        char *all = strdup(f->answer);
        snprintf(target, sizeof target, "%s?limit=1&offset=2&page=3&per_page=1&sort=-created_at",
                 lists[i]);
        get(f, target);
        expect_json(f, 200, all); /* SNAP-L-024, INST-X-007, VALID-050 */
        free(all);
    }
}

static void a_filter_by_one_of_a_few_words_needs_one_of_them(void **state)
{
    static const char states[] =
        "parameter \"state\" in query has an error: value is not one of the allowed values "
        "[\"Created\",\"Initializing\",\"Running\",\"Paused\",\"Shutdown\",\"Stopped\",\"Standby\","
        "\"Unknown\"]";
    static const char kinds[] = "parameter \"kind\" in query has an error: value is not one of the "
                                "allowed values [\"Standby\",\"Stopped\"]";
    static const struct {
        const char *rules;
        const char *target;
        const char *message;
    } cases[] = {
        { "INST-L-004", "/instances?state=running", states },
        { "INST-L-004", "/instances?state=Running,Stopped", states },
        { "INST-L-004", "/instances?state=%20Running", states },
        { "INST-L-005", "/instances?state=",
          "parameter \"state\" in query has an error: empty value is not allowed" },
        { "SNAP-L-007", "/snapshots?kind=standby", kinds },
        { "SNAP-L-007", "/snapshots?kind=Running", kinds },
        { "SNAP-L-007", "/snapshots?kind=Standby,Stopped", kinds },
        { "SNAP-L-009", "/snapshots?kind=",
          "parameter \"kind\" in query has an error: empty value is not allowed" },
        { "SNAP-L-009", "/snapshots?name=",
          "parameter \"name\" in query has an error: empty value is not allowed" },
        { "SNAP-L-009", "/snapshots?source_instance_id=",
          "parameter \"source_instance_id\" in query has an error: empty value is not allowed" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->about = cases[i].rules;
        get(f, cases[i].target);
        expect_bad_request(f, cases[i].message);
    }
}

static void every_state_may_be_asked_for(void **state) /* INST-L-003 */
{
    struct api_fixture *f = *state;

    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        char target[64];
        snprintf(target, sizeof target, "/instances?state=%s", instance_state_name(s));
        get(f, target);
        expect_json(f, 200, "[]\n"); /* INST-L-007 */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(snapshots_are_listed_as_a_plain_loop_would),
        TEST(instances_are_listed_as_a_plain_loop_would),
        TEST(a_list_knows_no_pages_and_no_order),
        TEST(a_filter_by_one_of_a_few_words_needs_one_of_them),
        TEST(every_state_may_be_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
