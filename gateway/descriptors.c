#include "gateway/descriptors.h"

#include "common/program/read_file.h"

enum { DESCRIPTOR_SET_MAX = 32 << 20 };

/* The file that protoc made of proto/ during the build, byte for byte. */
__asm__(".section .rodata\n"
        ".global hypeman_descriptors_begin\n"
        ".global hypeman_descriptors_end\n"
        "hypeman_descriptors_begin:\n"
        ".incbin \"" HYPEMAN_DESCRIPTOR_SET "\"\n"
        "hypeman_descriptors_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char hypeman_descriptors_begin[];
extern const char hypeman_descriptors_end[];

bool descriptors_load(const char *path, struct schema **out, struct error *err)
{
    if (path == NULL)
        return schema_load(
            (struct text){ hypeman_descriptors_begin,
                           (size_t)(hypeman_descriptors_end - hypeman_descriptors_begin) },
            out, err);
    SCOPED(buffer) struct buffer file = buffer_capped(0);
    if (!read_file(path, DESCRIPTOR_SET_MAX, &file, err))
        return false;
    return schema_load(buffer_text(&file), out, err) || error_prefix(err, "%s: ", path);
}
