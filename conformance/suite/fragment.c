#include "conformance/suite/fragment.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "conformance/suite/bundle.h"
#include "conformance/suite/template.h"

enum { DEPTH_MAX = 4, NAME_MAX_BYTES = 64, FRAGMENT_PATH_MAX = 128, FRAGMENTS_MAX = 64 };

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool unknown_fragment(struct text bundle, const struct json_at *use, const char *name,
                             struct error *err)
{
    SCOPED(arena) struct arena scratch = arena_capped(1 << 16);
    const char *names[FRAGMENTS_MAX + 1] = { 0 };
    struct bundle_file file;
    struct text found;

    for (size_t i = 0; i < FRAGMENTS_MAX && bundle_next(&bundle, &file);) {
        if (bundle_name(file.path, "fragments", ".json", &found) &&
            (names[i] = arena_copy(&scratch, found)) != NULL)
            i++;
    }
    const char *near = text_nearest(name, names);
    return json_complain(use, err, "uses a fragment \"%s\", which there is not%s%s%s", name,
                         near == NULL ? "" : "; did you mean \"", near == NULL ? "" : near,
                         near == NULL ? "" : "\"?");
}

static bool load_fragment(struct text bundle, const struct json_at *use, const char *name,
                          json_t **out, struct error *err)
{
    char path[FRAGMENT_PATH_MAX];
    struct bundle_file file;

    (void)snprintf(path, sizeof path, "fragments/%s.json", name);
    if (!bundle_find(bundle, path, &file))
        return unknown_fragment(bundle, use, name, err);
    return json_document_load(file.bytes, false, out, err) || error_prefix(err, "%s: ", path);
}

/* ".id" is "${vm.id}", "as" is "vm"; everything else waits for the run. */
static json_t *resolve(void *ctx, struct text name)
{
    const char *as = ctx;

    if (text_equal_cstr(name, "as"))
        return json_string(as);
    bool own = name.len > 0 && name.data[0] == '.';
    return json_sprintf("${%s" TEXT_FMT "}", own ? as : "", TEXT_ARGS(name));
}

/* What the fragment captures belongs to the name it is used as. */
static bool rename_captures(json_t *step, const char *as, struct error *err)
{
    json_t *captures = json_object_get(step, "capture");
    json_auto_t *renamed = json_object();

    if (captures == NULL)
        return true;
    for (void *at = json_object_iter(captures); at != NULL;
         at = json_object_iter_next(captures, at)) {
        char name[NAME_MAX_BYTES * 2];
        (void)snprintf(name, sizeof name, "%s.%s", as, json_object_iter_key(at));
        if (json_object_set(renamed, name, json_object_iter_value(at)) != 0)
            return no_memory(err);
    }
    return json_object_set(step, "capture", renamed) == 0 || no_memory(err);
}

struct expansion {
    struct text bundle;
    json_t *with; /* borrowed; NULL once it is used */
    json_t *steps;
};

static bool expand(struct expansion *e, const struct json_at *use, const char *outer, int depth,
                   struct error *err);

static bool add_step(struct expansion *e, const struct json_at *at, const char *as, int depth,
                     struct error *err)
{
    const struct template_names names = { resolve, UNCONST(as) };
    json_auto_t *step = NULL;

    if (json_object_get(at->value, "use") != NULL)
        return expand(e, at, as, depth + 1, err);
    if (!template_expand(&names, at->value, &step, err) || !rename_captures(step, as, err))
        return false;
    json_t *body = json_object_get(step, "body");
    if (e->with != NULL && json_is_object(body)) {
        if (json_object_update(body, e->with) != 0)
            return no_memory(err);
        e->with = NULL;
    }
    if (json_object_set_new(step, "setup", json_true()) != 0 ||
        json_array_append(e->steps, step) != 0)
        return no_memory(err);
    return true;
}

static bool expand(struct expansion *e, const struct json_at *use, const char *outer, int depth,
                   struct error *err)
{
    static const char *const use_keys[] = { "use", "as", "with", NULL };
    static const char *const fragment_keys[] = { "title", "steps", NULL };
    struct text name = { 0 }, as = text_of(outer), title;
    struct json_at with = { 0 }, steps = { 0 };
    json_auto_t *tree = NULL;

    if (!json_allow_keys(use, use_keys, err) || !json_get_string(use, "use", true, &name, err) ||
        !json_get_string(use, "as", outer == NULL, &as, err) ||
        !json_get_object(use, "with", false, &with, err))
        return false;
    if (as.len == 0 || as.len >= NAME_MAX_BYTES || name.len >= NAME_MAX_BYTES)
        return json_complain(use, err, "needs names of 1 to %d bytes", NAME_MAX_BYTES - 1);
    if (depth > DEPTH_MAX)
        return json_complain(use, err, "goes round in circles");
    if (with.value != NULL)
        e->with = with.value;
    if (!load_fragment(e->bundle, use, name.data, &tree, err))
        return false;
    const struct json_at root = json_root(tree);
    bool ok = json_allow_keys(&root, fragment_keys, err) &&
              json_get_string(&root, "title", true, &title, err) &&
              json_get_array(&root, "steps", true, &steps, err);
    for (size_t i = 0; ok && i < json_array_size(steps.value); i++) {
        const struct json_at step = json_item(&steps, i);
        ok = add_step(e, &step, as.data, depth, err);
    }
    return ok || error_prefix(err, "fragments/%s.json: ", name.data);
}

bool fragment_expand(struct text bundle, const struct json_at *use, json_t *steps,
                     struct error *err)
{
    struct expansion e = { .bundle = bundle, .steps = steps };

    if (!expand(&e, use, NULL, 1, err))
        return false;
    return e.with == NULL ||
           json_complain(use, err, "has \"with\", but the fragment sends no body");
}
