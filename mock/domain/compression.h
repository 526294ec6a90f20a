/* Choosing compression settings and the size they lead to. Pure (snapshots.md sections 10, 16). */
#ifndef TESTKIT_MOCK_DOMAIN_COMPRESSION_H
#define TESTKIT_MOCK_DOMAIN_COMPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

enum compression_algorithm {
    COMPRESSION_UNSET, /* in choices: zstd. Never in effective settings */
    COMPRESSION_ZSTD,
    COMPRESSION_LZ4,
    COMPRESSION_ALGORITHM_COUNT,
};

enum { COMPRESSION_LEVEL_UNSET = -1 };

/* A `compression` object as a client or the configuration wrote it. */
struct compression_choice {
    bool present; /* false: nothing was said, the rest is meaningless */
    bool enabled;
    enum compression_algorithm algorithm; /* COMPRESSION_UNSET: not given       */
    int64_t level;                        /* COMPRESSION_LEVEL_UNSET: not given */
};

/* What is really done: complete and within the ranges. */
struct compression_settings {
    enum compression_algorithm algorithm;
    int level;
};

/* "zstd", "lz4"; "" for COMPRESSION_UNSET. Static text. */
const char *compression_algorithm_name(enum compression_algorithm a);
MUST_USE bool compression_algorithm_parse(struct text name, enum compression_algorithm *out);

/* Judges level against algorithm (COMP-006, COMP-007). An absent choice or level is fine.
 * judge_disabled  also when `enabled` is false (COMP-012): world_settings.quirks
 * field    for err->field: "compression" or "snapshot_policy"
 * Fails    INVALID_ARGUMENT  level must be between {min} and {max} for {zstd or lz4}, got {n} */
MUST_USE bool compression_check(const struct compression_choice *choice, bool judge_disabled,
                                const char *field, struct error *err);

/* The first present choice of request, instance policy, server default decides (COMP-002); missing
 * parts are filled in (COMP-003, COMP-004). True, *out written, when it says enabled; false when
 * there is no compression.
 * Each choice has passed compression_check. */
MUST_USE bool compression_resolve(const struct compression_choice *request,
                                  const struct compression_choice *policy,
                                  const struct compression_choice *server_default,
                                  struct compression_settings *out);

/* What `memory_bytes` shrink to: deterministic, smaller for higher levels (section 16). */
int64_t compression_compressed_bytes(struct compression_settings settings, int64_t memory_bytes);

#endif
