/* Starts one of our programs as a child, waits until it serves, and stops it. No sleeps: readiness
 * is the line on --ready-fd, the end is the child's exit.
 *
 *     struct program mock;
 *     assert_true(program_start(&mock, "hypeman-mock",
 *                               (const char *[]){ "--listen", "127.0.0.1:0", NULL }));
 *     ... mock.urls[0] ...
 *     assert_int_equal(program_stop(&mock, SIGTERM), 0);
 */
#ifndef TESTKIT_TESTS_SUPPORT_PROGRAM_H
#define TESTKIT_TESTS_SUPPORT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PROGRAM_MAX_URLS = 4, PROGRAM_URL_BYTES = 128 };

struct program {
    pid_t pid;
    int output_fd; /* what it writes to stderr, in memory */
    char urls[PROGRAM_MAX_URLS][PROGRAM_URL_BYTES];
    size_t url_count;
    char *output; /* filled when it has ended; NUL-terminated */
};

/* name   of a program in the directory TESTKIT_BIN
 * args   NULL-terminated, without argv[0]; "--ready-fd N" is added
 * False when it ended, or did not serve within ten seconds: ask program_wait why. */
bool program_start(struct program *p, const char *name, const char *const *args);

/* The same with at most that many open files, whatever it tries. */
bool program_start_limited(struct program *p, const char *name, const char *const *args,
                           size_t descriptors);

/* The same without --ready-fd, for programs that are to end by themselves. */
bool program_spawn(struct program *p, const char *name, const char *const *args);
/* The same with a standard output other than ours: an open descriptor. */
bool program_spawn_to(struct program *p, const char *name, const char *const *args, int stdout_fd);

/* Waits for the end, at most ten seconds (then it is killed and -1 returned). Returns the exit
 * status, or 128 + the signal that ended it. p->output is filled; program_free() it. */
int program_wait(struct program *p);
/* Sends the signal, then as program_wait. */
int program_stop(struct program *p, int signal);

void program_free(struct program *p);

/* Its resident memory. */
size_t program_memory_bytes(const struct program *p);

/* ThreadSanitizer keeps several bytes for each of ours, and they count. AddressSanitizer keeps what
 * was freed, up to 256 MB, so what comes and goes counts. */
#define HAS_SHADOW_MEMORY  0
#define KEEPS_FREED_MEMORY 0
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#undef HAS_SHADOW_MEMORY
#define HAS_SHADOW_MEMORY 1
#endif
#if __has_feature(address_sanitizer)
#undef KEEPS_FREED_MEMORY
#define KEEPS_FREED_MEMORY 1
#endif
#endif

#endif
