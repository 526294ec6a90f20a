/* Command lines from a table: flag > environment variable > file > default.
 *
 * Every option is long and single-valued: --name VALUE, --name=VALUE, or a switch --name. Its
 * environment variable is PREFIX_NAME in upper case with '_' for '-'; an empty variable counts as
 * unset. A flag given again replaces the earlier one, except through options_nth. Names must be
 * complete: an abbreviation that works today would change its meaning with the next option. What
 * follows "--" is for the program's own use (operands). Values from a file are those that
 * options_load_file has read; a program need not have any.
 *
 *     static const struct option_spec specs[] = {
 *         { "listen", "ADDR", "127.0.0.1:4973", "where to serve; port 0 picks a free one" },
 *         { "vivify", NULL, NULL, "unknown ids spring into being" },
 *         { 0 },
 *     };
 */
#ifndef TESTKIT_COMMON_PROGRAM_OPTIONS_H
#define TESTKIT_COMMON_PROGRAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"

enum { OPTIONS_MAX = 64 };

struct option_spec {
    const char *name;     /* without "--"; NULL ends the table */
    const char *value;    /* placeholder; NULL for a switch    */
    const char *fallback; /* default text; NULL for none       */
    const char *help;
};

/* What a command that shares a table of options has for a default instead. */
struct option_default {
    const char *name; /* NULL ends the table */
    const char *fallback;
};

struct options_program {
    const char *name;       /* "hypeman-mock"; "hypeman-gateway tail" for a subcommand */
    const char *env_prefix; /* "HYPEMAN_MOCK"                                          */
    const char *summary;    /* one sentence for --help                                 */
    const struct option_spec *specs;
    const char *operands; /* what follows "--": "COMMAND [ARGS]"; NULL when nothing may */
    const struct option_default *defaults; /* NULL: those of the specs                  */
};

enum options_outcome {
    OPTIONS_RUN,
    OPTIONS_EXIT_OK,    /* --help or --version was printed: exit 0   */
    OPTIONS_EXIT_USAGE, /* the mistake was printed on stderr: exit 2 */
};

struct option_value {
    size_t spec;
    const char *value; /* borrowed */
};

struct options {
    const struct options_program *program;  /* borrowed                     */
    struct option_value given[OPTIONS_MAX]; /* in the order of the command line */
    size_t given_count;
    const char *file;                       /* where the next come from; NULL for none */
    struct option_value filed[OPTIONS_MAX]; /* in the file's order                     */
    size_t filed_count;
    char *const *operands; /* borrowed from argv: what follows "--", up to a NULL; may be none */
};

/* argv[0] is skipped; a subcommand's caller passes the part that starts with its name.
 * out  borrows program, argv and, later, the environment.
 * Prints --help and --version to stdout, mistakes to stderr. */
MUST_USE enum options_outcome options_parse(const struct options_program *program, int argc,
                                            char *const *argv, struct options *out);

/* The same without printing: OPTIONS_EXIT_USAGE comes with *err, OPTIONS_EXIT_OK with what to
 * print in `text`, which must hold a few kilobytes. */
MUST_USE enum options_outcome options_read(const struct options_program *program, int argc,
                                           char *const *argv, struct options *out,
                                           struct buffer *text, struct error *err);

/* Reads the JSON file that the option `name` names; without one, nothing. Its members are options:
 *
 *     { "timeout": "5s", "max-inflight": 200, "vivify": true, "header": ["a", "b"] }
 *
 * Values are text, whole numbers, for switches true or false, and lists of these for an option that
 * may be repeated.
 * texts  memory of the values, borrowed by o from now on
 * Fails  INVALID_ARGUMENT  no such JSON, or an option that is none; the message names file and
 * member as json_document_load_file; o is then not to be used */
MUST_USE bool options_load_file(struct options *o, const char *name, struct arena *texts,
                                struct error *err);

/* The value in force; NULL when nothing gives one. Naming an option that is not in the table is a
 * bug and asserted, here and below. */
const char *options_text(const struct options *o, const char *name);
/* The n-th value of a flag, or in a file's list, that may be repeated; NULL past the last. Without
 * these, the environment's or default value is the only one. */
const char *options_nth(const struct options *o, const char *name, size_t n);
/* Given as a flag, or as 1, true, yes or on in the environment (checked by options_parse). */
bool options_switch(const struct options *o, const char *name);

/* Typed values of an option that has one (has a default, or options_text is not NULL).
 * Fail  INVALID_ARGUMENT  field = the name; the message names the flag, or the variable the value
 *       or file the value came from, and says what is expected */

/* A Go duration of zero or more, in nanoseconds. */
MUST_USE bool options_duration(const struct options *o, const char *name, int64_t *out_ns,
                               struct error *err);
MUST_USE bool options_i64(const struct options *o, const char *name, int64_t min, int64_t max,
                          int64_t *out, struct error *err);
/* names  NULL-terminated; *out is the index. */
MUST_USE bool options_choice(const struct options *o, const char *name, const char *const *names,
                             size_t *out, struct error *err);

struct listen_address {
    char host[256];   /* without brackets; "" with a path                       */
    uint16_t port;    /* 0: any free one                                        */
    const char *path; /* of a Unix socket instead, borrowed as the value; NULL  */
};

/* HOST:PORT or [IPV6]:PORT. */
MUST_USE bool options_listen(const struct options *o, const char *name, struct listen_address *out,
                             struct error *err);
/* The same, or unix:PATH, whose path may be any text. */
MUST_USE bool options_listen_or_path(const struct options *o, const char *name,
                                     struct listen_address *out, struct error *err);
/* Whether only this machine can reach it. Of names only localhost is known. */
bool listen_address_is_local(const struct listen_address *address);

/* Reports a problem of an option in the same form, for checks of the caller's own:
 * "--seed must be odd". Always returns false. */
bool options_complain(const struct options *o, const char *name, struct error *err,
                      const char *format, ...) PRINTF_LIKE(4, 5);

/* Prints "NAME: MESSAGE (see --help)" to stderr; returns the exit code, 2. */
int options_usage(const struct options_program *program, const struct error *err);

#endif
