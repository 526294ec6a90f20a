/* Lines for people and programs on a descriptor that nobody may be reading.
 *
 * Lines are collected and written when their owner has a quiet moment, several at once: a write
 * costs as much as a request. Who does not read never holds the program back: lines beyond the
 * buffer are dropped and counted, and the count is a line of its own once there is room again.
 *
 *     struct buffer *line = line_log_begin(&log);
 *     if (line == NULL)
 *         return;
 *     ... append to *line ...
 *     line_log_end(&log);
 *
 * A write holds whole lines and at most PIPE_BUF bytes, so lines of several logs on one descriptor
 * do not mix. Not thread-safe: each thread has its own. */
#ifndef TESTKIT_COMMON_PROGRAM_LINE_LOG_H
#define TESTKIT_COMMON_PROGRAM_LINE_LOG_H

#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

enum log_form { LOG_FORM_OFF, LOG_FORM_TEXT, LOG_FORM_JSON };

/* By enum log_form, NULL at the end: the choices of --log. */
extern const char *const log_form_names[];

enum { LINE_LOG_LINE_MAX = PIPE_BUF };

struct line_log {
    enum log_form form;
    int fd; /* borrowed */
    struct buffer lines;
    size_t begun_at;           /* where the line that is being written begins          */
    uint64_t untold;           /* lines dropped since the last one that says so        */
    atomic_uint_fast64_t lost; /* all lines dropped; may be read from another thread  */
};

void line_log_init(struct line_log *log, enum log_form form, int fd);
/* Writes what the descriptor takes and forgets the rest. */
void line_log_fini(struct line_log *log);

/* Where to append one line, without its newline; NULL when there is to be none: the log is off or
 * full. */
struct buffer *line_log_begin(struct line_log *log);
/* A line of LINE_LOG_LINE_MAX bytes or more is dropped. */
void line_log_end(struct line_log *log);

/* Writes as much as the descriptor takes without blocking. */
void line_log_flush(struct line_log *log);

/* What a client sent must not draw on someone's terminal: all but printable ASCII becomes '?'. */
void line_log_append_printable(struct buffer *line, struct text t);

#endif
