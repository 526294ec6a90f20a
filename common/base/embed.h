/* Files that a program carries with it, byte for byte.
 *
 *     EMBED(bundle, BUNDLE_PATH);    at file level; the path is a string literal of the build's
 *     EMBEDDED(bundle)               a struct text of it, with a NUL behind its end
 *
 * The compiler does not see the file: the build says that the object depends on it. */
#ifndef TESTKIT_COMMON_BASE_EMBED_H
#define TESTKIT_COMMON_BASE_EMBED_H

#include <stddef.h>

#include "common/base/text.h"

#define EMBED(name, path)                                                                          \
    __asm__(".section .rodata\n" #name "_begin:\n"                                                 \
            ".incbin \"" path "\"\n" #name "_end:\n"                                               \
            ".byte 0\n"                                                                            \
            ".global " #name "_begin\n"                                                            \
            ".global " #name "_end\n"                                                              \
            ".previous\n");                                                                        \
    extern const char name##_begin[];                                                              \
    extern const char name##_end[]
#define EMBEDDED(name) ((struct text){ name##_begin, (size_t)(name##_end - name##_begin) })

#endif
