#include "mock/domain/compression.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

static const struct {
    const char *name;
    int min, max, normal; /* levels */
} algorithms[] = {
    [COMPRESSION_UNSET] = { "", 1, 19, 1 }, /* not given means zstd */
    [COMPRESSION_ZSTD] = { "zstd", 1, 19, 1 },
    [COMPRESSION_LZ4] = { "lz4", 0, 9, 0 },
};
static_assert(ARRAY_LEN(algorithms) == COMPRESSION_ALGORITHM_COUNT, "one row per algorithm");

const char *compression_algorithm_name(enum compression_algorithm a)
{
    return algorithms[a].name;
}

bool compression_algorithm_parse(struct text name, enum compression_algorithm *out)
{
    for (size_t i = COMPRESSION_UNSET + 1; i < COMPRESSION_ALGORITHM_COUNT; i++) {
        if (text_equal_cstr(name, algorithms[i].name)) {
            *out = (enum compression_algorithm)i;
            return true;
        }
    }
    return false;
}

static enum compression_algorithm effective_algorithm(const struct compression_choice *choice)
{
    return choice->algorithm == COMPRESSION_UNSET ? COMPRESSION_ZSTD : choice->algorithm;
}

bool compression_check(const struct compression_choice *choice, bool judge_disabled,
                       const char *field, struct error *err)
{
    if (!choice->present || choice->level == COMPRESSION_LEVEL_UNSET)
        return true;
    if (!choice->enabled && !judge_disabled)
        return true;
    enum compression_algorithm a = effective_algorithm(choice);
    if (choice->level >= algorithms[a].min && choice->level <= algorithms[a].max)
        return true;
    return error_set_field(err, ERROR_INVALID_ARGUMENT, field,
                           "level must be between %d and %d for %s, got %" PRId64,
                           algorithms[a].min, algorithms[a].max, algorithms[a].name, choice->level);
}

bool compression_resolve(const struct compression_choice *request,
                         const struct compression_choice *policy,
                         const struct compression_choice *server_default,
                         struct compression_settings *out)
{
    const struct compression_choice *choice = request->present  ? request
                                              : policy->present ? policy
                                                                : server_default;
    if (!choice->present || !choice->enabled)
        return false;
    out->algorithm = effective_algorithm(choice);
    out->level = choice->level == COMPRESSION_LEVEL_UNSET ? algorithms[out->algorithm].normal
                                                          : (int)choice->level;
    return true;
}

int64_t compression_compressed_bytes(struct compression_settings settings, int64_t memory_bytes)
{
    int percent =
        settings.algorithm == COMPRESSION_LZ4 ? 45 - settings.level : 30 - settings.level / 4;
    /* In two parts, so that no size overflows. */
    return memory_bytes / 100 * percent + memory_bytes % 100 * percent / 100;
}
