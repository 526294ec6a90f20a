#include "gateway/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { DESCRIPTOR_SET_MAX = 32 << 20, READ_STEP = 64 << 10 };

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

static bool read_all(int fd, const char *path, struct buffer *out, struct error *err)
{
    for (;;) {
        char *room = buffer_reserve(out, READ_STEP);
        if (room == NULL)
            return error_set(err, ERROR_RESOURCE_EXHAUSTED, "%s is larger than %zu bytes", path,
                             out->max - READ_STEP);
        ssize_t n = read(fd, room, READ_STEP);
        if (n == 0)
            return true;
        if (n > 0)
            buffer_commit(out, (size_t)n);
        else if (errno != EINTR)
            return error_set(err, ERROR_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
    }
}

bool read_file(const char *path, size_t max, struct buffer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_NOT_FOUND, "cannot open %s: %s", path, strerror(errno));
    *out = buffer_capped(max + READ_STEP);
    bool ok = read_all(fd, path, out, err);
    close(fd);
    if (!ok)
        buffer_fini(out);
    return ok;
}

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
