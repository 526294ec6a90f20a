#include "mock/domain/instance_log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mock/domain/go_quote.h"
#include "mock/domain/names.h"

/* A position is the event's number and the lines read of those it brought, less than this many. */
enum { LINES_PER_EVENT = 32 };

/* --- writing a line ---------------------------------------------------------------------- */

static bool append(struct log_line *line, const char *format, ...) PRINTF_LIKE(2, 3);

/* What does not fit is left out, but no half of a character stays: a line that was cut is longer
 * than FULL, and takes no more. False when it is. */
static bool append(struct log_line *line, const char *format, ...)
{
    enum { CHARACTER = 4, LONGEST = LOG_LINE_BYTES - CHARACTER, FULL = LONGEST - CHARACTER };
    va_list args;
    if (line->len > FULL)
        return false;
    va_start(args, format);
    vsnprintf(line->text + line->len, sizeof line->text - line->len, format, args);
    va_end(args);
    line->len = text_cut_len(text_of(line->text), LONGEST);
    line->text[line->len] = '\0';
    return true;
}

/* --- app: the serial console ------------------------------------------------------------- */

enum boot_need { NEEDS_NOTHING, NEEDS_NETWORK, NEEDS_AGENT, NEEDS_HEADERS, NEEDS_VOLUMES };

static void append_platform(struct log_line *line, const struct instance *instance)
{
    append(line, " on " TEXT_FMT, TEXT_ARGS(instance->config->platform));
}

static void append_address(struct log_line *line, const struct instance *instance)
{
    append(line, " %s", network_ip_text(&instance->address).text);
}

static void append_volumes(struct log_line *line, const struct instance *instance)
{
    const struct instance_config *config = instance->config;
    for (size_t i = 0; i < config->volume_count; i++)
        append(line, " %s", go_quote(config->volumes[i].mount_path).text);
}

static void append_command(struct log_line *line, const struct instance *instance)
{
    const struct text_list parts[] = { instance->config->entrypoint, instance->config->cmd };
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        for (size_t j = 0; j < parts[i].count; j++) {
            if (!append(line, " %s", go_quote(parts[i].items[j]).text))
                return; /* a command may have a million parts */
        }
    }
    if (parts[0].count + parts[1].count == 0)
        append(line, " what the image says");
}

/* In their order; the last comes when the boot is over (instances.md 21, INST-J-044). */
static const struct {
    const char *phase;
    const char *text;
    enum boot_need needs;
    void (*append_detail)(struct log_line *line, const struct instance *instance);
} boot_lines[] = {
    { "boot", "init started", NEEDS_NOTHING, append_platform },
    { "mount", "mounted proc, sysfs and devtmpfs", NEEDS_NOTHING, NULL },
    { "overlay", "mounted the writable overlay on the image", NEEDS_NOTHING, NULL },
    { "config", "read the configuration disk", NEEDS_NOTHING, NULL },
    { "network", "brought up eth0 with", NEEDS_NETWORK, append_address },
    { "agent", "started the guest agent", NEEDS_AGENT, NULL },
    { "mode", "running in exec mode", NEEDS_NOTHING, NULL },
    { "setup", "mounted the volumes at", NEEDS_VOLUMES, append_volumes },
    { "setup", "HYPEMAN-HEADERS-START", NEEDS_HEADERS, NULL },
    { "setup", "HYPEMAN-HEADERS-READY", NEEDS_HEADERS, NULL },
    { "agent", "HYPEMAN-AGENT-READY", NEEDS_AGENT, NULL },
    { "entrypoint", "starting", NEEDS_NOTHING, append_command },
    { "entrypoint", "HYPEMAN-PROGRAM-START", NEEDS_NOTHING, NULL },
};
static_assert(ARRAY_LEN(boot_lines) < LINES_PER_EVENT, "a boot's lines have positions");

static bool is_met(enum boot_need need, const struct instance_config *config)
{
    switch (need) {
    case NEEDS_NETWORK:
        return config->network.enabled;
    case NEEDS_AGENT:
        return !config->skip_guest_agent;
    case NEEDS_HEADERS:
        return !config->skip_kernel_headers;
    case NEEDS_VOLUMES:
        return config->volume_count > 0;
    case NEEDS_NOTHING:
        break;
    }
    return true;
}

/* How many rows of boot_lines this instance shows, and the index-th of them. */
static size_t boot_rows(const struct instance *instance, size_t index, size_t *row)
{
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(boot_lines); i++) {
        if (!is_met(boot_lines[i].needs, instance->config))
            continue;
        if (count == index)
            *row = i;
        count++;
    }
    return count;
}

/* The lines of a boot stand at equal distances, the first at its start, the last at its end. */
static int64_t boot_line_ns(const struct history_event *event, size_t index, size_t count)
{
    int64_t steps = (int64_t)count - 1;
    int64_t took_ns = event->until_ns > event->at_ns ? event->until_ns - event->at_ns : 0;
    return event->at_ns + took_ns / steps * (int64_t)index +
           took_ns % steps * (int64_t)index / steps;
}

static void write_boot_line(const struct instance_log *log, size_t index, struct log_line *line)
{
    size_t row = 0;
    (void)boot_rows(log->instance, index, &row);
    append(line, "[INFO] [hypeman-init:%s] %s", boot_lines[row].phase, boot_lines[row].text);
    if (boot_lines[row].append_detail != NULL)
        boot_lines[row].append_detail(line, log->instance);
}

static void write_exit_line(const struct history_event *event, size_t index, struct log_line *line)
{
    const struct instance ended = { .has_exit_code = true, .exit_code = event->exit_code };
    struct exit_text text = instance_exit_text(&ended);
    if (index == 0)
        append(line, "[%s] [hypeman-init:entrypoint] app exited with code %" PRId32 " (%s)",
               event->exit_code == 0 ? "INFO" : "ERROR", event->exit_code, text.text);
    else
        append(line,
               "[INFO] [hypeman-init:entrypoint] HYPEMAN-EXIT code=%" PRId32 " message=\"%s\"",
               event->exit_code, text.text);
}

static size_t count_app_lines(const struct instance_log *log, const struct history_event *event)
{
    size_t row = 0;
    if (event->start == HISTORY_COLD_START)
        return boot_rows(log->instance, 0, &row);
    return event->has_exit_code ? 2 : 0;
}

static void write_app_line(const struct instance_log *log, const struct history_event *event,
                           size_t index, struct log_line *line)
{
    static const char *const markers[] = {
        "HYPEMAN-PROGRAM-START", "HYPEMAN-AGENT-READY",    "HYPEMAN-HEADERS-START",
        "HYPEMAN-HEADERS-READY", "HYPEMAN-HEADERS-FAILED",
    };
    if (event->start == HISTORY_COLD_START)
        write_boot_line(log, index, line);
    else
        write_exit_line(event, index, line);
    for (size_t i = 0; i < ARRAY_LEN(markers); i++)
        line->hidden = line->hidden || strstr(line->text, markers[i]) != NULL;
}

/* --- vmm: the hypervisor ----------------------------------------------------------------- */

static size_t count_vmm_lines(const struct instance_log *log, const struct history_event *event)
{
    (void)log;
    return event->start == HISTORY_NO_START ? 0 : 1;
}

static void write_vmm_line(const struct instance_log *log, const struct history_event *event,
                           size_t index, struct log_line *line)
{
    const struct instance_config *config = log->instance->config;
    (void)index;
    append(line, "[INFO] [%s] guest %s: vcpus=%" PRId64 " memory_bytes=%" PRId64,
           hypervisor_name(config->hypervisor),
           event->start == HISTORY_COLD_START ? "booted" : "resumed from its memory image",
           config->vcpus, config->size_bytes + config->hotplug_bytes);
}

/* --- hypeman: the server ----------------------------------------------------------------- */

static const struct {
    const char *message;
    const char *other; /* what the event's other id is                    */
    const char *state; /* after it, where nothing started; NULL: the same */
} event_texts[] = {
    [HISTORY_CREATED] = { "instance created successfully", NULL, NULL },
    [HISTORY_FORKED] = { "instance forked successfully", "source", NULL },
    [HISTORY_STARTED] = { "instance started successfully", NULL, NULL },
    [HISTORY_RESTARTED] = { "instance restarted by its restart policy", NULL, NULL },
    [HISTORY_RESUMED] = { "instance restored successfully", NULL, NULL },
    [HISTORY_STANDBY] = { "instance put in standby successfully", NULL, "Standby" },
    [HISTORY_AUTO_STANDBY] = { "idle instance put in standby by its auto-standby policy", NULL,
                               "Standby" },
    [HISTORY_STOPPED] = { "instance stopped successfully", NULL, "Stopped" },
    [HISTORY_EXITED] = { "guest ended by itself", NULL, "Stopped" },
    [HISTORY_CAPTURED] = { "snapshot created successfully", "snapshot_id", NULL },
    [HISTORY_COPIED] = { "running instance forked through standby", "fork", NULL },
    [HISTORY_RESTORED] = { "snapshot restored successfully", "snapshot_id", NULL },
    [HISTORY_UPDATED] = { "instance updated successfully", NULL, NULL },
    [HISTORY_ATTACHED] = { "volume attached successfully", NULL, NULL },
    [HISTORY_DETACHED] = { "volume detached successfully", NULL, NULL },
    [HISTORY_FORCED] = { "state forced by a test", NULL, NULL },
};
static_assert(ARRAY_LEN(event_texts) == HISTORY_KIND_COUNT, "one row per kind");

static bool is_vain_restart(const struct history_event *event)
{
    return event->kind == HISTORY_RESTARTED && event->start == HISTORY_NO_START;
}

static const char *event_message(const struct history_event *event)
{
    return is_vain_restart(event) ? "instance could not be restarted by its restart policy"
                                  : event_texts[event->kind].message;
}

static const char *event_level(const struct history_event *event)
{
    if (is_vain_restart(event))
        return "ERROR";
    if (event->kind == HISTORY_FORCED || event->kind == HISTORY_RESTARTED)
        return "WARN";
    return event->kind == HISTORY_EXITED && event->exit_code != 0 ? "ERROR" : "INFO";
}

static const char *state_after(const struct history_event *event)
{
    switch (event->start) {
    case HISTORY_COLD_START:
        return "Initializing";
    case HISTORY_RESUMED_START:
        return "Running";
    case HISTORY_NO_START:
        break;
    }
    return event_texts[event->kind].state;
}

static size_t count_hypeman_lines(const struct instance_log *log, const struct history_event *event)
{
    (void)log;
    (void)event;
    return 1;
}

static void write_hypeman_line(const struct instance_log *log, const struct history_event *event,
                               size_t index, struct log_line *line)
{
    const char *state = state_after(event);
    (void)index;
    append(line, "%s %s name=" TEXT_FMT, event_level(event), event_message(event),
           TEXT_ARGS(log->instance->config->name));
    if (event_texts[event->kind].other != NULL && event->other.chars[0] != '\0')
        append(line, " %s=" TEXT_FMT, event_texts[event->kind].other,
               TEXT_ARGS(resource_id_text(&event->other)));
    if (state != NULL)
        append(line, " state=%s", state);
    if (event->has_exit_code)
        append(line, " exit_code=%" PRId32, event->exit_code);
}

/* --- the sources ------------------------------------------------------------------------- */

static const char *const source_names[] = {
    [LOG_APP] = "app",
    [LOG_VMM] = "vmm",
    [LOG_HYPEMAN] = "hypeman",
};
static_assert(ARRAY_LEN(source_names) == LOG_SOURCE_COUNT, "one name per source");

static const struct {
    /* How many lines an event brings. */
    size_t (*count)(const struct instance_log *log, const struct history_event *event);
    void (*write)(const struct instance_log *log, const struct history_event *event, size_t index,
                  struct log_line *line);
} sources[] = {
    [LOG_APP] = { count_app_lines, write_app_line },
    [LOG_VMM] = { count_vmm_lines, write_vmm_line },
    [LOG_HYPEMAN] = { count_hypeman_lines, write_hypeman_line },
};
static_assert(ARRAY_LEN(sources) == LOG_SOURCE_COUNT, "one row per source");

const char *log_source_name(enum log_source source)
{
    return source_names[source];
}

bool log_source_parse(struct text name, enum log_source *out)
{
    size_t i = 0;
    if (!names_find(source_names, ARRAY_LEN(source_names), name, &i))
        return false;
    *out = (enum log_source)i;
    return true;
}

/* --- reading ----------------------------------------------------------------------------- */

/* The event a log of the machine begins with; event_count when the machine never ran since. */
static size_t first_event(const struct instance_log *log)
{
    size_t first = 0;
    bool ran = false;
    for (size_t i = 0; i < log->event_count; i++) {
        const struct history_event *event = log->events[i];
        bool anew = log->source == LOG_APP && event->start == HISTORY_COLD_START;
        if (event->kind == HISTORY_RESTORED)
            ran = false; /* the payload has no logs (SNAP-R-035) */
        if (event->kind == HISTORY_RESTORED || anew)
            first = i;
        ran = ran || event->start != HISTORY_NO_START;
    }
    return ran ? first : log->event_count;
}

/* When the machine whose boot stands at `first` was gone. */
static int64_t end_of_boot(const struct instance_log *log, size_t first)
{
    for (size_t i = first; i < log->event_count; i++) {
        const struct history_event *event = log->events[i];
        if (event->kind == HISTORY_STOPPED || event->kind == HISTORY_EXITED)
            return event->at_ns;
    }
    return INT64_MAX;
}

bool instance_log_open(struct instance_log *log, const struct instance *instance,
                       enum log_source source, int64_t now_ns, struct error *err)
{
    log->instance = instance;
    log->source = source;
    log->now_ns = now_ns;
    log->position = 0;
    log->event_count = history_list(instance->history, log->events);
    log->event = source == LOG_HYPEMAN ? 0 : first_event(log);
    log->line = 0;
    log->boot_end_ns = end_of_boot(log, log->event);
    if (source != LOG_HYPEMAN && log->event == log->event_count)
        return error_set(err, ERROR_NOT_FOUND, "requested log file does not exist yet");
    return true;
}

/* When the next line stands, which `log->event` and `log->line` are moved to; false when no event
 * brings another. */
static bool find_line(struct instance_log *log, int64_t *at_ns)
{
    for (; log->event < log->event_count; log->event++, log->line = 0) {
        const struct history_event *event = log->events[log->event];
        size_t count = sources[log->source].count(log, event);
        bool is_boot = log->source == LOG_APP && event->start == HISTORY_COLD_START;
        if (log->line >= count)
            continue;
        *at_ns = is_boot ? boot_line_ns(event, log->line, count) : event->at_ns;
        if (!is_boot || *at_ns <= log->boot_end_ns)
            return true;
        /* The machine was gone before the rest of its boot. */
    }
    return false;
}

/* Past the next line, when it is there. What comes with an event is there as soon as it happened,
 * wherever the clock was set since. */
static bool step(struct instance_log *log, const struct history_event **event, size_t *line,
                 int64_t *at_ns)
{
    if (!find_line(log, at_ns))
        return false;
    *event = log->events[log->event];
    if (*at_ns > log->now_ns && *at_ns > (*event)->at_ns)
        return false;
    *line = log->line++;
    log->position = (*event)->number * LINES_PER_EVENT + log->line;
    return true;
}

static uint64_t skip(struct instance_log *log, uint64_t count)
{
    const struct history_event *event = NULL;
    size_t line = 0;
    int64_t at_ns = 0;
    uint64_t skipped = 0;
    while (skipped < count && step(log, &event, &line, &at_ns))
        skipped++;
    return skipped;
}

void instance_log_tail(struct instance_log *log, uint64_t count)
{
    struct instance_log start = *log;
    uint64_t total = skip(log, UINT64_MAX);
    if (count == 0)
        return;
    *log = start;
    (void)skip(log, total > count ? total - count : 0);
}

void instance_log_seek(struct instance_log *log, uint64_t position)
{
    uint64_t number = position / LINES_PER_EVENT;
    while (log->event < log->event_count && log->events[log->event]->number < number) {
        log->event++;
        log->line = 0;
    }
    if (log->event < log->event_count && log->events[log->event]->number == number)
        log->line = (size_t)(position % LINES_PER_EVENT);
    log->position = position;
}

bool instance_log_next(struct instance_log *log, struct log_line *out)
{
    const struct history_event *event = NULL;
    size_t line = 0;
    int64_t at_ns = 0;
    if (!step(log, &event, &line, &at_ns))
        return false;
    *out = (struct log_line){ .at_ns = at_ns };
    sources[log->source].write(log, event, line, out);
    return true;
}

int64_t instance_log_next_ns(const struct instance_log *log)
{
    struct instance_log at = *log;
    int64_t at_ns = 0;
    return find_line(&at, &at_ns) ? at_ns : INT64_MAX;
}
