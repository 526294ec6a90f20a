#include "common/program/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { READ_STEP = 64 << 10 };

static bool read_all(int fd, const char *path, struct buffer *out, struct error *err)
{
    for (;;) {
        char *room = buffer_reserve(out, READ_STEP);
        if (room == NULL && out->out_of_room)
            return error_set(err, ERROR_RESOURCE_EXHAUSTED, "%s is larger than %zu bytes", path,
                             out->max - READ_STEP);
        if (room == NULL)
            return buffer_error(out, err);
        ssize_t n = read(fd, room, READ_STEP);
        if (n == 0)
            return true;
        if (n > 0)
            buffer_commit(out, (size_t)n);
        else if (errno != EINTR)
            return error_set(err, ERROR_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
    }
}

bool read_file(const char *path, size_t max_bytes, struct buffer *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, ERROR_NOT_FOUND, "cannot open %s: %s", path, strerror(errno));
    SCOPED(buffer) struct buffer bytes = buffer_capped(max_bytes + READ_STEP);
    const bool ok = read_all(fd, path, &bytes, err);
    close(fd);
    if (ok)
        *out = buffer_take(&bytes);
    return ok;
}
