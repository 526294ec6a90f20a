#include "gateway/transcode/request.h"

#include "common/base/arena.h"
#include "common/http/query.h"
#include "gateway/transcode/to_json.h"

enum { REQUEST_ARENA_BYTES = 32 << 20, QUERY_NAME_MAX = 1024, CONTENT_TYPE_MAX = 1024 };

void transcoded_request_fini(struct transcoded_request *request)
{
    buffer_fini(&request->target);
    buffer_fini(&request->body);
    buffer_fini(&request->content_type);
}

/* ---- path --------------------------------------------------------------------------------- */

/* The value at the end of steps[depth...], copied to the arena; empty text when unset. */
static bool variable_value(struct wire_walk *walk, const struct indexed_message *m,
                           const struct field_path *path, size_t depth, struct text *out)
{
    const struct field *field = path->steps[depth];
    const struct place place = { .outer = walk->place, .kind = PLACE_FIELD, .field = field };
    struct value_text value = { 0 };
    struct indexed_message nested;
    *out = (struct text){ "", 0 };

    walk->place = &place;
    bool ok = true;
    if (depth + 1 == path->length) {
        /* Zero is a value, except where zero differs from absent. */
        if (field_is_set(walk, m, field) || !field->has_presence)
            ok = field_value_text(walk, m, field, &value);
        if (ok && value.text.len > 0) {
            out->data = arena_copy(walk->arena, value.text);
            out->len = value.text.len;
            ok = out->data != NULL ||
                 walk_error(walk, ERROR_NO_MEMORY, "finds no memory for its value");
        }
    } else if (field_is_set(walk, m, field)) {
        ok = field_index_open_nested(&walk->index, m, field, &nested, walk->err) ||
             walk_locate(walk);
        if (ok) {
            ok = variable_value(walk, &nested, path, depth + 1, out);
            field_index_close(&walk->index, &nested);
        }
    }
    walk->place = place.outer;
    return ok;
}

static bool write_path(struct wire_walk *walk, const struct indexed_message *m,
                       const struct binding *b, struct buffer *target, struct error *err)
{
    struct text values[PATH_TEMPLATE_MAX_VARIABLES];
    for (size_t i = 0; i < b->variable_count; i++)
        if (!variable_value(walk, m, &b->variables[i], 0, &values[i]))
            return false;
    return path_template_expand(b->path, values, target, err);
}

static const struct binding *choose_other(struct wire_walk *walk, const struct indexed_message *m,
                                          const struct method *method, struct buffer *target)
{
    struct error *first = walk->err;
    for (size_t i = 1; i < method->binding_count; i++) {
        struct error why = { 0 };
        walk->err = &why;
        bool fits = write_path(walk, m, &method->bindings[i], target, &why);
        walk->err = first;
        if (fits) {
            *first = (struct error){ 0 };
            return &method->bindings[i];
        }
        if (why.code != ERROR_INVALID_ARGUMENT) {
            *first = why;
            return NULL;
        }
    }
    return NULL;
}

/* GAPIC's rule: the first binding whose path fields are all set and match. When none does, the
 * first one's complaint is the answer; a path that fits and yet cannot be written is no reason to
 * take another. */
static const struct binding *choose_binding(struct wire_walk *walk, const struct indexed_message *m,
                                            const struct method *method, struct buffer *target)
{
    if (write_path(walk, m, &method->bindings[0], target, walk->err))
        return &method->bindings[0];
    return walk->err->code == ERROR_INVALID_ARGUMENT ? choose_other(walk, m, method, target) : NULL;
}

/* ---- query -------------------------------------------------------------------------------- */

struct query_writer {
    struct buffer *target;
    bool is_first;
    char name[QUERY_NAME_MAX]; /* "policy.compression." while inside those messages */
    size_t name_len;
};

static bool push_name(struct wire_walk *walk, struct query_writer *q, struct text part)
{
    if (part.len >= sizeof q->name - q->name_len)
        return walk_error(walk, ERROR_RESOURCE_EXHAUSTED, "has a query name longer than %d bytes",
                          QUERY_NAME_MAX);
    for (size_t i = 0; i < part.len; i++)
        q->name[q->name_len++] = part.data[i];
    return true;
}

static void put_pair(struct query_writer *q, const struct value_text *value)
{
    if (value->text.data != NULL)
        (void)query_append(q->target, &q->is_first, (struct text){ q->name, q->name_len },
                           value->text);
}

/* deepObject: tags[team]=backend. */
static bool write_query_map(struct wire_walk *walk, struct query_writer *q,
                            const struct indexed_message *m, const struct field *field)
{
    const struct field *value_field = message_find_number(field->message, 2);
    struct map_entry *entries = NULL;
    size_t count = 0;
    if (!field_map_entries(walk, m, field, &entries, &count))
        return false;
    for (size_t i = 0; i < count; i++) {
        const size_t base = q->name_len;
        struct indexed_message entry;
        struct value_text value;
        if (!push_name(walk, q, TEXT("[")) || !push_name(walk, q, entries[i].key) ||
            !push_name(walk, q, TEXT("]")))
            return false;
        if (!field_index_open(&walk->index, field->message, entries[i].entry, &entry, walk->err))
            return walk_locate(walk);
        bool ok =
            field_value_text(walk, &entry, value_field, &value) && value_has_word(walk, &value);
        field_index_close(&walk->index, &entry);
        if (!ok)
            return false;
        put_pair(q, &value);
        q->name_len = base;
    }
    return true;
}

static bool write_query_repeated(struct wire_walk *walk, struct query_writer *q,
                                 const struct indexed_message *m, const struct field *field)
{
    uint32_t position = field_index_slot(&walk->index, m, field)->first;
    while (position != 0) {
        const struct occurrence o = *field_index_at(&walk->index, position);
        size_t at = 0;
        for (;;) {
            struct value_text value;
            bool more = false;
            if (!field_next_element(walk, field, &o, &at, &value, &more))
                return false;
            if (!more)
                break;
            put_pair(q, &value);
        }
        position = o.next;
    }
    return true;
}

static bool write_query_message(struct wire_walk *walk, struct query_writer *q,
                                const struct indexed_message *m, const struct field_filter *filter,
                                const struct field *body_field);

static bool has_query_form(const struct field *field)
{
    return !field->is_repeated &&
           (field->message->form == FORM_OBJECT || field->message->form == FORM_EMPTY);
}

static bool write_query_nested(struct wire_walk *walk, struct query_writer *q,
                               const struct indexed_message *m, const struct field *field,
                               const struct field_filter *inner)
{
    struct indexed_message nested;
    if (!has_query_form(field))
        return walk_error(walk, ERROR_NOT_SUPPORTED,
                          "is a " TEXT_FMT ", which cannot be sent in a query",
                          TEXT_ARGS(field->message->full_name));
    if (!push_name(walk, q, TEXT(".")))
        return false;
    if (!field_index_open_nested(&walk->index, m, field, &nested, walk->err))
        return walk_locate(walk);
    bool ok = write_query_message(walk, q, &nested, inner, NULL);
    field_index_close(&walk->index, &nested);
    return ok;
}

static bool write_query_field(struct wire_walk *walk, struct query_writer *q,
                              const struct indexed_message *m, const struct field *field,
                              const struct field_filter *inner)
{
    struct value_text value;
    if (!push_name(walk, q, field->json_name))
        return false;
    if (field->is_map)
        return write_query_map(walk, q, m, field);
    if (!field->is_single)
        return write_query_nested(walk, q, m, field, inner);
    if (field->is_repeated)
        return write_query_repeated(walk, q, m, field);
    if (!field_value_text(walk, m, field, &value))
        return false;
    put_pair(q, &value);
    return true;
}

static bool write_query_message(struct wire_walk *walk, struct query_writer *q,
                                const struct indexed_message *m, const struct field_filter *filter,
                                const struct field *body_field)
{
    const size_t base = q->name_len;
    for (size_t i = 0; i < m->message->field_count; i++) {
        const struct field *field = &m->message->fields[i];
        const uint32_t active = field_filter_enter(filter, field);
        if (field == body_field || active == FILTER_TAKES_FIELD || !field_is_set(walk, m, field))
            continue;
        const struct field_filter inner = { filter->paths, active, filter->depth + 1 };
        const struct place place = { .outer = walk->place, .kind = PLACE_FIELD, .field = field };
        walk->place = &place;
        bool ok = write_query_field(walk, q, m, field, &inner);
        walk->place = place.outer;
        if (!ok)
            return false;
        q->name_len = base;
    }
    return true;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static struct text last_bytes(const struct wire_walk *walk, const struct indexed_message *m,
                              uint32_t number)
{
    const struct field *field = message_find_number(m->message, number);
    const struct slot *slot = field_index_slot(&walk->index, m, field);
    if (slot->first == 0)
        return TEXT("");
    const struct occurrence *o = field_index_at(&walk->index, slot->last);
    return (struct text){ o->data, o->length };
}

/* RFC 9110 5.5, and no more than ASCII: what else could end the header line. */
static bool is_header_value(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.data[i];
        if ((c < ' ' && c != '\t') || c >= 0x7f)
            return false;
    }
    return true;
}

/* An HttpBody's own bytes under its own type. */
static bool write_raw_body(struct wire_walk *walk, const struct indexed_message *m,
                           struct transcoded_request *out)
{
    enum { CONTENT_TYPE = 1, DATA = 2 }; /* google/api/httpbody.proto */
    const struct text type = last_bytes(walk, m, CONTENT_TYPE);
    if (!is_header_value(type) || type.len > CONTENT_TYPE_MAX)
        return walk_error(walk, ERROR_INVALID_ARGUMENT, "has a content type that is none");
    for (size_t i = 0; i < m->message->field_count; i++) {
        const struct field *field = &m->message->fields[i];
        if (field->number != CONTENT_TYPE && field->number != DATA && field_is_set(walk, m, field))
            return walk_error(walk, ERROR_NOT_SUPPORTED, "has " TEXT_FMT ", which cannot be sent",
                              TEXT_ARGS(field->name));
    }
    out->content_type = buffer_capped(CONTENT_TYPE_MAX);
    buffer_append_text(&out->content_type, type);
    buffer_append_text(&out->body, last_bytes(walk, m, DATA));
    out->has_body = true;
    return true;
}

static bool write_raw_field(struct wire_walk *walk, const struct indexed_message *m,
                            const struct field *field, struct transcoded_request *out)
{
    const struct place place = { .outer = walk->place, .kind = PLACE_FIELD, .field = field };
    struct indexed_message nested;
    walk->place = &place;
    if (!field_index_open_nested(&walk->index, m, field, &nested, walk->err))
        return walk_locate(walk);
    bool ok = write_raw_body(walk, &nested, out);
    field_index_close(&walk->index, &nested);
    walk->place = place.outer;
    return ok;
}

static bool write_whole_body(struct wire_walk *walk, const struct indexed_message *m,
                             struct text wire, const struct field_filter *filter,
                             struct transcoded_request *out)
{
    struct json_writer w = json_writer_to(&out->body, JSON_ESCAPE_MINIMAL);
    out->has_body = true;
    if (out->binding->is_raw)
        return write_raw_body(walk, m, out);
    return form_is_single(m->message->form) ? write_message_bytes(walk, &w, m->message, wire)
                                            : write_message(walk, &w, m, filter);
}

static bool is_object(const struct field *field)
{
    return field->type == TYPE_MESSAGE && !field->is_repeated &&
           (field->message->form == FORM_OBJECT || field->message->form == FORM_EMPTY ||
            field->message->form == FORM_STRUCT);
}

static bool write_field_body(struct wire_walk *walk, const struct indexed_message *m,
                             const struct field_filter *filter, struct transcoded_request *out)
{
    struct json_writer w = json_writer_to(&out->body, JSON_ESCAPE_MINIMAL);
    const struct field *field = out->binding->body_field;
    if (!field_is_set(walk, m, field)) {
        /* An unset object still has a form, {}; an unset value has none. */
        out->has_body = is_object(field);
        if (out->has_body)
            json_write_raw(&w, TEXT("{}"));
        return true;
    }
    out->has_body = true;
    if (out->binding->is_raw)
        return write_raw_field(walk, m, field, out);
    const uint32_t active = field_filter_enter(filter, field);
    const struct field_filter inner = { filter->paths, active, 1 };
    return write_field(walk, &w, m, field, &inner);
}

static bool check_room(const struct buffer *b, const char *what, struct error *err)
{
    if (!b->failed)
        return true;
    if (!b->out_of_room)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the %s", what);
    return error_set(err, ERROR_RESOURCE_EXHAUSTED, "the %s is larger than %zu bytes", what,
                     b->max);
}

static bool translate(struct wire_walk *walk, const struct indexed_message *m,
                      const struct method *method, struct text wire, struct transcoded_request *out)
{
    const struct binding *b = choose_binding(walk, m, method, &out->target);
    if (b == NULL)
        return false;
    const struct field_filter filter = { .paths = b->variables,
                                         .active = (UINT32_C(1) << b->variable_count) - 1 };
    out->binding = b;
    if (b->body == BODY_ALL && !write_whole_body(walk, m, wire, &filter, out))
        return false;
    if (b->body == BODY_FIELD && !write_field_body(walk, m, &filter, out))
        return false;
    if (b->body != BODY_ALL) {
        struct query_writer query = { .target = &out->target, .is_first = true };
        if (!write_query_message(walk, &query, m, &filter, b->body_field))
            return false;
    }
    return check_room(&out->target, "request's path and query", walk->err) &&
           check_room(&out->body, "request body", walk->err) &&
           check_room(&out->content_type, "content type", walk->err);
}

bool transcode_request(const struct method *method, struct text wire,
                       struct transcoded_request *out, struct error *err)
{
    SCOPED(arena) struct arena arena = arena_capped(REQUEST_ARENA_BYTES);
    SCOPED(wire_walk)
    struct wire_walk walk = { .scratch = buffer_capped(TRANSCODED_BODY_MAX),
                              .arena = &arena,
                              .err = err };
    struct indexed_message m;
    out->target = buffer_capped(TRANSCODED_TARGET_MAX);
    out->body = buffer_capped(TRANSCODED_BODY_MAX);
    if (!field_index_open(&walk.index, method->request, wire, &m, err))
        return false;
    bool ok = translate(&walk, &m, method, wire, out);
    field_index_close(&walk.index, &m);
    if (!ok)
        transcoded_request_fini(out);
    return ok;
}
