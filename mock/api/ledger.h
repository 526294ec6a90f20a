/* Where the API description and the real server disagree, as data.
 *
 * The mock holds one of two truths: TRUTH_SPEC, what the description promises, every error in its
 * shape and valid JSON; TRUTH_SERVER, what the real server sends, quirks included. Where the
 * description is silent the server's behaviour is the truth of both.
 *
 * Every difference is a row of the ledger, and code that differs names its row: by `differs` in an
 * error row (route.h), or by asking for the truth next to a comment with the same rules. A test
 * plays each row in both truths. */
#ifndef TESTKIT_MOCK_API_LEDGER_H
#define TESTKIT_MOCK_API_LEDGER_H

#include "common/base/buffer.h"
#include "mock/domain/world.h"

enum truth { TRUTH_SPEC, TRUTH_SERVER };

enum divergence {
    DIVERGENCE_NONE, /* both truths agree */
    DIVERGENCE_UNESCAPED_MESSAGE,
    DIVERGENCE_MESSAGE_AS_FORMAT,
    DIVERGENCE_BINDING_TEXT,
    DIVERGENCE_UNKNOWN_PATH,
    DIVERGENCE_WRONG_METHOD,
    DIVERGENCE_PROTOCOL_TEXT,
    DIVERGENCE_TAG_FILTER_KEY,
    DIVERGENCE_NUL_IN_IDENTIFIER,
    DIVERGENCE_SNAPSHOT_ID,
    DIVERGENCE_NAME_CONFLICT,
    DIVERGENCE_IMAGE_REFERENCE,
    DIVERGENCE_NUMBER_OUT_OF_RANGE,
    DIVERGENCE_HYPERVISOR_NOT_HERE,
    DIVERGENCE_VOLUME_RULES,
    DIVERGENCE_VOLUME_TAKEN,
    DIVERGENCE_DEVICE_UNKNOWN,
    DIVERGENCE_NAME_CONFLICT_AT_START,
    DIVERGENCE_VOLUME_ATTACHMENT,
    DIVERGENCE_FIRST_RESTART,
    DIVERGENCE_LONG_WAIT,
    DIVERGENCE_DISABLED_COMPRESSION,
    DIVERGENCE_TARGET_STATE,
    DIVERGENCE_NO_STANDBY,
    DIVERGENCE_FAILED_RUN,
    DIVERGENCE_COUNT,
};

struct ledger_row {
    const char *name;   /* "name-conflict"                                             */
    const char *rules;  /* "INST-N-002 INST-C-035": of docs/contract, a blank between  */
    const char *asked;  /* what has to be asked to see it                              */
    const char *spec;   /* the answer of TRUTH_SPEC                                    */
    const char *server; /* the answer of TRUTH_SERVER                                  */
};

/* By enum divergence; the row of DIVERGENCE_NONE is empty. */
extern const struct ledger_row ledger[DIVERGENCE_COUNT];

/* What this mock does unlike the real server in both truths. */
struct ledger_limit {
    const char *rules; /* "" when the contract has none */
    const char *asked;
    const char *mock;
    const char *server;
};

/* Ends with asked NULL. */
extern const struct ledger_limit ledger_limits[];

/* The part of a truth that shows in a world's behaviour and not in how an error is told. */
struct world_quirks ledger_quirks(enum truth truth);

/* Both parts as tables for a person, and as one JSON array for tools:
 * {"kind":"divergence","name":...,"rules":[...],"asked":...,"spec":...,"server":...} and
 * {"kind":"limit","rules":[...],"asked":...,"mock":...,"server":...}.
 * Check out->failed afterwards. */
void ledger_write_text(struct buffer *out);
void ledger_write_json(struct buffer *out);

#endif
