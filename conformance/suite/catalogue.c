#include "conformance/suite/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "conformance/suite/bundle.h"

enum { CELLS_MAX = 8, SENTENCE_MAX = 16 * 1024, RULES_MAX = 8192, NUMBER_DIGITS = 3 };

struct row {
    struct text cells[CELLS_MAX];
    size_t count;
};

static struct text trimmed(struct text t)
{
    while (t.len > 0 && t.data[0] == ' ')
        t = (struct text){ t.data + 1, t.len - 1 };
    while (t.len > 0 && (t.data[t.len - 1] == ' ' || t.data[t.len - 1] == '\r'))
        t.len--;
    return t;
}

/* "| a | b |": the cells between the bars, of which "\|" is none. */
static bool row_read(struct text line, struct row *out)
{
    out->count = 0;
    if (line.len < 2 || line.data[0] != '|')
        return false;
    size_t from = 1;
    for (size_t i = 1; i < line.len; i++) {
        if (line.data[i] != '|' || line.data[i - 1] == '\\')
            continue;
        if (out->count < CELLS_MAX)
            out->cells[out->count++] = trimmed((struct text){ line.data + from, i - from });
        from = i + 1;
    }
    return out->count > 0;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* GROUP-001 or GROUP-SUB-001, letters in capitals. */
static bool is_rule_id(struct text t)
{
    struct text rest = t, part = { 0 };
    size_t words = 0;

    while (rest.data != NULL) {
        part = text_split(&rest, '-');
        bool number = rest.data == NULL;
        for (size_t i = 0; i < part.len; i++) {
            if (number ? part.data[i] < '0' || part.data[i] > '9' : !is_upper(part.data[i]))
                return false;
        }
        words += part.len > 0;
    }
    return part.len == NUMBER_DIGITS && (words == 2 || words == 3);
}

/* Columns about where a fact comes from say nothing to who reads a failure. */
static bool is_source_column(struct text title)
{
    static const char *const sources[] = { "mark", "where", "upstream" };

    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (text_equal_nocase(title, text_of(sources[i])))
            return true;
    }
    return false;
}

static const char *sentence_of(const struct row *titles, const struct row *row, struct arena *arena)
{
    SCOPED(buffer) struct buffer words = buffer_capped(SENTENCE_MAX);

    for (size_t i = 1; i < row->count; i++) {
        struct text cell = row->cells[i];
        if (cell.len == 0 || (i < titles->count && is_source_column(titles->cells[i])))
            continue;
        if (words.len > 0)
            buffer_append_cstr(&words, i == 2 ? ": " : "; ");
        for (size_t c = 0; c < cell.len; c++) {
            if (cell.data[c] != '\\' || c + 1 == cell.len || cell.data[c + 1] != '|')
                buffer_append_byte(&words, (uint8_t)cell.data[c]);
        }
    }
    return words.failed ? NULL : arena_copy(arena, buffer_text(&words));
}

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool read_document(struct text name, struct text document, struct arena *arena,
                          struct catalogue *out, struct error *err)
{
    struct row titles = { 0 }, row;
    const char *label = arena_copy(arena, name);

    while (document.data != NULL) {
        if (!row_read(text_split(&document, '\n'), &row))
            continue;
        if (text_equal_nocase(row.cells[0], TEXT("id"))) {
            titles = row;
        } else if (is_rule_id(row.cells[0])) {
            struct rule *rule = &out->rules[out->count];
            if (out->count++ == RULES_MAX)
                return error_set(err, ERROR_RESOURCE_EXHAUSTED, "more than %d rules", RULES_MAX);
            *rule = (struct rule){ .id = arena_copy(arena, row.cells[0]),
                                   .sentence = sentence_of(&titles, &row, arena),
                                   .document = label };
            if (rule->id == NULL || rule->sentence == NULL || label == NULL)
                return no_memory(err);
        }
    }
    return true;
}

static int compare_rules(const void *a, const void *b, void *rules)
{
    const struct rule *all = rules;
    return strcmp(all[*(const size_t *)a].id, all[*(const size_t *)b].id);
}

static bool sort_ids(struct arena *arena, struct catalogue *out, struct error *err)
{
    out->by_id = arena_alloc(arena, (out->count + 1) * sizeof *out->by_id);
    if (out->by_id == NULL)
        return no_memory(err);
    for (size_t i = 0; i < out->count; i++)
        out->by_id[i] = i;
    qsort_r(out->by_id, out->count, sizeof *out->by_id, compare_rules, out->rules);
    for (size_t i = 1; i < out->count; i++) {
        const char *id = out->rules[out->by_id[i]].id;
        if (strcmp(out->rules[out->by_id[i - 1]].id, id) == 0)
            return error_set(err, ERROR_INVALID_ARGUMENT, "the contract has %s twice", id);
    }
    return true;
}

/* Whether id stands within first..last, which are of one group. */
static bool within(const char *id, struct text first, struct text last)
{
    size_t len = strlen(id);

    return len == first.len && len == last.len &&
           memcmp(id, first.data, len - NUMBER_DIGITS) == 0 && memcmp(id, first.data, len) >= 0 &&
           memcmp(id, last.data, len) <= 0;
}

static bool exclude(struct text line, struct arena *arena, struct catalogue *out, struct error *err)
{
    struct text why = line;
    struct text range = text_split(&why, ' ');
    struct text first = range, last = range;
    const char *dots = memmem(range.data, range.len, "..", 2);
    size_t fits = 0;

    why = trimmed(why);
    if (why.len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "exclusions.txt: " TEXT_FMT " is excluded without a reason",
                         TEXT_ARGS(range));
    if (dots != NULL) {
        first.len = (size_t)(dots - range.data);
        last = (struct text){ dots + 2, range.len - first.len - 2 };
    }
    const char *reason = arena_copy(arena, why);
    if (reason == NULL)
        return no_memory(err);
    for (size_t i = 0; i < out->count; i++) {
        if (!within(out->rules[i].id, first, last))
            continue;
        if (out->rules[i].excluded != NULL)
            return error_set(err, ERROR_INVALID_ARGUMENT, "exclusions.txt: %s is excluded twice",
                             out->rules[i].id);
        out->rules[i].excluded = reason;
        fits++;
    }
    return fits > 0 || error_set(err, ERROR_INVALID_ARGUMENT,
                                 "exclusions.txt: " TEXT_FMT " fits no rule", TEXT_ARGS(range));
}

bool catalogue_load(struct text bundle, struct arena *arena, struct catalogue *out,
                    struct error *err)
{
    struct bundle_file file;
    struct text rest = bundle, name;

    *out = (struct catalogue){ .rules = arena_alloc(arena, RULES_MAX * sizeof *out->rules) };
    if (out->rules == NULL)
        return no_memory(err);
    while (bundle_next(&rest, &file)) {
        if (bundle_name(file.path, "contract", ".md", &name) &&
            !read_document(name, file.bytes, arena, out, err))
            return false;
    }
    if (!sort_ids(arena, out, err))
        return false;
    if (!bundle_find(bundle, "exclusions.txt", &file))
        return true;
    while (file.bytes.data != NULL) {
        struct text line = trimmed(text_split(&file.bytes, '\n'));
        if (line.len > 0 && line.data[0] != '#' && !exclude(line, arena, out, err))
            return false;
    }
    return true;
}

const struct rule *catalogue_find(const struct catalogue *catalogue, struct text id)
{
    size_t low = 0, high = catalogue->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct rule *rule = &catalogue->rules[catalogue->by_id[middle]];
        int order = text_compare(id, text_of(rule->id));
        if (order == 0)
            return rule;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
