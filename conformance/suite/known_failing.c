#include "conformance/suite/known_failing.h"

#include <stdio.h>
#include <string.h>

#include "common/base/checked.h"
#include "common/env/env.h"
#include "common/json/rfc3339.h"
#include "conformance/suite/glob.h"

enum { ENTRIES_MAX = 1024, DAY_SECONDS = 24 * 60 * 60, DATE_MAX = 32 };

static const struct text until = TEXT("until:");

static struct text next_word(struct text *rest)
{
    while (rest->len > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t'))
        *rest = (struct text){ rest->data + 1, rest->len - 1 };
    struct text word = { rest->data, 0 };
    while (word.len < rest->len && rest->data[word.len] != ' ' && rest->data[word.len] != '\t' &&
           rest->data[word.len] != '\r')
        word.len++;
    *rest = (struct text){ rest->data + word.len, rest->len - word.len };
    return word;
}

static bool parse_day(struct text day, int64_t *out_ns)
{
    char midnight[DATE_MAX];
    struct timestamp ts;

    (void)snprintf(midnight, sizeof midnight, TEXT_FMT "T00:00:00Z", TEXT_ARGS(day));
    if (!rfc3339_parse(text_of(midnight), &ts))
        return false;
    if (!i64_mul(ts.seconds + DAY_SECONDS, NS_PER_SEC, out_ns))
        *out_ns = INT64_MAX; /* centuries away */
    return true;
}

static bool read_entry(struct text line, struct known_entry *out, struct arena *arena,
                       struct error *err)
{
    struct text rest = line, ahead;

    out->pattern = next_word(&rest);
    out->until_ns = INT64_MAX;
    ahead = rest;
    struct text word = next_word(&ahead);
    if (text_starts_with(word, until)) {
        rest = ahead;
        if (!parse_day((struct text){ word.data + until.len, word.len - until.len },
                       &out->until_ns))
            return error_set(err, ERROR_INVALID_ARGUMENT,
                             "line %zu: " TEXT_FMT " is no day such as until:2026-12-31", out->line,
                             TEXT_ARGS(word));
    }
    ahead = rest;
    if (next_word(&ahead).len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "line %zu: " TEXT_FMT " has no reason",
                         out->line, TEXT_ARGS(out->pattern));
    while (rest.data[0] == ' ' || rest.data[0] == '\t')
        rest = (struct text){ rest.data + 1, rest.len - 1 };
    out->reason = arena_copy(arena, rest);
    return out->reason != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool known_failing_load(struct text text, struct arena *arena, struct known_failing *out,
                        struct error *err)
{
    size_t line_number = 0;

    *out =
        (struct known_failing){ .entries = arena_alloc(arena, ENTRIES_MAX * sizeof *out->entries) };
    if (out->entries == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    while (text.data != NULL) {
        struct text line = text_split(&text, '\n'), ahead = line;
        struct text word = next_word(&ahead);
        line_number++;
        if (word.len == 0 || word.data[0] == '#')
            continue;
        if (out->count == ENTRIES_MAX)
            return error_set(err, ERROR_RESOURCE_EXHAUSTED, "more than %d entries", ENTRIES_MAX);
        struct known_entry *entry = &out->entries[out->count++];
        *entry = (struct known_entry){ .line = line_number };
        if (!read_entry(line, entry, arena, err))
            return false;
    }
    return true;
}

bool known_entry_fits(const struct known_entry *entry, const char *id)
{
    return glob_match(entry->pattern, text_of(id));
}

void known_failing_judge(const struct known_failing *list, int64_t now_ns, struct result *result)
{
    bool bad = result->outcome == OUTCOME_FAIL || result->outcome == OUTCOME_NOT_TESTABLE;

    if (!bad && result->outcome != OUTCOME_PASS)
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct known_entry *entry = &list->entries[i];
        if (!known_entry_fits(entry, result->id))
            continue;
        if (now_ns >= entry->until_ns) {
            if (bad)
                result->reason = "its entry in the known-failing file has expired";
            continue;
        }
        result->outcome = bad ? OUTCOME_KNOWN_FAIL : OUTCOME_STALE;
        result->reason = entry->reason;
        return;
    }
}
