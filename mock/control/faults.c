#include "mock/control/faults.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void faults_clear(struct faults *all)
{
    while (all->count > 0)
        faults_remove(all, &all->items[all->count - 1]);
}

void faults_copy(struct faults *to, const struct faults *from)
{
    assert(to->count == 0);
    *to = *from;
    for (size_t i = 0; i < to->count; i++)
        (void)fault_rule_retain(to->items[i].rule);
}

void faults_add(struct faults *all, struct fault_rule *rule)
{
    assert(all->count < FAULTS_MAX);
    struct fault *fault = &all->items[all->count++];
    *fault = (struct fault){ .rule = rule, .number = ++all->made };
    (void)rng_from_seed(&fault->luck, rule->seeded ? rule->seed : fault->number);
    all->changes++;
}

void faults_remove(struct faults *all, struct fault *fault)
{
    const size_t at = (size_t)(fault - all->items);

    fault_rule_release(fault->rule);
    all->count--;
    memmove(fault, fault + 1, (all->count - at) * sizeof *fault);
    all->changes++;
}

void fault_format_id(const struct fault *fault, char out[FAULT_ID_BYTES])
{
    (void)snprintf(out, FAULT_ID_BYTES, "fault-%llu", (unsigned long long)fault->number);
}

struct fault *faults_find(struct faults *all, struct text id)
{
    char known[FAULT_ID_BYTES];

    for (size_t i = 0; i < all->count; i++) {
        fault_format_id(&all->items[i], known);
        if (text_equal_cstr(id, known))
            return &all->items[i];
    }
    return NULL;
}

uint64_t faults_about(const struct faults *all, const struct http_request *req,
                      const struct api_subject *subject)
{
    uint64_t about = 0;

    static_assert(FAULTS_MAX <= 64, "a bit for each");
    for (size_t i = 0; i < all->count; i++) {
        if (fault_rule_is_about(all->items[i].rule, req, subject))
            about |= UINT64_C(1) << i;
    }
    return about;
}

static struct rng luck_of(struct fault *fault)
{
    return rng_from_seed(&fault->luck, fault->luck.state);
}

/* The chance is drawn for each request that could be the rule's, so that the same requests have the
 * same luck. */
static bool takes_effect(struct fault *fault)
{
    const struct fault_rule *rule = fault->rule;

    fault->matched++;
    if (fault->matched <= rule->skip || (rule->times > 0 && fault->applied >= rule->times) ||
        (rule->probability < 1 && fault_chance(luck_of(fault)) >= rule->probability))
        return false;
    fault->applied++;
    return true;
}

struct fault *faults_choose(struct faults *all, uint64_t about, const struct response *res)
{
    for (size_t i = 0; i < all->count; i++) {
        struct fault *fault = &all->items[i];
        if ((about >> i & 1) == 0 || fault->rule->commits != (res != NULL) ||
            (res != NULL && !fault_rule_takes(fault->rule, res)))
            continue;
        if (takes_effect(fault))
            return fault;
    }
    return NULL;
}
