#include "gateway/metrics/process_stats.h"

#include <dirent.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/text.h"
#include "common/program/read_file.h"
#include "gateway/metrics/metrics.h"

enum { PROC_FILE_MAX = 256 << 10 };

/* Numbers of /proc/self/stat, counted as proc(5) does. */
enum stat_field {
    STAT_STATE = 3,
    STAT_UTIME = 14,
    STAT_STIME,
    STAT_START = 22,
    STAT_VSIZE,
    STAT_RSS
};

struct stat_numbers {
    uint64_t at[STAT_RSS + 1];
};

static bool read_stat(struct stat_numbers *out)
{
    SCOPED(buffer) struct buffer file = buffer_capped(0);
    struct error ignored = { 0 };
    if (!read_file("/proc/self/stat", PROC_FILE_MAX, &file, &ignored))
        return false;
    /* The name, in parentheses, may hold anything; after it there are only numbers. */
    struct text rest = buffer_text(&file);
    while (rest.len > 0 && rest.data[rest.len - 1] != ')')
        rest.len--;
    const size_t name_end = rest.len;
    rest = buffer_text(&file);
    rest = (struct text){ rest.data + name_end, rest.len - name_end };
    (void)text_split(&rest, ' ');
    for (size_t field = STAT_STATE; field <= STAT_RSS; field++) {
        const struct text word = text_split(&rest, ' ');
        if (!text_parse_u64(word, &out->at[field]))
            out->at[field] = 0; /* a letter, or below zero: none that is shown */
    }
    return rest.len > 0;
}

/* When the system started, in seconds since 1970; 0 when it does not say. */
static uint64_t boot_time(void)
{
    SCOPED(buffer) struct buffer file = buffer_capped(0);
    struct error ignored = { 0 };
    uint64_t seconds = 0;
    if (!read_file("/proc/stat", PROC_FILE_MAX, &file, &ignored))
        return 0;
    struct text rest = buffer_text(&file);
    while (rest.len > 0) {
        struct text line = text_split(&rest, '\n');
        if (text_equal_cstr(text_split(&line, ' '), "btime") && text_parse_u64(line, &seconds))
            return seconds;
    }
    return 0;
}

static void write_from_stat(struct buffer *out)
{
    struct stat_numbers stat;
    const double per_second = (double)sysconf(_SC_CLK_TCK);
    const uint64_t booted = boot_time();
    if (!read_stat(&stat))
        return;
    metrics_write_value(out, "process_cpu_seconds_total", METRICS_COUNTER,
                        "User and system time spent.",
                        (double)(stat.at[STAT_UTIME] + stat.at[STAT_STIME]) / per_second);
    metrics_write_value(out, "process_virtual_memory_bytes", METRICS_GAUGE, "Size of the process.",
                        (double)stat.at[STAT_VSIZE]);
    metrics_write_value(out, "process_resident_memory_bytes", METRICS_GAUGE, "Of it in memory.",
                        (double)stat.at[STAT_RSS] * (double)sysconf(_SC_PAGESIZE));
    if (booted > 0)
        metrics_write_value(out, "process_start_time_seconds", METRICS_GAUGE,
                            "When it started, since 1970.",
                            (double)booted + (double)stat.at[STAT_START] / per_second);
}

static void write_descriptors(struct buffer *out)
{
    struct rlimit limit;
    DIR *folder = opendir("/proc/self/fd");
    if (folder != NULL) {
        double count = -3; /* ".", ".." and the folder itself */
        while (readdir(folder) != NULL)
            count++;
        closedir(folder);
        metrics_write_value(out, "process_open_fds", METRICS_GAUGE, "Descriptors in use.", count);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metrics_write_value(out, "process_max_fds", METRICS_GAUGE, "Descriptors there may be.",
                            (double)limit.rlim_cur);
}

void process_stats_write(struct buffer *out)
{
    write_from_stat(out);
    write_descriptors(out);
}
