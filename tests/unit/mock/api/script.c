#include "tests/unit/mock/api/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instance_force.h"
#include "mock/domain/instances.h"

enum { MAX_TEXT = 64 * 1024, MAX_KEPT = 8 };

struct script {
    struct api_fixture *f;
    struct {
        const char *name;
        char id[32];
    } kept[MAX_KEPT];
    size_t kept_count;
    char text[MAX_TEXT]; /* of the last expand() */
    char target[1024];
};

static const char *kept_id(const struct script *s, struct text name)
{
    for (size_t i = s->kept_count; i > 0; i--) {
        if (text_equal_cstr(name, s->kept[i - 1].name))
            return s->kept[i - 1].id;
    }
    return NULL;
}

/* With ids in place of {names}, and " for ' when `quotes`. Valid until the next call. */
static const char *expand(struct script *s, const char *from, bool quotes)
{
    size_t len = 0;
    if (from == NULL)
        return NULL;
    for (; *from != '\0'; from++) {
        const char *end = *from == '{' ? strchr(from, '}') : NULL;
        const char *id =
            end == NULL ? NULL : kept_id(s, (struct text){ from + 1, (size_t)(end - from) - 1 });
        assert_true(len + sizeof s->kept[0].id < MAX_TEXT);
        if (id != NULL) {
            memcpy(s->text + len, id, strlen(id));
            len += strlen(id);
            from = end;
        } else {
            s->text[len++] = quotes && *from == '\'' ? '"' : *from;
        }
    }
    s->text[len] = '\0';
    return s->text;
}

static void happen(struct script *s, const struct event *event)
{
    struct world *world = s->f->world;
    const struct instance *instance = NULL;
    struct error err = { 0 };
    s->f->fake.now_ns += event->wait_ms * NS_PER_MS;
    if (event->force != NULL) {
        const char *word = expand(s, event->force, false);
        assert_true(instances_resolve(world, text_of(word), &instance, &err));
        assert_true(
            instance_force_state(world, instance->config->id, event->state, &instance, &err));
    }
    if (event->image != NULL)
        assert_true(world_set_image(world, text_of(event->image), event->condition, &err));
}

static void ask(struct script *s, const struct step *step)
{
    snprintf(s->target, sizeof s->target, "%s", expand(s, step->request, false));
    struct text target = text_of(s->target);
    struct text method = text_split(&target, ' ');
    send_request(s->f, http_method_parse(method), target.data, expand(s, step->body, true));
}

static void check_parts(struct script *s, size_t number, const struct step *step)
{
    const char *answer = s->f->answer;
    for (size_t i = 0; i < SCRIPT_PARTS && step->has[i] != NULL; i++) {
        const char *part = expand(s, step->has[i], true);
        if (strstr(answer, part) == NULL)
            fail_msg("step %zu, %s: no %s in %s", number, s->target, part, answer);
    }
    for (size_t i = 0; i < SCRIPT_PARTS && step->lacks[i] != NULL; i++) {
        const char *part = expand(s, step->lacks[i], true);
        if (strstr(answer, part) != NULL)
            fail_msg("step %zu, %s: %s in %s", number, s->target, part, answer);
    }
}

static void check_code(const struct script *s, size_t number, const struct step *step)
{
    char code[64];
    snprintf(code, sizeof code, "{\"code\":\"%s\",", step->code);
    if (strncmp(s->f->answer, code, strlen(code)) != 0)
        fail_msg("step %zu, %s: %s", number, s->target, s->f->answer);
}

static void check_error(struct script *s, size_t number, const struct step *step)
{
    struct buffer body = buffer_capped(MAX_TEXT);
    write_error(&body, step->code, expand(s, step->message, false));
    if (!step->gate)
        buffer_append_byte(&body, '\n'); /* ERR-005 */
    if (!text_equal_cstr(buffer_text(&body), s->f->answer))
        fail_msg("step %zu, %s: %s", number, s->target, s->f->answer);
    buffer_fini(&body);
}

static void check_answer(struct script *s, size_t number, const struct step *step)
{
    const char *answer = s->f->answer;
    if (s->f->res.status != step->status ||
        (step->is != NULL && strcmp(expand(s, step->is, true), answer) != 0))
        fail_msg("step %zu, %s: %d %s", number, s->target, s->f->res.status, answer);
    if (step->status != 204)
        assert_string_equal(s->f->res.content_type, "application/json");
    if (step->code != NULL && step->message == NULL)
        check_code(s, number, step);
    if (step->code != NULL && step->message != NULL)
        check_error(s, number, step);
    check_parts(s, number, step);
}

void play(struct api_fixture *f, const struct step *steps, size_t count)
{
    struct script *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->f = f;
    for (size_t i = 0; i < count; i++) {
        happen(s, &steps[i].before);
        if (steps[i].request == NULL)
            continue;
        ask(s, &steps[i]);
        check_answer(s, i + 1, &steps[i]);
        if (steps[i].keep == NULL)
            continue;
        assert_true(s->kept_count < MAX_KEPT);
        keep_id(f);
        s->kept[s->kept_count].name = steps[i].keep;
        memcpy(s->kept[s->kept_count++].id, f->id, sizeof f->id);
    }
    free(s);
}
