/* What an identifier in a path may be and what it finds: common.md 6, instances.md 2, snapshots.md
 * 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

#define NOT_FOUND "{\"code\":\"not_found\",\"message\":\"resource not found\"}"
#define AMBIGUOUS "{\"code\":\"ambiguous\",\"message\":\"multiple resources match, use full ID\"}"

struct target {
    char text[256];
};

/* The path with the word in its first parameter's place. */
static struct target at(const char *path, const char *word)
{
    struct target target;
    const char *hole = strchr(path, '{');
    const char *after = strchr(path, '}');

    assert_true(hole != NULL && after != NULL);
    snprintf(target.text, sizeof target.text, "%.*s%s%s", (int)(hole - path), path, word,
             after + 1);
    return target;
}

/* Small and without network, so that there may be many and several of one name. */
static void given_named(struct api_fixture *f, const char *name)
{
    char body[200];
    snprintf(body, sizeof body,
             "{\"name\":\"%s\",\"image\":\"alpine\",\"vcpus\":1,\"size\":\"1MB\",\"network\":{"
             "\"enabled\":false}}",
             name);
    given_instance(f, body);
}

static void copy_id(char id[25], const struct api_fixture *f)
{
    snprintf(id, 25, "%.24s", f->id);
}

static void expect_found(struct api_fixture *f, const char *word, const char *id)
{
    char shown[64];
    get(f, at("/instances/{id}", word).text);
    expect_status(f, 200);
    snprintf(shown, sizeof shown, "\"id\":\"%.24s\"", id);
    expect_contains(f, shown);
}

static void expect_nothing(struct api_fixture *f, const char *word)
{
    get(f, at("/instances/{id}", word).text);
    expect_json(f, 404, NOT_FOUND); /* no line feed: a gate's (RESOLVE-001, INST-ID-007) */
}

static void expect_ambiguous(struct api_fixture *f, const char *word)
{
    get(f, at("/instances/{id}", word).text);
    expect_json(f, 409, AMBIGUOUS); /* RESOLVE-002, INST-ID-007 */
}

/* --- the form of ids ---------------------------------------------------------------------- */

static void expect_form(const char *answer)
{
    const char *id = strstr(answer, "\"id\":\"") + strlen("\"id\":\"");
    assert_in_range(id[0], 'a', 'z');
    assert_int_equal(strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz"), 24);
    assert_int_equal(id[24], '"');
}

static void every_id_is_a_letter_and_23_letters_or_digits(void **state)
{
    static const char *const requests[][3] = {
        { "INST-ID-001, JSON-020", "/instances", "{\"name\":\"a\",\"image\":\"alpine\"}" },
        { "SNAP-I-001, JSON-020", "/instances/vm/snapshots", "{\"kind\":\"Standby\"}" },
        { "SNAP-I-002", "/instances/vm/fork", "{\"name\":\"b\",\"from_running\":true}" },
        { "SNAP-I-002", "/snapshots/{id}/fork", "{\"name\":\"c\"}" },
    };
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\"}");
    given_snapshot(f, "vm", "");
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const char *path = requests[i][1];
        f->about = requests[i][0];
        post(f, strchr(path, '{') == NULL ? path : at(path, f->id).text, requests[i][2]);
        expect_status(f, 201);
        expect_form(f->answer);
    }
}

static void ids_tell_nothing_of_the_order_of_creation(void **state) /* INST-ID-001, JSON-020 */
{
    struct api_fixture *f = *state;
    char last[25] = "";
    size_t later_and_smaller = 0;

    for (int i = 0; i < 20; i++) {
        given_named(f, "a");
        later_and_smaller += strcmp(f->id, last) < 0;
        copy_id(last, f);
    }
    assert_in_range(later_and_smaller, 1, 18);
}

/* --- what finds an instance --------------------------------------------------------------- */

/* INST-ID-002, SNAP-I-003 */
static void an_id_beats_a_name_and_a_name_beats_a_prefix(void **state)
{
    struct api_fixture *f = *state;
    char first[25], named_as_id[25], named_as_prefix[25];
    char letter[2] = { 0 };

    given_named(f, "first");
    copy_id(first, f);
    given_named(f, first);
    copy_id(named_as_id, f);
    expect_found(f, first, first); /* RESOLVE-006 */
    expect_found(f, named_as_id, named_as_id);

    letter[0] = first[0];
    given_named(f, letter);
    copy_id(named_as_prefix, f);
    expect_found(f, letter, named_as_prefix); /* INST-ID-004, SNAP-I-006 */
    expect_found(f, first, first);
}

static void only_the_beginning_of_an_id_may_stand_for_the_whole(void **state) /* RESOLVE-008 */
{
    struct api_fixture *f = *state;
    char prefix[25];

    given_named(f, "web-server");
    for (int len = 1; len <= 24; len++) { /* INST-ID-003: one character is enough */
        snprintf(prefix, sizeof prefix, "%.*s", len, f->id);
        expect_found(f, prefix, f->id);
    }
    expect_nothing(f, "web-");
    expect_nothing(f, "web-serve");
    expect_nothing(f, f->id + 1);
    expect_found(f, "web-server", f->id);
}

static void words_match_exactly_and_in_their_case(void **state) /* RESOLVE-007 */
{
    struct api_fixture *f = *state;
    char upper[25];

    given_named(f, "web-1");
    copy_id(upper, f);
    upper[0] = (char)(upper[0] - 'a' + 'A');
    expect_nothing(f, upper);
    expect_nothing(f, "WEB-1");
    expect_nothing(f, "web-1%20");
    expect_nothing(f, "web-10");
    snprintf(upper, sizeof upper, "%.23s", f->id);
    expect_found(f, upper, f->id);
}

/* INST-ID-005, SNAP-I-004 */
static void several_of_a_name_or_of_a_prefix_are_ambiguous(void **state)
{
    struct api_fixture *f = *state;
    char ids[27][25];
    char letter[2] = { 0 };
    size_t count = 0;

    /* A name held twice, although as a prefix it would be unique. */
    given_named(f, "first");
    copy_id(ids[count++], f);
    letter[0] = ids[0][0];
    expect_found(f, letter, ids[0]);
    for (int i = 0; i < 2; i++, count++) {
        given_named(f, letter);
        copy_id(ids[count], f);
    }
    expect_ambiguous(f, letter);
    for (size_t i = 0; i < count; i++)
        expect_found(f, ids[i], ids[i]); /* INST-N-004: full ids still work */

    /* A letter with which several ids begin: 26 letters, 27 ids. */
    letter[0] = '\0';
    for (; letter[0] == '\0'; count++) {
        given_named(f, "other");
        copy_id(ids[count], f);
        for (size_t i = 1; i < count; i++) {
            if (ids[i][0] == f->id[0] && f->id[0] != ids[0][0])
                letter[0] = f->id[0];
        }
    }
    expect_ambiguous(f, letter);
}

/* One body that is good for every operation: unknown members are ignored. */
#define ANY_BODY                                                                                   \
    "{\"name\":\"new\",\"kind\":\"Standby\",\"mount_path\":\"/m\",\"interval\":\"1h\","            \
    "\"retention\":{\"max_count\":1}}"

/* Every route below /instances/{id}, where that word stands. */
static void expect_of_every_operation(struct api_fixture *f, const char *word, int status,
                                      const char *body)
{
    for (const struct route *route = routes; route->path != NULL; route++) {
        char target[300];
        if (strncmp(route->path, "/instances/{", strlen("/instances/{")) != 0 || route->run == NULL)
            continue;
        snprintf(target, sizeof target, "%s?state=Running&path=/", at(route->path, word).text);
        f->about = route->operation_id;
        send_request(f, route->method, target, route->body == BODY_IGNORED ? NULL : ANY_BODY);
        expect_json(f, status, body);
    }
}

/* INST-ID-006, SNAP-I-005, RESOLVE-001; and INST-ID-010: no operation gets as far as to say that
 * the instance is not found. */
static void every_operation_on_an_unknown_instance_answers_the_same(void **state)
{
    struct api_fixture *f = *state;

    given_named(f, "web-1");
    expect_of_every_operation(f, "nobody", 404, NOT_FOUND);
    expect_of_every_operation(f, "a%2Fb", 404, NOT_FOUND);
}

static void every_operation_on_an_ambiguous_name_answers_the_same(void **state) /* INST-N-004 */
{
    struct api_fixture *f = *state;

    given_named(f, "twin");
    given_named(f, "twin");
    expect_of_every_operation(f, "twin", 409, AMBIGUOUS);
}

/* --- decoding ----------------------------------------------------------------------------- */

static void a_word_is_decoded_twice_when_the_path_is_canonical(void **state) /* PATH-002 */
{
    static const struct {
        const char *rules;
        const char *word;
        bool found; /* "web-1" */
    } cases[] = {
        { "PATH-002, INST-ID-008, SNAP-I-007", "web%2D1", true },
        { "PATH-002", "web%252D1", true },
        { "PATH-002", "%77eb%252D1", false }, /* once: %77 is not canonical */
        { "PATH-002", "web%25252D1", false },
        { "PATH-001, INST-ID-008, SNAP-I-007", "web-1%2Fb", false },
        { "PATH-003", "web-1%25", false },
        { "PATH-004", "web+1", false },
    };
    struct api_fixture *f = *state;

    given_named(f, "web-1");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->about = cases[i].rules;
        if (cases[i].found)
            expect_found(f, cases[i].word, f->id);
        else
            expect_nothing(f, cases[i].word);
    }
}

static void a_nul_byte_is_trouble_for_the_real_server_only(void **state) /* PATH-005 */
{
    struct api_fixture *f = *state;

    given_named(f, "web-1");
    expect_nothing(f, "web-1%00");
    given_truth(f, TRUTH_SERVER);
    get(f, "/instances/web-1%00");
    expect_json(f, 500, "{\"code\":\"internal_error\",\"message\":\"failed to resolve resource\"}");
}

/* --- what is done to what was found ------------------------------------------------------- */

struct deed {
    enum http_method method;
    const char *path;
    const char *body;
    int status;
    const char *shows; /* before the full id in the answer; NULL for an empty one */
};

/* RESOLVE-010, INST-ID-009, INST-ID-003 */
static void every_form_of_a_word_reaches_the_same_instance(void **state)
{
    static const struct deed deeds[] = {
        { HTTP_GET, "/instances/{id}", NULL, 200, "\"id\":\"" },
        { HTTP_PATCH, "/instances/{id}", "{\"auto_standby\":{}}", 200, "\"id\":\"" },
        { HTTP_POST, "/instances/{id}/snapshots", "{\"kind\":\"Standby\"}", 201,
          "\"source_instance_id\":\"" }, /* SNAP-I-011 */
        { HTTP_POST, "/instances/{id}/standby", NULL, 200, "\"id\":\"" },
        { HTTP_POST, "/instances/{id}/restore", NULL, 200, "\"id\":\"" },
        { HTTP_POST, "/instances/{id}/stop", NULL, 200, "\"id\":\"" },
        { HTTP_POST, "/instances/{id}/start", "{}", 200, "\"id\":\"" },
        { HTTP_DELETE, "/instances/{id}", NULL, 204, NULL },
    };
    struct api_fixture *f = *state;

    for (size_t form = 0; form < 3; form++) {
        char letter[2] = { 0 };
        char id[25];
        given_named(f, "web-1");
        copy_id(id, f);
        letter[0] = id[0];
        const char *const words[] = { id, "web-1", letter };
        for (size_t i = 0; i < ARRAY_LEN(deeds); i++) {
            char shown[64];
            send_request(f, deeds[i].method, at(deeds[i].path, words[form]).text, deeds[i].body);
            expect_status(f, deeds[i].status);
            if (deeds[i].shows == NULL)
                continue;
            snprintf(shown, sizeof shown, "%s%.24s\"", deeds[i].shows, id);
            expect_contains(f, shown);
            f->fake.now_ns += NS_PER_SEC;
        }
        expect_nothing(f, id);
    }
}

static void a_word_is_resolved_once(void **state) /* INST-ID-009 */
{
    struct api_fixture *f = *state;
    char id[25];
    char letter[2] = { 0 };
    char body[64];

    /* The fork takes the very word that found its source. */
    given_named(f, "web-1");
    copy_id(id, f);
    letter[0] = id[0];
    post(f, at("/instances/{id}/stop", letter).text, NULL);
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", letter);
    post(f, at("/instances/{id}/fork", letter).text, body);
    expect_status(f, 201);
    snprintf(f->id, sizeof f->id, "%.24s", strstr(f->answer, "\"id\":\"") + 6);
    expect_found(f, letter, f->id);
    expect_found(f, id, id);
    send_request(f, HTTP_DELETE, at("/instances/{id}", letter).text, NULL);
    expect_status(f, 204);
    expect_found(f, letter, id);
}

/* --- snapshots ---------------------------------------------------------------------------- */

static void only_the_exact_id_finds_a_snapshot(void **state) /* SNAP-I-008, SNAP-G-002 */
{
    struct api_fixture *f = *state;
    char prefix[25];
    char upper[25];

    given_named(f, "web-1");
    given_snapshot(f, "web-1", "\"name\":\"base\"");
    snprintf(prefix, sizeof prefix, "%.23s", f->id);
    copy_id(upper, f);
    upper[0] = (char)(upper[0] - 'a' + 'A');
    const char *const words[][2] = {
        { "SNAP-I-008", "base" },  { "SNAP-I-008", prefix },     { "SNAP-I-008", upper },
        { "SNAP-I-009", "." },     { "SNAP-I-009", ".." },       { "SNAP-I-009", "%2E%2E" },
        { "SNAP-I-009", "a%2Fb" }, { "SNAP-I-009", "..%2Fweb" },
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        f->about = words[i][0];
        get(f, at("/snapshots/{id}", words[i][1]).text);
        expect_error(f, 404, "not_found", "snapshot not found");
        send_request(f, HTTP_DELETE, at("/snapshots/{id}", words[i][1]).text, NULL);
        expect_error(f, 404, "not_found", "snapshot not found"); /* SNAP-D-003 */
        post(f, at("/snapshots/{id}/fork", words[i][1]).text, "{\"name\":\"new\"}");
        expect_error(f, 404, "not_found", "snapshot not found");
        /* RESOLVE-009: only the first word of a path is resolved. */
        post(f, at("/instances/web-1/snapshots/{id}/restore", words[i][1]).text, "{}");
        expect_error(f, 404, "not_found", "instance or snapshot not found");
    }
    get(f, at("/snapshots/{id}", f->id).text);
    expect_status(f, 200);
}

static void a_volume_in_a_path_is_no_word_to_resolve_either(void **state) /* RESOLVE-009 */
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"web-1\",\"image\":\"alpine\",\"volumes\":[{\"volume_id\":"
                      "\"data\",\"mount_path\":\"/d\"}]}");
    post(f, "/instances/web-1/stop", NULL);
    send_request(f, HTTP_DELETE, "/instances/web-1/volumes/dat", NULL);
    expect_status(f, 404);
    expect_lacks(f, "resource not found");
    send_request(f, HTTP_DELETE, "/instances/web-1/volumes/data", NULL);
    expect_status(f, 200);
}

static void snapshots_need_no_source(void **state) /* SNAP-I-012 */
{
    struct api_fixture *f = *state;
    char id[25];

    given_named(f, "web-1");
    given_snapshot(f, "web-1", "");
    copy_id(id, f);
    get(f, at("/snapshots/{id}", id).text);
    char *before = strdup(f->answer);
    send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
    expect_status(f, 204);

    get(f, at("/snapshots/{id}", id).text);
    expect_json(f, 200, before); /* SNAP-G-003: unchanged */
    free(before);
    post(f, at("/snapshots/{id}/fork", id).text, "{\"name\":\"new\",\"target_state\":\"Running\"}");
    expect_status(f, 201);
    send_request(f, HTTP_DELETE, at("/snapshots/{id}", id).text, NULL);
    expect_status(f, 204);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(every_id_is_a_letter_and_23_letters_or_digits),
        TEST(ids_tell_nothing_of_the_order_of_creation),
        TEST(an_id_beats_a_name_and_a_name_beats_a_prefix),
        TEST(only_the_beginning_of_an_id_may_stand_for_the_whole),
        TEST(words_match_exactly_and_in_their_case),
        TEST(several_of_a_name_or_of_a_prefix_are_ambiguous),
        TEST(every_operation_on_an_unknown_instance_answers_the_same),
        TEST(every_operation_on_an_ambiguous_name_answers_the_same),
        TEST(a_word_is_decoded_twice_when_the_path_is_canonical),
        TEST(a_nul_byte_is_trouble_for_the_real_server_only),
        TEST(every_form_of_a_word_reaches_the_same_instance),
        TEST(a_word_is_resolved_once),
        TEST(only_the_exact_id_finds_a_snapshot),
        TEST(a_volume_in_a_path_is_no_word_to_resolve_either),
        TEST(snapshots_need_no_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
