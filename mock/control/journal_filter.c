#include "mock/control/journal_filter.h"

#include <assert.h>
#include <string.h>

#include "common/json/rfc3339.h"
#include "mock/api/route.h"
#include "mock/domain/instances.h"

enum condition {
    BY_OPERATION,
    BY_METHOD,
    BY_PATH,
    BY_STATUS,
    BY_CODE,
    BY_OUTCOME,
    BY_INSTANCE,
    BY_SNAPSHOT,
    BY_FAULT,
    BY_SINCE,
    BY_UNTIL,
};

const char *const journal_conditions[] = { JOURNAL_CONDITIONS, NULL };
static_assert(ARRAY_LEN(journal_conditions) == JOURNAL_CONDITION_COUNT + 1, "one name each");

/* --- reading -------------------------------------------------------------------------------- */

/* One of the names; proposes the nearest. */
static bool check_choice(struct text value, const char *const *names, const char *what,
                         struct error *err)
{
    enum { WORD_BYTES = 64 };
    char word[WORD_BYTES] = { 0 };

    for (size_t i = 0; names[i] != NULL; i++) {
        if (text_equal_cstr(value, names[i]))
            return true;
    }
    if (value.len < sizeof word)
        memcpy(word, value.data, value.len);
    const char *nearest = text_nearest(word, names);
    return error_set(err, ERROR_INVALID_ARGUMENT, "\"" TEXT_FMT "\" is not %s%s%s%s",
                     TEXT_ARGS(value), what, nearest == NULL ? "" : "; did you mean \"",
                     nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
}

static bool check_operation(struct text value, struct error *err)
{
    enum { MOST = 128 };
    const char *names[MOST] = { 0 };

    for (size_t i = 0; routes[i].path != NULL && i + 1 < MOST; i++)
        names[i] = routes[i].operation_id;
    return check_choice(value, names, "an operation of the API", err);
}

static bool check_method(struct text value, struct error *err)
{
    const char *names[HTTP_METHOD_COUNT + 1] = { 0 };

    for (size_t i = 0; i < HTTP_METHOD_COUNT; i++)
        names[i] = http_method_name((enum http_method)i);
    return check_choice(value, names, "a method", err);
}

/* "404", or "4xx" for all of them. */
static bool read_status(struct journal_filter *filter, struct text value, struct error *err)
{
    const bool is_class = value.len == 3 && value.data[0] >= '1' && value.data[0] <= '5' &&
                          value.data[1] == 'x' && value.data[2] == 'x';
    int64_t number = 0;

    if (is_class)
        number = (value.data[0] - '0') * INT64_C(100);
    else if (!text_parse_i64(value, &number) || number < 100 || number > 599)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "\"" TEXT_FMT "\" is no status, such as 404, nor a class of them, such as "
                         "4xx",
                         TEXT_ARGS(value));
    filter->status_from = (int)number;
    filter->status_to = (int)number + (is_class ? 99 : 0);
    return true;
}

/* What is meant by a name is found out once, as it may be gone by then. */
static void read_instance(struct journal_filter *filter, const struct served_world *world,
                          struct text value)
{
    const struct instance *instance;
    struct error nobody = { 0 };

    filter->instance = (struct resource_id){ 0 };
    if (instances_resolve(world->world, value, &instance, &nobody))
        trace_set(&filter->instance, instance->config->id);
}

/* A moment of the world, or the id of a request: NAME-n. */
static bool read_bound(struct journal_filter *filter, size_t index,
                       const struct served_world *world, struct text value, struct error *err)
{
    const struct text name = text_of(world->name);
    struct text number = value;
    struct timestamp ts;
    uint64_t n;

    filter->by_time[index] = rfc3339_parse(value, &ts);
    if (filter->by_time[index]) {
        if (ts.seconds < 0 || ts.seconds >= WORLD_CLOCK_LAST_NS / NS_PER_SEC)
            return error_set(err, ERROR_INVALID_ARGUMENT, "times are between 1970 and 2200");
        filter->bounds[index] = ts.seconds * NS_PER_SEC + ts.nanos;
        return true;
    }
    if (text_starts_with(value, name) && value.len > name.len && value.data[name.len] == '-')
        number = (struct text){ value.data + name.len + 1, value.len - name.len - 1 };
    if (number.data == value.data || !text_parse_u64(number, &n) || n > INT64_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "\"" TEXT_FMT "\" is no id of a request in this world, such as %s-1, nor "
                         "a time in RFC 3339",
                         TEXT_ARGS(value), world->name);
    filter->bounds[index] = (int64_t)n;
    return true;
}

bool journal_filter_add(struct journal_filter *filter, const struct served_world *world,
                        const char *name, struct text value, struct error *err)
{
    enum condition condition = BY_OPERATION;
    bool ok = true;

    while (strcmp(journal_conditions[condition], name) != 0)
        condition++;
    if (value.len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "a value is needed");
    if (condition == BY_OPERATION)
        ok = check_operation(value, err);
    else if (condition == BY_METHOD)
        ok = check_method(value, err);
    else if (condition == BY_STATUS)
        ok = read_status(filter, value, err);
    else if (condition == BY_OUTCOME)
        ok = check_choice(value, journal_outcome_names, "an outcome", err);
    else if (condition == BY_INSTANCE)
        read_instance(filter, world, value);
    else if (condition == BY_SINCE || condition == BY_UNTIL)
        ok = read_bound(filter, condition - BY_SINCE, world, value, err);
    if (ok)
        filter->words[condition] = value;
    return ok;
}

/* --- asking --------------------------------------------------------------------------------- */

static bool is_id(const struct resource_id *id, struct text word)
{
    return trace_has(id) && text_equal(resource_id_text(id), word);
}

/* "/instances/web1/stop": who was meant though it was not there. */
static bool path_names(struct text path, struct text word)
{
    struct text rest = path;

    (void)text_split(&rest, '/');
    return text_equal(text_split(&rest, '/'), TEXT("instances")) &&
           text_equal(text_split(&rest, '/'), word);
}

static bool fits_instance(const struct journal_filter *filter, const struct journal_entry *entry)
{
    const struct text word = filter->words[BY_INSTANCE];
    const struct resource_id *instance = &entry->trace.instance;
    const struct resource_id *made = &entry->trace.made;

    if (trace_has(&filter->instance)) {
        const struct text id = resource_id_text(&filter->instance);
        if (is_id(instance, id) || is_id(made, id))
            return true;
    }
    return is_id(instance, word) || is_id(made, word) || path_names(entry->path, word);
}

static bool fits_path(struct text pattern, struct text path)
{
    if (pattern.data[pattern.len - 1] != '*')
        return text_equal(path, pattern);
    pattern.len--;
    return text_starts_with(path, pattern);
}

static bool fits_one(const struct journal_filter *filter, const struct journal_entry *entry,
                     enum condition condition)
{
    const struct text word = filter->words[condition];
    const size_t bound = condition == BY_UNTIL;
    const int64_t value = filter->by_time[bound] ? entry->at_ns : (int64_t)entry->number;

    switch (condition) {
    case BY_OPERATION:
        return text_equal(text_of(journal_operation(entry)), word);
    case BY_METHOD:
        return text_equal_cstr(word, http_method_name(entry->method));
    case BY_PATH:
        return fits_path(word, entry->path);
    case BY_STATUS:
        return entry->status >= filter->status_from && entry->status <= filter->status_to;
    case BY_CODE:
        return text_equal(text_of(entry->trace.code), word);
    case BY_OUTCOME:
        return text_equal_cstr(word, journal_outcome_names[entry->outcome]);
    case BY_INSTANCE:
        return fits_instance(filter, entry);
    case BY_SNAPSHOT:
        return is_id(&entry->trace.snapshot, word);
    case BY_FAULT:
        return text_equal(text_of(entry->trace.fault), word);
    case BY_SINCE:
        return value >= filter->bounds[bound];
    case BY_UNTIL:
        break;
    }
    return value <= filter->bounds[bound];
}

bool journal_filter_fits(const struct journal_filter *filter, const struct journal_entry *entry,
                         size_t except)
{
    for (size_t i = 0; i < JOURNAL_CONDITION_COUNT; i++) {
        if (filter->words[i].data != NULL && i != except &&
            !fits_one(filter, entry, (enum condition)i))
            return false;
    }
    return true;
}
