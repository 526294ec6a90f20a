#include "conformance/suite/coverage.h"

#include <string.h>

enum { DOCUMENTS_MAX = 16 };

struct count {
    const char *document;
    size_t rules;
    size_t tested;
    size_t excluded;
};

/* The first scenario that cites it; NULL when none does. */
static const char *tested_by(const struct scenario_set *scenarios, const struct shapes *shapes,
                             const char *rule)
{
    for (size_t i = 0; i < scenarios->count; i++) {
        for (const char *const *id = scenarios->items[i].rules; *id != NULL; id++) {
            if (strcmp(*id, rule) == 0)
                return scenarios->items[i].id;
        }
    }
    return shapes_check_rule(shapes, rule) ? "every exchange" : NULL;
}

static void add(struct count *count, const struct rule *rule, const char *by)
{
    count->document = rule->document;
    count->rules++;
    count->excluded += rule->excluded != NULL;
    count->tested += rule->excluded == NULL && by != NULL;
}

static void line(const struct rule *rule, const char *by, struct buffer *out)
{
    const char *what = rule->excluded != NULL ? "excluded" : by != NULL ? "tested" : "gap";

    buffer_appendf(out, "%-14s %-9s %s\n", rule->id, what,
                   rule->excluded != NULL ? rule->excluded
                   : by != NULL           ? by
                                          : "");
}

static void total(const struct count *count, struct buffer *out)
{
    size_t observable = count->rules - count->excluded;

    buffer_appendf(out, "%-18s %6zu %6zu %8zu %6zu %6.1f%%\n", count->document, count->rules,
                   count->tested, count->excluded, observable - count->tested,
                   observable == 0 ? 100.0 : 100.0 * (double)count->tested / (double)observable);
}

void coverage_report(const struct catalogue *catalogue, const struct scenario_set *scenarios,
                     const struct shapes *shapes, struct buffer *out)
{
    struct count counts[DOCUMENTS_MAX] = { 0 }, all = { 0 };
    size_t documents = 0;

    for (size_t i = 0; i < catalogue->count; i++) {
        const struct rule *rule = &catalogue->rules[i];
        const char *by = tested_by(scenarios, shapes, rule->id);
        if (documents == 0 || strcmp(counts[documents - 1].document, rule->document) != 0)
            documents += documents < DOCUMENTS_MAX;
        add(&counts[documents - 1], rule, by);
        add(&all, rule, by);
        line(rule, by, out);
    }
    all.document = "all";
    buffer_appendf(out, "\n%-18s %6s %6s %8s %6s %7s\n", "", "rules", "tested", "excluded", "gap",
                   "tested");
    for (size_t i = 0; i < documents; i++)
        total(&counts[i], out);
    total(&all, out);
}
