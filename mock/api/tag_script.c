#include "mock/api/tag_script.h"

#include "common/json/go_duration.h"

#define IS(transition) (UINT32_C(1) << (transition))
#define OF_INSTANCES   (IS(TRANSITION_COUNT) - 1)
#define OF_SNAPSHOTS   IS(TRANSITION_COMPRESSION)
#define THAT_TAKE_TIME (IS(TRANSITION_BOOT) | IS(TRANSITION_COMPRESSION))
#define TAG            "invalid request: tag " TEXT_FMT ": "

/* A transition that a resource of the kind has. */
static bool find_transition(struct text name, uint32_t known, enum transition *out)
{
    return transition_parse(name, out) && (known & IS(*out)) != 0;
}

static bool refuse_name(const struct pair *tag, struct text name, uint32_t known, struct error *err)
{
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "tags",
                           TAG "there is no transition \"" TEXT_FMT "\"; there %s",
                           TEXT_ARGS(tag->key), TEXT_ARGS(name),
                           known == OF_SNAPSHOTS
                               ? "is compression"
                               : "are boot, standby, restore, stop, compression and schedule");
}

static bool read_failures(const struct pair *tag, uint32_t known, struct transition_plan *plan,
                          struct error *err)
{
    struct text rest = tag->value;

    while (rest.len > 0) {
        const struct text name = text_split(&rest, ' ');
        enum transition transition;
        if (!find_transition(name, known, &transition))
            return refuse_name(tag, name, known, err);
        plan->of[transition].failure = TRANSITION_FAILS_ONCE;
    }
    return true;
}

static bool read_delay(const struct pair *tag, enum transition transition,
                       struct transition_wish *wish, struct error *err)
{
    struct error malformed = { 0 };

    if ((THAT_TAKE_TIME & IS(transition)) == 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "tags",
                               TAG "must be \"hold\", \"fail\" or \"fail-always\"",
                               TEXT_ARGS(tag->key));
    if (!go_duration_parse(tag->value, &wish->delay_ns, &malformed) || wish->delay_ns < 0)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "tags",
                               TAG "must be \"hold\", \"fail\", \"fail-always\" or a duration, "
                                   "such as \"12s\"",
                               TEXT_ARGS(tag->key));
    wish->has_delay = true;
    return true;
}

static bool read_wish(const struct pair *tag, enum transition transition,
                      struct transition_wish *wish, struct error *err)
{
    if (text_equal_cstr(tag->value, "hold"))
        wish->held = true;
    else if (text_equal_cstr(tag->value, "fail"))
        wish->failure = TRANSITION_FAILS_ONCE;
    else if (text_equal_cstr(tag->value, "fail-always"))
        wish->failure = TRANSITION_FAILS;
    else
        return read_delay(tag, transition, wish, err);
    return true;
}

static bool read_tag(const struct pair *tag, struct text name, uint32_t known,
                     struct transition_plan *plan, struct error *err)
{
    enum transition transition;

    if (text_equal_cstr(name, "fail"))
        return read_failures(tag, known, plan, err);
    return find_transition(name, known, &transition)
               ? read_wish(tag, transition, &plan->of[transition], err)
               : refuse_name(tag, name, known, err);
}

/* asks  whether one of them is for us */
static bool read_tags(struct pair_list tags, uint32_t known, struct transition_plan *plan,
                      bool *asks, struct error *err)
{
    const struct text prefix = TEXT("mock.");

    *plan = (struct transition_plan){ 0 };
    *asks = false;
    for (size_t i = 0; i < tags.count; i++) {
        const struct pair *tag = &tags.items[i];
        if (!text_starts_with(tag->key, prefix))
            continue;
        *asks = true;
        const struct text name = { tag->key.data + prefix.len, tag->key.len - prefix.len };
        if (!read_tag(tag, name, known, plan, err))
            return false;
    }
    return true;
}

bool tag_script_of_instance(struct pair_list tags, struct transition_plan *out, struct error *err)
{
    bool asks;

    return read_tags(tags, OF_INSTANCES, out, &asks, err);
}

bool tag_script_of_snapshot(struct pair_list tags, struct transition_wish *out, bool *asks,
                            struct error *err)
{
    struct transition_plan plan;

    if (!read_tags(tags, OF_SNAPSHOTS, &plan, asks, err))
        return false;
    *out = plan.of[TRANSITION_COMPRESSION];
    return true;
}
