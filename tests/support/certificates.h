/* Throw-away certificates for tests, made while they run: nothing in the repository expires. */
#ifndef TESTKIT_TESTS_SUPPORT_CERTIFICATES_H
#define TESTKIT_TESTS_SUPPORT_CERTIFICATES_H

#include "common/base/arena.h"
#include "common/base/text.h"

/* In PEM form, NUL-terminated too. */
struct certificate {
    struct text certificate;
    struct text key;
};

/* For localhost, 127.0.0.1 and ::1, valid from yesterday to tomorrow; may sign others. A fault of
 * the machinery aborts the test program.
 * signer  NULL: signed by itself
 * memory  holds the texts */
struct certificate certificate_make(struct arena *memory, const char *common_name,
                                    const struct certificate *signer);

/* The same, which ended an hour ago. */
struct certificate certificate_make_expired(struct arena *memory, const char *common_name);

/* The key protected by a password. */
struct text certificate_locked_key(struct arena *memory, const struct certificate *of);

#endif
