/* The three logs of an instance: what its record tells of the serial console, the hypervisor and
 * the server (instances.md 12, 21).
 *
 * No line is stored: each is worked out from the history when somebody reads it, so a log costs
 * nothing and is the same each time. A line's position only grows over all boots of an instance; a
 * reader who remembers one finds what came after it, whatever happened meanwhile. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_LOG_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/history.h"
#include "mock/domain/instance.h"

enum log_source {
    LOG_APP,     /* the serial console since the last boot; a resume goes on (INST-LOG-018) */
    LOG_VMM,     /* the hypervisor: a line per start                                        */
    LOG_HYPEMAN, /* the server: a line per event of the history (INST-LOG-020)              */
    LOG_SOURCE_COUNT,
};

const char *log_source_name(enum log_source source); /* "app", "vmm", "hypeman" */
/* False, *out untouched, when it is none of the three. */
MUST_USE bool log_source_parse(struct text name, enum log_source *out);

enum { LOG_LINE_BYTES = 512 };

struct log_line {
    int64_t at_ns;             /* shown in front, in whole seconds                        */
    bool hidden;               /* a marker for the server, not for readers (INST-LOG-014) */
    size_t len;                /* of text                                                 */
    char text[LOG_LINE_BYTES]; /* what follows the time; UTF-8, NUL-terminated            */
};

/* A log being read, in the caller's memory. */
struct instance_log {
    const struct instance *instance; /* borrowed, as is what events point to */
    enum log_source source;
    int64_t now_ns;
    uint64_t position; /* of the last line read; 0: none */
    const struct history_event *events[HISTORY_MAX];
    size_t event_count;
    size_t event, line;  /* what is read next             */
    int64_t boot_end_ns; /* no line of the boot is later  */
};

/* The log as of now_ns, from its first line.
 * instance  borrowed while the log is read
 * Fails     NOT_FOUND  requested log file does not exist yet: the instance never ran, or not since
 *                      a snapshot took its place (INST-LOG-016, INST-LOG-019, SNAP-R-035) */
MUST_USE bool instance_log_open(struct instance_log *log, const struct instance *instance,
                                enum log_source source, int64_t now_ns, struct error *err);
/* Leaves out all but the last `count` lines, the hidden ones counted (INST-LOG-014). */
void instance_log_tail(struct instance_log *log, uint64_t count);
/* Leaves out what stands up to that position. */
void instance_log_seek(struct instance_log *log, uint64_t position);
/* Reads the next line; false when there is none yet. */
bool instance_log_next(struct instance_log *log, struct log_line *out);
/* After the last line: when another comes by itself; INT64_MAX when only a request brings one. */
int64_t instance_log_next_ns(const struct instance_log *log);

#endif
