/* Many clients doing everything at once: each answer is one the contract allows, and what is left
 * at the end hangs together.
 *
 * TESTKIT_SOAK_SECONDS and TESTKIT_SOAK_CONNECTIONS make it longer and wider; TESTKIT_SOAK_SEED
 * repeats a run's choices, which is all that can be repeated. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "common/env/env.h"
#include "common/json/json_document.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

/* ---- what is asked, and what may be answered --------------------------------------------------
 */

/* In targets and bodies:
 *   %i  an instance: id, name or nonsense    %n  a name            %v  a volume
 *   %p  INSTANCE/snapshots/SNAPSHOT
 *   %s  a snapshot id                        %b  true or false     %t  a target state
 *   %d  a small number                       %h  a hypervisor      %k  a kind of snapshot */
struct operation {
    const char *method;
    const char *target;
    const char *body;
    const char
        *allowed; /* "200 404:not_found 409:invalid_state|conflict": errors with their codes */
    int weight;
};

static const struct operation operations[] = {
    { "POST", "/instances", "{\"name\":\"%n\",\"image\":\"alpine\"}", "201 409:name_conflict", 14 },
    { "POST", "/instances",
      "{\"name\":\"%n\",\"image\":\"alpine\",\"network\":{\"enabled\":%b},\"tags\":{\"k\":\"%d\"},"
      "\"restart_policy\":{\"policy\":\"always\"},\"volumes\":[{\"volume_id\":\"%v\","
      "\"mount_path\":\"/data\",\"readonly\":%b}]}",
      "201 409:name_conflict|conflict", 8 },
    { "POST", "/instances",
      "{\"name\":\"%n\",\"image\":\"alpine\",\"ttl\":\"%dms\",\"hypervisor\":\"%h\",\"auto_"
      "standby\":"
      "{\"enabled\":true,\"idle_timeout\":\"%dms\"},\"snapshot_policy\":{\"compression\":{"
      "\"enabled\":true}}}",
      "201 400:invalid_request|Bad_Request 409:name_conflict", 8 },
    { "POST", "/instances", "{\"name\":\"%n\"", "400:Bad_Request", 1 },
    { "GET", "/instances?state=Running&tags[k]=%d", NULL, "200", 1 },
    { "GET", "/instances/%i", NULL, "200 404:not_found 409:ambiguous", 10 },
    { "PATCH", "/instances/%i", "{\"auto_standby\":{\"enabled\":%b,\"idle_timeout\":\"%dms\"}}",
      "200 400:invalid_request 404:not_found 409:ambiguous", 4 },
    { "PATCH", "/instances/%i", "{\"ttl\":\"%ds\",\"restart_policy\":{\"policy\":\"always\"}}",
      "200 404:not_found 409:ambiguous|instance_expired", 4 },
    { "DELETE", "/instances/%i", NULL, "204 404:not_found 409:ambiguous", 6 },
    { "POST", "/instances/%i/standby", NULL, "200 404:not_found 409:ambiguous|invalid_state", 6 },
    { "POST", "/instances/%i/restore", NULL,
      "200 404:not_found 409:ambiguous|invalid_state|name_conflict", 6 },
    { "POST", "/instances/%i/stop", NULL, "200 404:not_found 409:ambiguous|invalid_state", 6 },
    { "POST", "/instances/%i/start", "{}",
      "200 404:not_found 409:ambiguous|invalid_state|name_conflict", 6 },
    { "POST", "/instances/%i/fork", "{\"name\":\"%n\",\"from_running\":%b,\"target_state\":\"%t\"}",
      "201 404:not_found 409:ambiguous|invalid_state|name_conflict 501:not_supported", 6 },
    { "POST", "/instances/%i/snapshots", "{\"kind\":\"%k\",\"name\":\"%n\"}",
      "201 404:not_found 409:ambiguous|conflict 501:not_supported", 10 },
    { "POST", "/instances/%i/snapshots",
      "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":%d}}",
      "201 400:invalid_snapshot_compression|Bad_Request 404:not_found 409:ambiguous|conflict "
      "501:not_supported",
      4 },
    { "POST", "/instances/%p/restore", "{\"target_state\":\"%t\"}",
      "200 400:invalid_request 404:not_found 409:ambiguous|invalid_state|conflict "
      "500:internal_error" /* its name has a networked holder by now */,
      8 },
    { "GET", "/snapshots?kind=%k", NULL, "200", 1 },
    { "GET", "/snapshots?name=%n", NULL, "200", 1 },
    { "GET", "/snapshots/%s", NULL, "200 404:not_found", 8 },
    { "DELETE", "/snapshots/%s", NULL, "204 404:not_found", 6 },
    { "POST", "/snapshots/%s/fork",
      "{\"name\":\"%n\",\"target_state\":\"%t\",\"target_hypervisor\":\"%h\"}",
      "201 400:invalid_request 404:not_found 409:conflict|invalid_state", 4 },
    { "POST", "/snapshots/%s/fork", "{\"name\":\"%n\"}", "201 404:not_found 409:conflict", 6 },
    { "PUT", "/instances/%i/snapshot-schedule",
      "{\"interval\":\"%dh\",\"retention\":{\"max_count\":%d}}",
      "200 400:invalid_request 404:not_found 409:ambiguous", 4 },
    { "GET", "/instances/%i/snapshot-schedule", NULL, "200 404:not_found 409:ambiguous", 3 },
    { "DELETE", "/instances/%i/snapshot-schedule", NULL, "204 404:not_found 409:ambiguous", 2 },
    { "GET", "/instances/%i/wait?state=Running&timeout=%dms", NULL,
      "200 400:invalid_timeout 404:not_found 409:ambiguous", 6 },
    { "GET", "/instances/%i/stats", NULL, "200 404:not_found 409:ambiguous", 3 },
    { "GET", "/instances/%i/stat?path=/etc", NULL, "200 404:not_found 409:ambiguous|invalid_state",
      3 },
    { "GET", "/instances/%i/logs?tail=%d", NULL, "200 404:not_found|log_not_found 409:ambiguous",
      3 },
    { "GET", "/instances/%i/auto-standby/status", NULL, "200 404:not_found 409:ambiguous", 3 },
    { "POST", "/instances/%i/auto-standby/hold", NULL,
      "200 404:not_found 409:ambiguous|instance_in_standby", 3 },
    { "POST", "/instances/%i/volumes/%v", "{\"mount_path\":\"/m%d\",\"readonly\":%b}",
      "200 400:invalid_request 404:not_found 409:ambiguous|conflict", 3 },
    { "DELETE", "/instances/%i/volumes/%v", NULL, "200 404:not_found 409:ambiguous", 3 },
    { "GET", "/nope", NULL, "404:not_found", 1 },
    { "PUT", "/snapshots", "{}", "405:method_not_allowed", 1 },
};

enum { IDS = 128, ID_BYTES = 64, NAMES = 300, VOLUMES = 40 };

/* Ids the clients have seen lately; who reads one that another overwrites just asks for nonsense.
 */
struct ids {
    pthread_mutex_t mutex;
    char ids[IDS][ID_BYTES];
    size_t next;
};

struct soak {
    const char *url;
    int64_t deadline_ns;
    struct ids instances;
    struct ids snapshots;
    struct ids pairs;
    atomic_ullong requests;
    atomic_ullong answered[ARRAY_LEN(operations)][6]; /* by status / 100 */
    atomic_bool failed;
};

struct worker {
    struct soak *soak;
    struct rng_seeded seeded;
    struct rng rng;
    pthread_t thread;
};

static size_t pick(struct worker *w, size_t count)
{
    uint32_t value;
    w->rng.fill(w->rng.ctx, &value, sizeof value);
    return value % count;
}

static void remember(struct ids *ids, const char *id)
{
    pthread_mutex_lock(&ids->mutex);
    snprintf(ids->ids[ids->next++ % IDS], ID_BYTES, "%s", id);
    pthread_mutex_unlock(&ids->mutex);
}

static void recall(struct worker *w, struct ids *ids, char out[ID_BYTES])
{
    pthread_mutex_lock(&ids->mutex);
    const size_t known = ids->next < IDS ? ids->next : IDS;
    snprintf(out, ID_BYTES, "%s", known == 0 ? "none" : ids->ids[pick(w, known)]);
    pthread_mutex_unlock(&ids->mutex);
}

static void fill_in(struct worker *w, char what, char out[ID_BYTES])
{
    static const char *const states[] = { "Running", "Standby", "Stopped" };
    static const char *const hypervisors[] = { "cloud-hypervisor", "firecracker", "qemu",
                                               "qemu-microvm" };
    switch (what) {
    case 'i':
        if (pick(w, 4) > 0) {
            recall(w, &w->soak->instances, out);
            break;
        }
        __attribute__((fallthrough)); /* by name */
    case 'n':
        snprintf(out, ID_BYTES, "n%zu", pick(w, NAMES));
        break;
    case 'p':
        recall(w, &w->soak->pairs, out);
        break;
    case 's':
        recall(w, &w->soak->snapshots, out);
        break;
    case 'v':
        snprintf(out, ID_BYTES, "vol-%zu", pick(w, VOLUMES));
        break;
    case 'b':
        snprintf(out, ID_BYTES, "%s", pick(w, 2) == 0 ? "true" : "false");
        break;
    case 't':
        snprintf(out, ID_BYTES, "%s", states[pick(w, ARRAY_LEN(states))]);
        break;
    case 'h':
        snprintf(out, ID_BYTES, "%s", hypervisors[pick(w, ARRAY_LEN(hypervisors))]);
        break;
    case 'k':
        snprintf(out, ID_BYTES, "%s", pick(w, 4) == 0 ? "Stopped" : "Standby");
        break;
    default:
        snprintf(out, ID_BYTES, "%zu", pick(w, 25));
    }
}

static void expand(struct worker *w, const char *template, char *out, size_t room)
{
    size_t len = 0;
    for (const char *at = template; *at != '\0' && len + 64 < room; at++) {
        if (*at != '%') {
            out[len++] = *at;
            continue;
        }
        char value[ID_BYTES];
        fill_in(w, *++at, value);
        len += (size_t)snprintf(out + len, room - len, "%s", value);
    }
    out[len] = '\0';
}

/* ---- judging an answer ------------------------------------------------------------------------
 */

static const char *member(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* Whether "404:not_found" or "200" is in the list; codes are compared with '_' for blanks. */
static bool is_allowed(const char *allowed, int status, const char *code)
{
    char plain[64];
    char *state = NULL;
    char list[256];
    snprintf(plain, sizeof plain, "%s", code);
    for (char *at = plain; *at != '\0'; at++) {
        if (*at == ' ')
            *at = '_';
    }
    snprintf(list, sizeof list, "%s", allowed);
    for (char *entry = strtok_r(list, " ", &state); entry != NULL;
         entry = strtok_r(NULL, " ", &state)) {
        char *codes = strchr(entry, ':');
        if ((int)strtol(entry, NULL, 10) != status)
            continue;
        if (codes == NULL)
            return code[0] == '\0';
        char *inner = NULL;
        for (char *one = strtok_r(codes + 1, "|", &inner); one != NULL;
             one = strtok_r(NULL, "|", &inner)) {
            if (strcmp(one, plain) == 0)
                return true;
        }
    }
    return false;
}

static void remember_made(struct soak *soak, json_t *made)
{
    const char *source = member(made, "source_instance_id");
    char pair[ID_BYTES];
    if (source[0] == '\0') {
        remember(&soak->instances, member(made, "id"));
        return;
    }
    snprintf(pair, sizeof pair, "%s/snapshots/%s", source, member(made, "id"));
    remember(&soak->snapshots, member(made, "id"));
    remember(&soak->pairs, pair);
}

static bool judge(struct soak *soak, size_t index, const char *target, const char *body,
                  const struct http_answer *answer)
{
    const struct operation *operation = &operations[index];
    const bool is_stream = http_answer_has_line(answer, "Content-Type: text/event-stream");
    json_t *json = NULL;
    struct error err = { 0 };
    const struct text text = { answer->body, answer->body_len };

    if (!is_stream && answer->body_len > 0 && !json_document_load(text, false, &json, &err)) {
        print_error("%s %s: not JSON: %s\n", operation->method, target, answer->body);
        return false;
    }
    const char *code = answer->status >= 400 ? member(json, "code") : "";
    const bool allowed = is_allowed(operation->allowed, answer->status, code);
    if (!allowed)
        print_error("%s %s %s: not allowed: %d %s\n", operation->method, target,
                    body == NULL ? "" : body, answer->status, answer->body);
    if (allowed && answer->status == 201)
        remember_made(soak, json);
    atomic_fetch_add(&soak->answered[index][answer->status / 100], 1);
    json_decref(json);
    return allowed;
}

static size_t pick_operation(struct worker *w)
{
    int total = 0;
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        total += operations[i].weight;
    int chosen = (int)pick(w, (size_t)total);
    size_t index = 0;
    while ((chosen -= operations[index].weight) >= 0)
        index++;
    return index;
}

static bool ask_once(struct worker *w, struct http_client *client)
{
    const size_t index = pick_operation(w);
    const struct operation *operation = &operations[index];
    char target[512];
    char body[1024];
    struct http_answer answer = { 0 };
    const char *sent = operation->body == NULL ? NULL : body;

    expand(w, operation->target, target, sizeof target);
    if (operation->body != NULL)
        expand(w, operation->body, body, sizeof body);
    bool good = http_client_request(client, operation->method, target, sent) &&
                http_client_read(client, &answer);
    if (!good)
        print_error("%s %s: no answer\n", operation->method, target);
    good = good && judge(w->soak, index, target, sent, &answer);
    http_answer_free(&answer);
    atomic_fetch_add(&w->soak->requests, 1);
    return good;
}

static void *work(void *argument)
{
    struct worker *w = argument;
    struct soak *soak = w->soak;
    struct http_client client;
    if (!http_client_open(&client, soak->url)) {
        atomic_store(&soak->failed, true);
        return NULL;
    }
    while (monotonic_now_ns() < soak->deadline_ns && !atomic_load(&soak->failed)) {
        if (!ask_once(w, &client))
            atomic_store(&soak->failed, true);
    }
    http_client_close(&client);
    return NULL;
}

/* ---- what is left hangs together --------------------------------------------------------------
 */

/* NULL when it is gone: deadlines of instances go on passing. */
static json_t *fetch(const char *url, const char *target)
{
    struct http_client client;
    struct http_answer answer;
    struct error err = { 0 };
    json_t *json = NULL;
    assert_true(http_client_open(&client, url));
    assert_true(http_client_request(&client, "GET", target, NULL));
    assert_true(http_client_read(&client, &answer));
    assert_true(answer.status == 200 || answer.status == 404);
    if (answer.status == 200)
        assert_true(
            json_document_load((struct text){ answer.body, answer.body_len }, false, &json, &err));
    http_answer_free(&answer);
    http_client_close(&client);
    return json;
}

/* In `seen` by a key that must be new. */
static void assert_new(json_t *seen, const char *key, const char *what)
{
    if (json_object_get(seen, key) != NULL)
        fail_msg("%s %s is there twice", what, key);
    json_object_set_new(seen, key, json_true());
}

static void check_instances(const char *url)
{
    json_t *list = fetch(url, "/instances");
    json_t *ids = json_object();
    json_t *addresses = json_object();
    size_t i;
    json_t *instance;
    json_array_foreach(list, i, instance)
    {
        json_t *network = json_object_get(instance, "network");
        assert_new(ids, member(instance, "id"), "instance");
        if (member(network, "ip")[0] != '\0') {
            assert_new(addresses, member(network, "ip"), "address");
            assert_new(addresses, member(network, "mac"), "address");
        }
        char target[64];
        snprintf(target, sizeof target, "/instances/%s", member(instance, "id"));
        json_decref(fetch(url, target));
    }
    json_decref(addresses);
    json_decref(ids);
    json_decref(list);
}

/* Ids are unique, and names per source; each source's own list has just its snapshots; each
 * snapshot can be had alone. */
static void check_snapshots(const char *url)
{
    json_t *list = fetch(url, "/snapshots");
    json_t *ids = json_object();
    json_t *names = json_object();
    json_t *counts = json_object();
    size_t i;
    json_t *snapshot;
    const char *source;
    json_t *count;
    json_array_foreach(list, i, snapshot)
    {
        char key[256];
        source = member(snapshot, "source_instance_id");
        assert_new(ids, member(snapshot, "id"), "snapshot");
        snprintf(key, sizeof key, "%s/%s", source, member(snapshot, "name"));
        if (member(snapshot, "name")[0] != '\0')
            assert_new(names, key, "name");
        json_object_set_new(counts, source,
                            json_integer(json_integer_value(json_object_get(counts, source)) + 1));
        snprintf(key, sizeof key, "/snapshots/%s", member(snapshot, "id"));
        json_decref(fetch(url, key));
    }
    json_object_foreach(counts, source, count)
    {
        char target[128];
        snprintf(target, sizeof target, "/snapshots?source_instance_id=%s", source);
        json_t *own = fetch(url, target);
        assert_int_equal(json_array_size(own), json_integer_value(count));
        json_decref(own);
    }
    print_message("left: %zu snapshots of %zu sources\n", json_array_size(list),
                  json_object_size(counts));
    json_decref(counts);
    json_decref(names);
    json_decref(ids);
    json_decref(list);
}

/* ---- the test ---------------------------------------------------------------------------------
 */

static size_t from_environment(const char *name, size_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : (size_t)strtoull(text, NULL, 10);
}

static void print_answers(struct soak *soak)
{
    for (size_t i = 0; i < ARRAY_LEN(operations); i++)
        print_message("  %-6s %-50s 2xx %-7llu 4xx %-7llu 5xx %llu\n", operations[i].method,
                      operations[i].target, atomic_load(&soak->answered[i][2]),
                      atomic_load(&soak->answered[i][4]), atomic_load(&soak->answered[i][5]));
}

static void every_answer_under_load_is_one_the_contract_allows(void **state)
{
    (void)state;
    const size_t seconds = from_environment("TESTKIT_SOAK_SECONDS", 2);
    const size_t connections = from_environment("TESTKIT_SOAK_CONNECTIONS", 64);
    const uint64_t seed = from_environment("TESTKIT_SOAK_SEED", (uint64_t)monotonic_now_ns());
    struct program mock;
    assert_true(
        program_start(&mock, "hypeman-mock",
                      (const char *[]){ "--listen", "127.0.0.1:0", "--log", "off", "--boot-delay",
                                        "5ms", "--compression-delay", "20ms", NULL }));
    struct soak *soak = calloc(1, sizeof *soak);
    struct worker *workers = calloc(connections, sizeof *workers);
    assert_non_null(soak);
    assert_non_null(workers);
    soak->url = mock.urls[0];
    soak->deadline_ns = monotonic_now_ns() + (int64_t)seconds * NS_PER_SEC;
    pthread_mutex_init(&soak->instances.mutex, NULL);
    pthread_mutex_init(&soak->snapshots.mutex, NULL);
    pthread_mutex_init(&soak->pairs.mutex, NULL);
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < connections; i++) {
        workers[i].soak = soak;
        workers[i].rng = rng_from_seed(&workers[i].seeded, seed + i);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < connections; i++)
        pthread_join(workers[i].thread, NULL);

    print_message("%llu requests on %zu connections in %zu s\n", atomic_load(&soak->requests),
                  connections, seconds);
    print_answers(soak);
    assert_false(atomic_load(&soak->failed));
    check_instances(soak->url);
    check_snapshots(soak->url);
    pthread_mutex_destroy(&soak->instances.mutex);
    pthread_mutex_destroy(&soak->snapshots.mutex);
    pthread_mutex_destroy(&soak->pairs.mutex);
    free(workers);
    free(soak);
    assert_int_equal(program_stop(&mock, SIGTERM), 0);
    program_free(&mock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_under_load_is_one_the_contract_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
