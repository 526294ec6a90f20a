#include "conformance/embedded.h"

__asm__(".section .rodata\n"
        "conformance_bundle_begin:\n"
        ".incbin \"" CONFORMANCE_BUNDLE "\"\n"
        "conformance_bundle_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char conformance_bundle_begin[];
extern const char conformance_bundle_end[];

struct text embedded_bundle(void)
{
    return (struct text){ conformance_bundle_begin,
                          (size_t)(conformance_bundle_end - conformance_bundle_begin) };
}
