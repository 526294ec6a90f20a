#include "common/program/ready_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/json/json_writer.h"

enum { READY_MAX = 64 * 1024 };

static bool write_ready(struct buffer *out, const struct ready *ready, struct error *err)
{
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);
    json_write_object_begin(&w);
    json_member_string(&w, "program", text_of(ready->program));
    json_member_string(&w, "version", text_of(TESTKIT_VERSION));
    json_member_i64(&w, "pid", getpid());
    json_write_key(&w, TEXT("urls"));
    json_write_array_begin(&w);
    for (size_t i = 0; i < ready->url_count; i++)
        json_write_string(&w, text_of(ready->urls[i]));
    json_write_array_end(&w);
    json_write_object_end(&w);
    buffer_append_byte(out, '\n');
    return !out->failed || buffer_error(out, err);
}

bool ready_write_fd(int fd, const struct ready *ready, struct error *err)
{
    SCOPED(buffer) struct buffer line = buffer_capped(READY_MAX);
    if (!write_ready(&line, ready, err))
        return false;
    for (size_t done = 0; done < line.len;) {
        ssize_t n = write(fd, line.data + done, line.len - done);
        if (n < 0 && errno != EINTR)
            return error_set(err, ERROR_INTERNAL, "cannot announce readiness: %s", strerror(errno));
        done += n < 0 ? 0 : (size_t)n;
    }
    return true;
}

/* mkstemp makes files private; this one is for whoever may read the folder. */
static bool fill(int fd, const struct ready *ready, struct error *err)
{
    bool ok = ready_write_fd(fd, ready, err);
    if (ok && fchmod(fd, 0644) != 0)
        ok = error_set(err, ERROR_INTERNAL, "cannot set its mode: %s", strerror(errno));
    if (close(fd) != 0 && ok)
        ok = error_set(err, ERROR_INTERNAL, "cannot be closed: %s", strerror(errno));
    return ok;
}

bool ready_file_write(const char *path, const struct ready *ready, struct error *err)
{
    SCOPED(buffer) struct buffer temporary = buffer_capped(READY_MAX);
    buffer_appendf(&temporary, "%s.XXXXXX", path);
    if (!buffer_append_byte(&temporary, '\0'))
        return buffer_error(&temporary, err);
    int fd = mkstemp(temporary.data);
    if (fd < 0)
        return error_set(err, ERROR_INTERNAL, "%s: cannot be created: %s", path, strerror(errno));
    bool ok = fill(fd, ready, err);
    if (ok && rename(temporary.data, path) != 0)
        ok = error_set(err, ERROR_INTERNAL, "cannot be put in place: %s", strerror(errno));
    if (ok)
        return true;
    unlink(temporary.data);
    return error_prefix(err, "%s: ", path);
}
