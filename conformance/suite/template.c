#include "conformance/suite/template.h"

#include <string.h>

#include "common/json/json_document.h"

enum { EXPANDED_MAX = 1 << 20 };

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

json_t *template_member(void *object, struct text name)
{
    return json_incref(json_object_getn(object, name.data, name.len));
}

/* The first "${name}" of t: *before is what precedes it, t goes on behind it. *name has data NULL
 * when there is none. */
static bool next_placeholder(struct text *t, struct text *before, struct text *name,
                             struct error *err)
{
    const char *open = t->len == 0 ? NULL : memmem(t->data, t->len, "${", 2);

    *before = *t;
    *name = (struct text){ 0 };
    if (open == NULL) {
        *t = (struct text){ 0 };
        return true;
    }
    before->len = (size_t)(open - t->data);
    struct text inside = { open + 2, t->len - before->len - 2 };
    const char *close = memchr(inside.data, '}', inside.len);
    if (close == NULL)
        return error_set(err, ERROR_INVALID_ARGUMENT, "\"${\" without \"}\" in \"" TEXT_FMT "\"",
                         TEXT_ARGS(*t));
    *name = (struct text){ inside.data, (size_t)(close - inside.data) };
    *t = (struct text){ close + 1, inside.len - name->len - 1 };
    return true;
}

static bool find(const struct template_names *names, struct text name, json_t **out,
                 struct error *err)
{
    *out = names->resolve(names->ctx, name);
    return *out != NULL ||
           error_set(err, ERROR_NOT_FOUND, "nothing has been captured as ${" TEXT_FMT "}",
                     TEXT_ARGS(name));
}

static bool append_value(const json_t *value, struct text name, struct buffer *out,
                         struct error *err)
{
    if (json_is_object(value) || json_is_array(value))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "${" TEXT_FMT "} is no text, so it cannot stand within one",
                         TEXT_ARGS(name));
    if (json_is_string(value))
        buffer_append(out, json_string_value(value), json_string_length(value));
    else
        json_document_append(out, value);
    return !out->failed || buffer_error(out, err);
}

bool template_expand_text(const struct template_names *names, struct text t, struct buffer *out,
                          struct error *err)
{
    struct text before, name;

    while (t.data != NULL) {
        json_auto_t *value = NULL;
        if (!next_placeholder(&t, &before, &name, err))
            return false;
        buffer_append_text(out, before);
        if (name.data != NULL &&
            (!find(names, name, &value, err) || !append_value(value, name, out, err)))
            return false;
    }
    return !out->failed || buffer_error(out, err);
}

static bool expand_string(const struct template_names *names, const json_t *value, json_t **out,
                          struct error *err)
{
    struct text t = { json_string_value(value), json_string_length(value) };
    struct text rest = t, before, name;
    SCOPED(buffer) struct buffer text = buffer_capped(EXPANDED_MAX);

    if (!next_placeholder(&rest, &before, &name, err))
        return false;
    if (name.data != NULL && before.len == 0 && rest.len == 0)
        return find(names, name, out, err);
    if (!template_expand_text(names, t, &text, err))
        return false;
    *out = json_stringn_nocheck(text.len == 0 ? "" : text.data, text.len);
    return *out != NULL || no_memory(err);
}

static bool expand_array(const struct template_names *names, const json_t *value, json_t **out,
                         struct error *err)
{
    json_auto_t *copy = json_array();

    for (size_t i = 0; copy != NULL && i < json_array_size(value); i++) {
        json_t *item = NULL;
        if (!template_expand(names, json_array_get(value, i), &item, err))
            return false;
        if (json_array_append_new(copy, item) != 0)
            return no_memory(err);
    }
    *out = TAKE(copy);
    return *out != NULL || no_memory(err);
}

static bool expand_object(const struct template_names *names, const json_t *value, json_t **out,
                          struct error *err)
{
    json_auto_t *copy = json_object();
    /* jansson's iterators lack const. No reference is counted: workers share the cases. */
    json_t *object = (json_t *)(uintptr_t)value;
    bool ok = copy != NULL || no_memory(err);

    for (void *at = json_object_iter(object); ok && at != NULL;
         at = json_object_iter_next(object, at)) {
        SCOPED(buffer) struct buffer key = buffer_capped(EXPANDED_MAX);
        struct text name = { json_object_iter_key(at), json_object_iter_key_len(at) };
        json_t *member = NULL;
        ok = template_expand_text(names, name, &key, err) &&
             template_expand(names, json_object_iter_value(at), &member, err) &&
             (json_object_setn_new_nocheck(copy, key.len == 0 ? "" : key.data, key.len, member) ==
                  0 ||
              no_memory(err));
    }
    if (ok)
        *out = TAKE(copy);
    return ok;
}

bool template_expand(const struct template_names *names, const json_t *value, json_t **out,
                     struct error *err)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return expand_string(names, value, out, err);
    case JSON_ARRAY:
        return expand_array(names, value, out, err);
    case JSON_OBJECT:
        return expand_object(names, value, out, err);
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    *out = json_deep_copy(value);
    return *out != NULL || no_memory(err);
}
