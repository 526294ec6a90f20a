#include "conformance/reports.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buffer.h"

enum { EVENT_MAX_BYTES = 512 << 20 };

static bool open_one(struct reports *out, size_t i, struct error *err)
{
    const struct report_wish *wish = &out->settings->reports[i];

    if (strcmp(wish->path, "-") == 0) {
        out->files[i] = stdout;
        out->terminal = stderr;
        return true;
    }
    out->files[i] = fopen(wish->path, "we");
    return out->files[i] != NULL ||
           error_set(err, ERROR_INVALID_ARGUMENT, "--report: %s cannot be written: %s", wish->path,
                     strerror(errno));
}

bool reports_open(struct reports *out, const struct settings *settings, struct error *err)
{
    *out = (struct reports){ .settings = settings, .terminal = stdout };
    for (size_t i = 0; i < settings->report_count; i++) {
        if (open_one(out, i, err))
            continue;
        (void)reports_close(out);
        return false;
    }
    out->style = (struct text_style){ .colour = isatty(fileno(out->terminal)) == 1,
                                      .all = settings->all,
                                      .exchanges = settings->replay };
    return true;
}

static void put(struct reports *reports, FILE *file, struct buffer *bytes)
{
    bool ok = !bytes->failed &&
              fwrite(bytes->data == NULL ? "" : bytes->data, 1, bytes->len, file) == bytes->len;

    reports->failed |= !ok || fflush(file) != 0;
    buffer_clear(bytes);
}

/* On a terminal one line tells how far the run has come, until there is something to say. */
static void show_progress(const struct reports *reports, const struct run *run, enum event event)
{
    if (!reports->style.colour)
        return;
    if (event == EVENT_RESULT && run->count < run->planned)
        (void)fprintf(reports->terminal, "\r\033[K%zu of %zu\r", run->count, run->planned);
    (void)fflush(reports->terminal);
}

void reports_tell(struct reports *reports, const struct run *run, enum event event,
                  const struct result *result)
{
    SCOPED(buffer) struct buffer bytes = buffer_capped(EVENT_MAX_BYTES);

    report_text(run, event, result, &reports->style, &bytes);
    if (reports->style.colour && bytes.len > 0)
        (void)fputs("\033[K", reports->terminal);
    put(reports, reports->terminal, &bytes);
    show_progress(reports, run, event);
    for (size_t i = 0; i < reports->settings->report_count; i++) {
        reports->settings->reports[i].reporter->report(run, event, result, &bytes);
        put(reports, reports->files[i], &bytes);
    }
}

bool reports_close(struct reports *reports)
{
    for (size_t i = 0; i < REPORTS_MAX; i++) {
        FILE *file = reports->files[i];
        if (file != NULL && file != stdout)
            reports->failed |= fclose(file) != 0;
        reports->files[i] = NULL;
    }
    return !reports->failed;
}
