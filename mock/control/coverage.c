#include "mock/control/coverage.h"

#include <assert.h>
#include <string.h>

#include "common/json/json_document.h"
#include "common/json/json_writer.h"
#include "mock/api/reasons.h"
#include "mock/api/route.h"

static const char format_name[] = "hypeman-mock-coverage/1";
enum { NAME_BYTES = 256 };

const char *const coverage_kind_names[] = { "operations", "errors", "edges", "queries",
                                            "members",    "values", NULL };
static_assert(ARRAY_LEN(coverage_kind_names) == COVERAGE_KIND_COUNT + 1, "one name per kind");

/* Goes through the items of routes in order; notes the facts of a request, or shows all. */
struct walk {
    size_t next; /* index of the item that comes */
    const struct route *route;
    struct coverage *noted; /* NULL: nothing is noted   */
    void (*visit)(void *ctx, size_t index, enum coverage_kind kind, struct text name);
    void *ctx;
    struct buffer *name; /* of what the walk is at, with visit */
};

static void item(struct walk *walk, enum coverage_kind kind, bool exercised)
{
    const size_t index = walk->next++;

    assert(index < COVERAGE_MAX_ITEMS);
    if (exercised && walk->noted != NULL)
        walk->noted->bits[index / 64] |= UINT64_C(1) << (index % 64);
    if (walk->visit != NULL)
        walk->visit(walk->ctx, index, kind, buffer_text(walk->name));
}

/* The name goes on; what is to be restored afterwards. */
static size_t name_on(const struct walk *walk, const char *separator, const char *piece)
{
    if (walk->name == NULL)
        return 0;
    const size_t before = walk->name->len;
    buffer_append_cstr(walk->name, separator);
    buffer_append_cstr(walk->name, piece);
    return before;
}

static void name_back(const struct walk *walk, size_t before)
{
    if (walk->name != NULL)
        walk->name->len = before;
}

static void named_item(struct walk *walk, enum coverage_kind kind, const char *separator,
                       const char *piece, bool exercised)
{
    const size_t before = name_on(walk, separator, piece);

    item(walk, kind, exercised);
    name_back(walk, before);
}

static bool is_word(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* --- errors and edges ------------------------------------------------------------------------- */

static bool has_scope(const struct route *route)
{
    return route->scope != NULL;
}

static bool has_values(const struct route *route)
{
    return route->query != NULL || route->schema != NULL;
}

static bool has_resolver(const struct route *route)
{
    return route->resolver != RESOLVE_NOTHING;
}

/* What the steps before the operation answer. */
static const struct {
    const char *code;
    bool (*has)(const struct route *route);
} gates[] = {
    { "Unauthorized", has_scope }, { "Forbidden", has_scope },    { "Bad Request", has_values },
    { "not_found", has_resolver }, { "ambiguous", has_resolver },
};

/* Whether an earlier row of the operation has the code already. */
static bool is_repeated(const struct route *route, size_t row)
{
    for (size_t i = 0; i < row; i++) {
        if (is_word(reasons[i].operation, route->operation_id) &&
            is_word(reasons[i].code, reasons[row].code))
            return true;
    }
    return false;
}

static bool is_of_operation(const struct route *route, const char *code)
{
    for (size_t i = 0; reasons[i].because != NULL; i++) {
        if (is_word(reasons[i].operation, route->operation_id) && is_word(reasons[i].code, code))
            return true;
    }
    return false;
}

static void walk_errors(struct walk *walk, const char *code)
{
    const struct route *route = walk->route;

    for (size_t i = 0; reasons[i].because != NULL; i++) {
        if (is_word(reasons[i].operation, route->operation_id) && !is_repeated(route, i))
            named_item(walk, COVERAGE_ERROR, " ", reasons[i].code, is_word(reasons[i].code, code));
    }
    for (size_t i = 0; i < ARRAY_LEN(gates); i++) {
        if (gates[i].has(route) && !is_of_operation(route, gates[i].code))
            named_item(walk, COVERAGE_ERROR, " ", gates[i].code, is_word(gates[i].code, code));
    }
}

/* from  a bit of the state the instance was in; 0: nothing was done to one */
static void walk_edges(struct walk *walk, uint32_t from)
{
    uint32_t states = 0;

    if (walk->route->method == HTTP_GET)
        return; /* which moves nothing */
    for (const struct permission *p = permissions; p->operation != NULL; p++)
        states |= is_word(p->operation, walk->route->operation_id) ? p->from : 0;
    for (size_t s = 0; s < INSTANCE_STATE_COUNT; s++) {
        if ((states & FROM_STATE(s)) != 0)
            named_item(walk, COVERAGE_EDGE, " from ", instance_state_name((enum instance_state)s),
                       from == FROM_STATE(s));
    }
}

/* --- queries ---------------------------------------------------------------------------------- */

static const struct query_pair *find_pair(const struct query *query, const struct param_rule *rule)
{
    for (size_t i = 0; query != NULL && i < query->count; i++) {
        struct text sub;
        if (text_equal_cstr(query->pairs[i].key, rule->name) ||
            (rule->type == PARAM_TAGS && query_deep_key(query->pairs[i].key, rule->name, &sub)))
            return &query->pairs[i];
    }
    return NULL;
}

static void walk_query(struct walk *walk, const struct query *query)
{
    for (const struct param_rule *rule = walk->route->query; rule != NULL && rule->name != NULL;
         rule++) {
        const struct query_pair *pair = find_pair(query, rule);
        const size_t before = name_on(walk, " ", rule->name);
        item(walk, COVERAGE_QUERY, pair != NULL);
        for (size_t i = 0; rule->type == PARAM_ENUM && rule->names[i] != NULL; i++)
            named_item(walk, COVERAGE_VALUE, "=", rule->names[i],
                       pair != NULL && text_equal_cstr(pair->value, rule->names[i]));
        name_back(walk, before);
    }
}

/* --- bodies ----------------------------------------------------------------------------------- */

static const struct body_value *find_sent(const struct body_value *object, const char *key)
{
    for (size_t i = 0; object != NULL && object->kind == BODY_OBJECT && i < object->member_count;
         i++) {
        if (!object->members[i].is_default && text_equal_cstr(object->members[i].key, key))
            return &object->members[i].value;
    }
    return NULL;
}

static void walk_schema(struct walk *walk, const struct schema *schema,
                        const struct body_value *value);

static void walk_members(struct walk *walk, const struct schema *schema,
                         const struct body_value *value)
{
    for (const struct schema_member *m = schema->members; m != NULL && m->name != NULL; m++) {
        const struct body_value *sent = find_sent(value, m->name);
        const bool is_first =
            walk->name != NULL && memchr(walk->name->data, ' ', walk->name->len) == NULL;
        const size_t before = name_on(walk, is_first ? " " : ".", m->name);
        item(walk, COVERAGE_MEMBER, sent != NULL);
        walk_schema(walk, m->schema, sent);
        name_back(walk, before);
    }
}

/* Each of them counts; they share their items. */
static void walk_each(struct walk *walk, const struct schema *schema,
                      const struct body_value *value)
{
    const size_t before = name_on(walk, "", "[]");
    const size_t first = walk->next;
    const bool is_list = value != NULL && value->kind == BODY_ARRAY;
    const bool is_map = value != NULL && value->kind == BODY_OBJECT;
    const size_t count = is_list ? value->item_count : is_map ? value->member_count : 0;

    walk_schema(walk, schema->items, NULL);
    for (size_t i = 0; i < count; i++) {
        walk->next = first;
        walk_schema(walk, schema->items, is_list ? &value->items[i] : &value->members[i].value);
    }
    name_back(walk, before);
}

static void walk_schema(struct walk *walk, const struct schema *schema,
                        const struct body_value *value)
{
    if (schema->type == SCHEMA_OBJECT) {
        walk_members(walk, schema, value);
    } else if (schema->items != NULL) {
        walk_each(walk, schema, value);
    } else if (schema->names != NULL) {
        for (size_t i = 0; schema->names[i] != NULL; i++)
            named_item(walk, COVERAGE_VALUE, "=", schema->names[i],
                       value != NULL && value->kind == BODY_STRING &&
                           text_equal_cstr(value->text, schema->names[i]));
    }
}

/* --- a route, and all of them ------------------------------------------------------------------
 */

static bool is_success(const struct response *res)
{
    return res != NULL && res->status >= 200 && res->status < 300 && !res->trace.unapplied;
}

/* res  NULL: of no request */
static void walk_part(struct walk *walk, enum coverage_part part, const struct response *res)
{
    switch (part) {
    case COVERAGE_SUCCESS:
        item(walk, COVERAGE_OPERATION, is_success(res));
        break;
    case COVERAGE_ERRORS:
        walk_errors(walk, res == NULL ? NULL : res->trace.code);
        break;
    case COVERAGE_EDGES:
        walk_edges(walk, res == NULL ? 0 : FROM_STATE(res->asked.from));
        break;
    case COVERAGE_QUERIES:
        walk_query(walk, res == NULL ? NULL : &res->asked.query);
        break;
    case COVERAGE_BODY:
        if (walk->route->schema != NULL)
            walk_schema(walk, walk->route->schema, res == NULL ? NULL : &res->asked.body);
        break;
    case COVERAGE_PART_COUNT:
        break;
    }
}

void coverage_each(void (*visit)(void *ctx, size_t index, enum coverage_kind kind,
                                 struct text name),
                   void *ctx)
{
    char room[NAME_BYTES];
    struct buffer name = buffer_over(room, sizeof room);
    struct walk walk = { .visit = visit, .ctx = ctx, .name = &name };

    for (walk.route = routes; walk.route->path != NULL; walk.route++) {
        buffer_clear(&name);
        buffer_append_cstr(&name, walk.route->operation_id);
        for (int part = 0; part < COVERAGE_PART_COUNT; part++)
            walk_part(&walk, (enum coverage_part)part, NULL);
        assert(!name.failed);
    }
}

void coverage_plan_init(struct coverage_plan *plan)
{
    struct walk walk = { .next = 0 };

    for (walk.route = routes; walk.route->path != NULL; walk.route++) {
        const size_t index = (size_t)(walk.route - routes);
        assert(index < COVERAGE_MAX_ROUTES);
        for (int part = 0; part < COVERAGE_PART_COUNT; part++) {
            plan->at[index][part] = (uint16_t)walk.next;
            walk_part(&walk, (enum coverage_part)part, NULL);
        }
    }
}

/* Only what the request has something of is gone through. */
static bool concerns(const struct coverage *coverage, enum coverage_part part,
                     const struct response *res)
{
    switch (part) {
    case COVERAGE_SUCCESS:
        return is_success(res);
    case COVERAGE_ERRORS: /* what a fault says is no error of the API's */
        return res->trace.code != NULL && res->trace.fault == NULL &&
               (coverage->error_route != res->trace.route ||
                coverage->error_code != res->trace.code);
    case COVERAGE_EDGES:
        return is_success(res) && res->asked.has_from;
    case COVERAGE_QUERIES:
        return res->asked.query.count > 0;
    case COVERAGE_BODY:
        return res->asked.body.kind == BODY_OBJECT && res->asked.body.member_count > 0;
    case COVERAGE_PART_COUNT:
        break;
    }
    return false;
}

void coverage_note(struct coverage *coverage, const struct coverage_plan *plan,
                   const struct response *res)
{
    struct walk walk = { .route = res->trace.route, .noted = coverage };

    if (walk.route == NULL)
        return;
    for (int part = 0; part < COVERAGE_PART_COUNT; part++) {
        if (!concerns(coverage, (enum coverage_part)part, res))
            continue;
        walk.next = plan->at[walk.route - routes][part];
        walk_part(&walk, (enum coverage_part)part, res);
    }
    if (res->trace.code != NULL && res->trace.fault == NULL) {
        coverage->error_route = res->trace.route;
        coverage->error_code = res->trace.code;
    }
}

bool coverage_has(const struct coverage *coverage, size_t index)
{
    return (coverage->bits[index / 64] >> (index % 64) & 1) != 0;
}

/* --- as documents -------------------------------------------------------------------------------
 */

/* Those of a kind that are seen, or that are not. */
struct selection {
    const struct coverage *coverage;
    enum coverage_kind kind;
    bool seen;
    struct json_writer *w; /* NULL: a line each goes to `out` instead, if there is one */
    struct buffer *out;
    size_t count;
};

static void take(void *ctx, size_t index, enum coverage_kind kind, struct text name)
{
    struct selection *selection = ctx;

    if (kind != selection->kind || coverage_has(selection->coverage, index) != selection->seen)
        return;
    selection->count++;
    if (selection->w != NULL)
        json_write_string(selection->w, name);
    if (selection->out != NULL)
        buffer_appendf(selection->out, "  " TEXT_FMT "\n", TEXT_ARGS(name));
}

static size_t count_of(const struct coverage *coverage, enum coverage_kind kind, bool seen)
{
    struct selection selection = { .coverage = coverage, .kind = kind, .seen = seen };

    coverage_each(take, &selection);
    return selection.count;
}

static void write_list(struct json_writer *w, const struct coverage *coverage,
                       enum coverage_kind kind, bool seen)
{
    struct selection selection = { .coverage = coverage, .kind = kind, .seen = seen, .w = w };

    json_write_key(w, text_of(seen ? "seen" : "never"));
    json_write_array_begin(w);
    coverage_each(take, &selection);
    json_write_array_end(w);
}

void coverage_write_json(const struct coverage *coverage, struct buffer *out)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);

    json_write_object_begin(&w);
    json_member_string(&w, "format", text_of(format_name));
    for (int kind = 0; kind < COVERAGE_KIND_COUNT; kind++) {
        json_write_key(&w, text_of(coverage_kind_names[kind]));
        json_write_object_begin(&w);
        write_list(&w, coverage, (enum coverage_kind)kind, true);
        write_list(&w, coverage, (enum coverage_kind)kind, false);
        json_write_object_end(&w);
    }
    json_write_object_end(&w);
    buffer_append_byte(out, '\n');
}

void coverage_write_text(const struct coverage *coverage, struct buffer *out)
{
    enum { PERCENT = 100 };

    for (int k = 0; k < COVERAGE_KIND_COUNT; k++) {
        const enum coverage_kind kind = (enum coverage_kind)k;
        const size_t seen = count_of(coverage, kind, true);
        const size_t all = seen + count_of(coverage, kind, false);
        buffer_appendf(out, "%-10s %4zu of %4zu  %3zu %%\n", coverage_kind_names[k], seen, all,
                       PERCENT * seen / all);
    }
    for (int k = 0; k < COVERAGE_KIND_COUNT; k++) {
        struct selection never = {
            .coverage = coverage, .kind = (enum coverage_kind)k, .seen = false, .out = out
        };
        buffer_appendf(out, "\nnever: %s\n", coverage_kind_names[k]);
        coverage_each(take, &never);
        if (never.count == 0)
            buffer_append_cstr(out, "  (none)\n");
    }
}

/* One name of a document, which has to be one of ours. */
struct search {
    struct coverage *coverage;
    enum coverage_kind kind;
    struct text name;
    bool found;
};

static void look(void *ctx, size_t index, enum coverage_kind kind, struct text name)
{
    struct search *search = ctx;

    if (search->found || kind != search->kind || !text_equal(name, search->name))
        return;
    search->coverage->bits[index / 64] |= UINT64_C(1) << (index % 64);
    search->found = true;
}

static bool add_seen(struct coverage *coverage, enum coverage_kind kind, const struct json_at *seen,
                     struct error *err)
{
    for (size_t i = 0; i < json_array_size(seen->value); i++) {
        const struct json_at at = json_item(seen, i);
        if (!json_is_string(at.value))
            return json_complain(&at, err, "must be a string");
        struct search search = {
            .coverage = coverage,
            .kind = kind,
            .name = { json_string_value(at.value), json_string_length(at.value) },
        };
        coverage_each(look, &search);
        if (!search.found)
            return json_complain(&at, err, "is not known to this version of hypeman-mock");
    }
    return true;
}

bool coverage_add_json(struct coverage *coverage, struct text document, struct error *err)
{
    struct coverage sum = *coverage;
    json_auto_t *tree = NULL;
    struct text format;

    if (!json_document_load(document, false, &tree, err))
        return false;
    const struct json_at root = json_root(tree);
    if (!json_get_string(&root, "format", true, &format, err))
        return false;
    if (!text_equal_cstr(format, format_name))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "format", "format must be \"%s\"",
                               format_name);
    for (int kind = 0; kind < COVERAGE_KIND_COUNT; kind++) {
        struct json_at group = { 0 }, seen = { 0 };
        if (!json_get_object(&root, coverage_kind_names[kind], true, &group, err) ||
            !json_get_array(&group, "seen", true, &seen, err) ||
            !add_seen(&sum, (enum coverage_kind)kind, &seen, err))
            return false;
    }
    *coverage = sum;
    return true;
}
