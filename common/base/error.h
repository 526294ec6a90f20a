/* Why a call failed: a code the program acts on and a sentence a person reads.
 *
 * Functions that can fail return bool and take `struct error *err` last. True: done, outputs
 * written, *err untouched. False: *err says why and nothing else changed. The struct belongs to
 * the caller and starts as { 0 }, so reporting needs no memory. */
#ifndef TESTKIT_COMMON_BASE_ERROR_H
#define TESTKIT_COMMON_BASE_ERROR_H

#include <stdbool.h>

#include "common/base/scope.h"

/* Our own small vocabulary. Tables at the edges turn it into HTTP statuses and gRPC codes. */
enum error_code {
    ERROR_NONE,
    ERROR_INVALID_ARGUMENT,  /* the request is wrong whatever the state           */
    ERROR_UNAUTHENTICATED,   /* no credentials, or bad ones                       */
    ERROR_PERMISSION_DENIED, /* known caller, missing right                       */
    ERROR_NOT_FOUND,
    ERROR_AMBIGUOUS, /* a name or prefix fits several resources           */
    ERROR_ALREADY_EXISTS,
    ERROR_INVALID_STATE,      /* right request, wrong moment                       */
    ERROR_RESOURCE_EXHAUSTED, /* a limit of ours or of the simulated host          */
    ERROR_NOT_SUPPORTED,      /* this program, or this resource, cannot do it      */
    ERROR_UNAVAILABLE,        /* the other side cannot be reached; may be retried  */
    ERROR_OUTCOME_UNKNOWN,    /* the other side was lost after it may have acted   */
    ERROR_DEADLINE_EXCEEDED,
    ERROR_CANCELLED,
    ERROR_INTERNAL, /* a fault of ours or nonsense from upstream         */
    ERROR_NO_MEMORY,
    ERROR_CODE_COUNT,
};

struct error {
    enum error_code code;
    char field[64];     /* "schedule.interval"; "" = the whole request         */
    char message[1024]; /* one sentence; cut on a UTF-8 boundary when too long */
};

/* Fills *err, which must be empty (report once, where it is known). Always returns false, so:
 * return error_set(err, ERROR_NOT_FOUND, "no snapshot %s", id); */
bool error_set(struct error *err, enum error_code code, const char *format, ...) PRINTF_LIKE(3, 4);

/* As error_set, naming the field of the request that is wrong. */
bool error_set_field(struct error *err, enum error_code code, const char *field, const char *format,
                     ...) PRINTF_LIKE(4, 5);

/* Puts text in front of the message of an error already set. Always returns false. */
bool error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* "INVALID_ARGUMENT" and so on, for logs and tests. */
const char *error_code_name(enum error_code code);

#endif
