/* Tags at creation and as filters of lists, on instances and on snapshots alike: common.md 8,
 * instances.md 4, snapshots.md 6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/api_fixture.h"

#define TEN(s) s s s s s s s s s s
#define K_128  TEN(TEN("k")) "kkkkkkkkkkkkkkkkkkkkkkkkkkkk"
#define V_256  TEN(TEN("vv")) TEN("vvvvv") "vvvvvv"
#define E_256                                                                                      \
    TEN(TEN("\u00e9\u00e9"))                                                                       \
    TEN("\u00e9\u00e9\u00e9\u00e9\u00e9") "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
#define REGEX         "string doesn't match the regular expression \"^[A-Za-z0-9 _.:/=+@-]*$\""
#define NOT_PRIMITIVE "path is not convertible to primitive"

static const enum truth truths[] = { TRUTH_SPEC, TRUTH_SERVER };

/* A kind of resource that has tags. */
static const struct kind {
    const char *list;
    const char *create;
    const char *members; /* that a request to create one needs besides a name */
    const char *schema;
} kinds[] = {
    { "/instances", "/instances",
      "\"image\":\"alpine\",\"vcpus\":1,\"size\":\"1MB\",\"network\":{\"enabled\":"
      "false}",
      "CreateInstanceRequest" },
    { "/snapshots", "/instances/source/snapshots", "\"kind\":\"Standby\"",
      "CreateSnapshotRequest" },
};

static void create(struct api_fixture *f, const struct kind *kind, const char *name,
                   const char *tags)
{
    char body[8192];

    snprintf(body, sizeof body, "{\"name\":\"%s\",%s%s%s}", name, kind->members,
             tags == NULL ? "" : ",\"tags\":", tags == NULL ? "" : tags);
    post(f, kind->create, body);
}

static void given_source(struct api_fixture *f)
{
    given_instance(f, "{\"name\":\"source\",\"image\":\"alpine\",\"vcpus\":1}");
}

/* --- at creation -------------------------------------------------------------------------- */

struct creation {
    const char *rules;
    const char *tags;    /* NULL: not given */
    const char *shown;   /* NULL: left out of the answer, or refused */
    const char *invalid; /* the validator's reason: "/tags...": ... */
    const char *refused; /* the operation's */
};

static const struct creation creations[] = {
    { "TAG-001, INST-T-001, SNAP-C-021", "{\"a\":\"1\"}", "{\"a\":\"1\"}", NULL, NULL },
    { "TAG-001, INST-T-002", "{\"aZ09 _.:/=+@-\":\"zA90 _.:/=+@-\"}",
      "{\"aZ09 _.:/=+@-\":\"zA90 _.:/=+@-\"}", NULL, NULL },
    { "TAG-001, INST-T-002", "{\"k\":\"\"}", "{\"k\":\"\"}", NULL, NULL },
    { "TAG-001, INST-T-002", "{\"" K_128 "\":\"" V_256 "\"}", "{\"" K_128 "\":\"" V_256 "\"}", NULL,
      NULL },
    { "TAG-002", NULL, NULL, NULL, NULL },
    { "TAG-002, SNAP-J-002", "{}", NULL, NULL, NULL },
    { "TAG-002", "null", NULL, "\"/tags\": Value is not nullable", NULL },
    { "TAG-003", "{\"b\":\"1\",\"B\":\"2\",\"a.b\":\"3\",\"a-b\":\"4\"}",
      "{\"B\":\"2\",\"a-b\":\"4\",\"a.b\":\"3\",\"b\":\"1\"}", NULL, NULL },
    { "TAG-006, SNAP-C-024", "{\"k\":\"v!\"}", NULL, "\"/tags/k\": " REGEX, NULL },
    { "TAG-006, INST-T-002", "{\"k\":\"\\n\"}", NULL, "\"/tags/k\": " REGEX, NULL },
    { "TAG-006, INST-T-002, SNAP-C-023", "{\"k\":\"" V_256 "v\"}", NULL,
      "\"/tags/k\": maximum string length is 256", NULL },
    { "TAG-001, VALID-015", "{\"k\":\"" E_256 "\"}", NULL, "\"/tags/k\": " REGEX, NULL },
    { "TAG-001, VALID-015", "{\"k\":\"" E_256 "v\"}", NULL,
      "\"/tags/k\": maximum string length is 256", NULL }, /* characters count, not bytes */
    { "TAG-006, SNAP-C-025", "{\"k\":5}", NULL, "\"/tags/k\": value must be a string", NULL },
    { "TAG-006, VALID-011", "{\"k\":null}", NULL, "\"/tags/k\": Value is not nullable", NULL },
    { "TAG-010, INST-T-003, SNAP-C-028", "{\"a#\":\"v\"}", NULL, NULL,
      "key \"a#\" contains unsupported characters" },
    { "TAG-010, INST-T-003", "{\"b!\":\"v\",\"a!\":\"v\",\"c\":\"v\"}", NULL, NULL,
      "key \"a!\" contains unsupported characters" }, /* in the order of the keys */
    { "TAG-011, INST-T-003, SNAP-C-026", "{\"\":\"v\"}", NULL, NULL,
      "key \"\" length 0 out of range [1,128]" },
    { "TAG-011, INST-T-003, SNAP-C-027", "{\"" K_128 "k\":\"v\"}", NULL, NULL,
      "key \"" K_128 "k\" length 129 out of range [1,128]" },
    { "TAG-014", "{\"say \\\"hi\\\"\\t\":\"v\"}", NULL, NULL,
      "key \"say \\\"hi\\\"\\t\" contains unsupported characters" },
    { "TAG-014", "{\"\\u0001\\\\\":\"v\"}", NULL, NULL,
      "key \"\\x01\\\\\" contains unsupported characters" },
    { "TAG-015", "{\"hypeman.system/x\":\"v\"}", "{\"hypeman.system/x\":\"v\"}", NULL, NULL },
};

static void expect_creation(struct api_fixture *f, const struct kind *kind,
                            const struct creation *c)
{
    char expected[2048];

    f->about = c->rules;
    create(f, kind, "new", c->tags);
    if (c->invalid != NULL) {
        snprintf(expected, sizeof expected,
                 "request body has an error: doesn't match schema #/components/schemas/%s: Error "
                 "at %s",
                 kind->schema, c->invalid);
        expect_bad_request(f, expected);
    } else if (c->refused != NULL) {
        snprintf(expected, sizeof expected, "invalid request: invalid tags: %s", c->refused);
        expect_error(f, 400, "invalid_request", expected);
    } else {
        expect_status(f, 201);
        snprintf(expected, sizeof expected, "\"tags\":%s", c->shown == NULL ? "" : c->shown);
        if (c->shown == NULL)
            expect_lacks(f, "\"tags\"");
        else
            expect_contains(f, expected);
    }
}

static void tags_are_kept_as_sent_or_refused_with_their_fault(void **state)
{
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(truths) * ARRAY_LEN(kinds); i++) {
        for (size_t row = 0; row < ARRAY_LEN(creations); row++) {
            given_truth(f, truths[i % 2]);
            given_source(f);
            expect_creation(f, &kinds[i / 2], &creations[row]);
        }
    }
}

/* "{"k0":"v",...}" or "tags[k0]=v&...": that many. */
static void write_many(char *out, size_t size, size_t count, const char *begin, const char *key,
                       const char *value, const char *between, const char *end)
{
    size_t len = (size_t)snprintf(out, size, "%s", begin);
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s%zu%s", i == 0 ? "" : between, key, i,
                                value);
    snprintf(out + len, size - len, "%s", end);
}

/* TAG-001, TAG-005, INST-T-001, SNAP-C-022, VALID-018 */
static void there_may_be_fifty(void **state)
{
    struct api_fixture *f = *state;
    char tags[2048];
    char message[256];

    given_source(f);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        write_many(tags, sizeof tags, 50, "{", "\"k", "\":\"v\"", ",", "}");
        create(f, &kinds[i], "a", tags);
        expect_status(f, 201);
        expect_contains(f, "\"k49\":\"v\"");
        write_many(tags, sizeof tags, 51, "{", "\"k", "\":\"v\"", ",", "}");
        create(f, &kinds[i], "b", tags);
        snprintf(message, sizeof message,
                 "request body has an error: doesn't match schema #/components/schemas/%s: Error "
                 "at \"/tags\": there must be at most 50 properties",
                 kinds[i].schema);
        expect_bad_request(f, message);
    }
}

/* VALID-044: a bad key goes past the validator, so the unknown instance answers. */
static void keys_are_judged_by_the_operation(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances/unknown/snapshots", "{\"kind\":\"Standby\",\"tags\":{\"a#\":\"v\"}}");
    expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"resource not found\"}");
}

static void forks_inherit_tags_and_nothing_changes_them(void **state) /* INST-T-004 */
{
    static const char tags[] = "\"tags\":{\"team\":\"x\"}";
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"tags\":{\"team\":\"x\"}}");
    send_request(f, HTTP_PATCH, "/instances/vm", "{\"auto_standby\":{},\"tags\":{\"team\":\"y\"}}");
    expect_status(f, 200);
    expect_contains(f, tags);
    post(f, "/instances/vm/fork", "{\"name\":\"copy\",\"from_running\":true}");
    expect_status(f, 201);
    expect_contains(f, tags);
    given_snapshot(f, "vm", ""); /* a snapshot's tags are its own */
    expect_lacks(f, "\"tags\"");
}

/* --- as filters --------------------------------------------------------------------------- */

static const char *const tagged[][2] = {
    { "a", "{\"team\":\"backend\",\"env\":\"prod\",\"x y\":\"a b\",\"p+q\":\"1+2\"}" },
    { "b", "{\"team\":\"backend\",\"env\":\"dev\",\"empty\":\"\"}" },
    { "c", "{\"team\":\"Backend\",\"k.a/b:c d\":\"5\",\"hypeman.system/x\":\"true\",\"1\":\"2\"}" },
    { "d", NULL },
};

struct filtering {
    const char *rules;
    const char *query;
    const char *found;   /* of "abcd"; NULL: refused */
    const char *invalid; /* the validator's reason */
};

/* clang-format off */
static const struct filtering filterings[] = {
    { "TAG-035", "", "abcd", NULL },
    { "TAG-020, SNAP-L-010, INST-T-005", "tags[team]=backend", "ab", NULL },
    { "TAG-020, SNAP-L-011, INST-T-005", "tags[team]=backend&tags[env]=prod", "a", NULL },
    { "TAG-020, SNAP-L-011", "tags[env]=prod&tags[env2]=prod", "", NULL },
    { "TAG-021, SNAP-L-010", "tags[team]=Backend", "c", NULL },
    { "TAG-021", "tags[team]=BACKEND", "", NULL },
    { "TAG-021", "tags[team]=back", "", NULL },
    { "TAG-021", "tags[Team]=backend", "", NULL },
    { "TAG-021", "tags[tea]=backend", "", NULL },
    { "TAG-022", "tags[team]=nobody", "", NULL },
    { "TAG-023, SNAP-L-010, INST-T-005", "tags%5Bteam%5D=backend", "ab", NULL },
    { "TAG-023", "tags%5bteam%5d=backend", "ab", NULL },
    { "TAG-023", "tags[te%61m]=b%61ckend", "ab", NULL },
    { "TAG-024, SNAP-L-013, INST-T-006", "tags[empty]=", "b", NULL },
    { "TAG-024, SNAP-L-013", "tags[empty]", "b", NULL },
    { "TAG-024, INST-T-005", "tags[team]=", "", NULL },
    { "TAG-025, INST-T-006", "tags[x+y]=a+b", "a", NULL },
    { "TAG-025, INST-T-006", "tags[x%20y]=a%20b", "a", NULL },
    { "TAG-025, INST-T-006", "tags[p%2Bq]=1%2B2", "a", NULL },
    { "TAG-025, INST-T-006", "tags[p+q]=1+2", "", NULL },
    { "TAG-026, SNAP-L-018", "tags", "abcd", NULL },
    { "TAG-026, SNAP-L-018", "tags=", "abcd", NULL },
    { "TAG-026, SNAP-L-018, INST-T-008", "tags=x", "abcd", NULL },
    { "TAG-026, SNAP-L-018", "tags.team=backend", "abcd", NULL },
    { "TAG-026", "TAGS[team]=backend", "abcd", NULL },
    { "TAG-026", "tag[team]=backend", "abcd", NULL },
    { "TAG-026, TAG-020", "tags=x&tags[env]=dev", "b", NULL },
    { "TAG-027, VALID-056", "tags[team]=%zz", "abcd", NULL },
    { "TAG-027, VALID-056", "tags[team]=%zz&tags[env]=dev", "b", NULL },
    { "TAG-027, VALID-056", "tags[team]=Backend;x&tags[env]=dev", "b", NULL },
    { "TAG-029, VALID-023, SNAP-L-019, INST-T-007", "tags[k]=%3C", NULL,
      "Error at \"/k\": " REGEX },
    { "TAG-029, VALID-023, SNAP-L-019", "tags[k]=" V_256 "v", NULL,
      "Error at \"/k\": maximum string length is 256" },
    { "TAG-029", "tags[k]=" V_256, "", NULL },
    { "TAG-031, SNAP-L-015, INST-T-007", "tags[k]=a&tags[k]=b", NULL,
      "path k: array items must be set with indexes" },
    { "TAG-031", "tags[k]=a&tags[k]=a", NULL, "path k: array items must be set with indexes" },
    { "TAG-032, INST-T-007", "tags[a][b]=x", NULL, "path a: value map[b:x]: " NOT_PRIMITIVE },
    { "TAG-032, SNAP-L-016", "tags[k][l]=v", NULL, "path k: value map[l:v]: " NOT_PRIMITIVE },
    { "TAG-033, SNAP-L-017, INST-T-007", "tags[]=x", NULL, "value map[:x]: " NOT_PRIMITIVE },
    { "TAG-034", "tags[team=backend", "", NULL },
    { "TAG-034", "tags[team]x=backend", "", NULL },
    { "TAG-034", "tags[team]x=backend&tags[env]=dev", "", NULL },
    { "TAG-035, SNAP-L-012", "tags[env]=prod", "a", NULL },
    { "SNAP-L-014", "tags[k.a/b:c+d]=5", "c", NULL },
    { "SNAP-L-014", "tags[hypeman.system/x]=true", "c", NULL },
    { "SNAP-L-014", "tags[1]=2", "c", NULL },
    { "VALID-050, SNAP-L-024, INST-X-007", "limit=1&sort=name&tags[team]=backend", "ab", NULL },
};
/* clang-format on */

static void expect_names(struct api_fixture *f, const char *names)
{
    expect_status(f, 200);
    if (names[0] == '\0')
        expect_json(f, 200, "[]\n");
    for (size_t i = 0; i < ARRAY_LEN(tagged); i++) {
        char name[16];
        snprintf(name, sizeof name, "\"name\":\"%s\"", tagged[i][0]);
        if (strchr(names, tagged[i][0][0]) != NULL)
            expect_contains(f, name);
        else
            expect_lacks(f, name);
    }
}

static void expect_filtering(struct api_fixture *f, const char *list, const struct filtering *row)
{
    char text[512];

    f->about = row->rules;
    snprintf(text, sizeof text, "%s?%s", list, row->query);
    get(f, text);
    if (row->found != NULL) {
        expect_names(f, row->found);
        return;
    }
    snprintf(text, sizeof text, "parameter \"tags\" in query has an error: %s", row->invalid);
    expect_bad_request(f, text);
}

static void given_tagged(struct api_fixture *f, enum truth truth, const struct kind *kind)
{
    given_truth(f, truth);
    given_source(f);
    for (size_t i = 0; i < ARRAY_LEN(tagged); i++) {
        create(f, kind, tagged[i][0], tagged[i][1]);
        expect_status(f, 201);
    }
}

static void a_filter_finds_what_has_all_its_tags(void **state)
{
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(truths) * ARRAY_LEN(kinds); i++) {
        const struct kind *kind = &kinds[i / 2];
        given_tagged(f, truths[i % 2], kind);
        for (size_t row = 0; row < ARRAY_LEN(filterings); row++)
            expect_filtering(f, kind->list, &filterings[row]);
    }
}

/* TAG-028, SNAP-L-020, INST-T-008: the description limits keys too, the server does not. */
static void a_key_that_no_tag_can_have_finds_nothing_or_is_refused(void **state)
{
    static const char *const queries[][2] = {
        { "tags[te%23am]=x", "property name \"te#am\": " REGEX },
        { "tags[" K_128 "k]=x", "property name \"" K_128 "k\": maximum string length is 128" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(truths) * ARRAY_LEN(kinds); i++) {
        const struct kind *kind = &kinds[i / 2];
        given_tagged(f, truths[i % 2], kind);
        for (size_t q = 0; q < ARRAY_LEN(queries); q++) {
            const bool refused = f->truth == TRUTH_SPEC;
            const struct filtering row = { "TAG-028", queries[q][0], refused ? NULL : "",
                                           queries[q][1] };
            expect_filtering(f, kind->list, &row);
        }
    }
}

static void a_filter_may_have_fifty_pairs(void **state) /* TAG-030, SNAP-L-021 */
{
    struct api_fixture *f = *state;
    char query[2048];

    given_source(f);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char begin[64];
        snprintf(begin, sizeof begin, "%s?", kinds[i].list);
        write_many(query, sizeof query, 50, begin, "tags[k", "]=v", "&", "");
        get(f, query);
        expect_json(f, 200, "[]\n");
        write_many(query, sizeof query, 51, begin, "tags[k", "]=v", "&", "");
        get(f, query);
        expect_bad_request(
            f, "parameter \"tags\" in query has an error: there must be at most 50 properties");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(tags_are_kept_as_sent_or_refused_with_their_fault),
        TEST(there_may_be_fifty),
        TEST(keys_are_judged_by_the_operation),
        TEST(forks_inherit_tags_and_nothing_changes_them),
        TEST(a_filter_finds_what_has_all_its_tags),
        TEST(a_key_that_no_tag_can_have_finds_nothing_or_is_refused),
        TEST(a_filter_may_have_fifty_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
