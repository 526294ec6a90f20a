/* Sizes as the server writes them for people: 1024-based, one decimal (INST-J-010, SIZE-010). */
#ifndef TESTKIT_MOCK_DOMAIN_SIZE_TEXT_H
#define TESTKIT_MOCK_DOMAIN_SIZE_TEXT_H

#include <stdint.h>

struct size_text {
    char text[32]; /* NUL-terminated */
};

/* A unit is used only above one of it: 1 GiB is "1024.0 MB", 1024 is "1024 B" (INST-J-011).
 * bytes    negative counts as 0 */
struct size_text size_text(int64_t bytes);

#endif
