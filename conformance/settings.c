#include "conformance/settings.h"

#include <stdio.h>

const struct option_spec settings_specs[] = {
    { "rest", "URL", NULL, "the server to check; without it a hypeman-mock of its own" },
    { "token", "TOKEN", NULL,
      "sent as a bearer token; without it one made with the secret, or any text" },
    { "jwt-secret-file", "FILE", NULL,
      "the server's HMAC secret, for scenarios that make tokens; a final newline is cut" },
    { "truth", "spec|server", "spec",
      "where they disagree: hold the server to what the API description promises, or to what the "
      "real server sends" },
    { "grpc", "HOST:PORT", NULL,
      "where the same server is reached by gRPC; without it a hypeman-gateway of its own" },
    { "via", "rest,grpc,both", NULL,
      "how the scenarios reach the server: by rest, by grpc, or by both in twin worlds of a mock, "
      "whose answers and final states are compared; default all, or what --rest and "
      "--grpc give" },
    { "select", "GLOB", NULL, "only scenarios whose id fits, such as 'snapshots/**'; repeatable" },
    { "replay", "ID", NULL, "only this scenario, with each exchange shown" },
    { "known-failing", "FILE", NULL, "lines of GLOB [until:YYYY-MM-DD] REASON that are excused" },
    { "report", "KIND=FILE", NULL,
      "write a report: json, junit, tap, html or badge; FILE - is standard output; repeatable" },
    { "jobs", "N", "4", "how many scenarios are played at a time" },
    { "budget", "DURATION", "10m",
      "real time that scenarios may take where no clock can be moved" },
    { "deadline", "DURATION", "15s", "longest wait for one answer" },
    { "image", "NAME", "docker.io/library/nginx:alpine", "what instances are made of" },
    { "read-only", NULL, NULL, "make nothing on the server" },
    { "cases", "FOLDER", NULL, "scenarios from a folder instead of the program's own" },
    { "all", NULL, NULL, "a line for each scenario, also for those that pass" },
    { "list", NULL, NULL, "print the ids and titles of the scenarios, and end" },
    { "rules", NULL, NULL,
      "print which rules of the contract are tested, excluded or open, and end" },
    { 0 },
};

/* KIND=FILE */
static bool read_report(const struct options *o, const char *value, struct report_wish *out,
                        struct error *err)
{
    const char *names[REPORTS_MAX] = { 0 };
    struct text path = text_of(value);
    struct text kind = text_split(&path, '=');

    for (size_t i = 0; file_reporters[i].name != NULL; i++) {
        names[i] = file_reporters[i].name;
        if (text_equal_cstr(kind, names[i]))
            out->reporter = &file_reporters[i];
    }
    out->path = path.data;
    if (out->reporter != NULL && path.len > 0)
        return true;
    char word[16];
    (void)snprintf(word, sizeof word, TEXT_FMT, TEXT_ARGS(kind));
    const char *near = out->reporter == NULL ? text_nearest(word, names) : NULL;
    return options_complain(
        o, "report", err,
        "must be KIND=FILE with json, junit, tap, html or badge, not \"%s\"%s%s%s", value,
        near == NULL ? "" : "; did you mean ", near == NULL ? "" : near, near == NULL ? "" : "?");
}

static bool read_reports(const struct options *o, struct settings *out, struct error *err)
{
    const char *value;

    while ((value = options_nth(o, "report", out->report_count)) != NULL) {
        if (out->report_count == REPORTS_MAX)
            return options_complain(o, "report", err, "may be given %d times", REPORTS_MAX);
        if (!read_report(o, value, &out->reports[out->report_count++], err))
            return false;
    }
    return true;
}

static bool read_selects(const struct options *o, struct plan_wishes *out, struct error *err)
{
    const char *value;

    while ((value = options_nth(o, "select", out->select_count)) != NULL) {
        if (out->select_count == SELECTS_MAX)
            return options_complain(o, "select", err, "may be given %d times", SELECTS_MAX);
        out->selects[out->select_count++] = value;
    }
    value = options_text(o, "replay");
    if (value == NULL)
        return true;
    if (out->select_count > 0)
        return options_complain(o, "replay", err, "is one scenario, so --select has no meaning");
    out->selects[out->select_count++] = value;
    return true;
}

static bool read_vias(const struct options *o, struct plan_wishes *out, struct error *err)
{
    struct text rest = text_of(options_text(o, "via"));

    if (rest.data == NULL) {
        out->vias[VIA_REST] = true;
        out->vias[VIA_BOTH] = options_text(o, "rest") == NULL;
        out->vias[VIA_GRPC] = out->vias[VIA_BOTH] || options_text(o, "grpc") != NULL;
    }
    while (rest.data != NULL) {
        const struct text name = text_split(&rest, ',');
        size_t via = 0;
        while (via < VIA_COUNT && !text_equal_cstr(name, via_names[via]))
            via++;
        if (via == VIA_COUNT)
            return options_complain(o, "via", err, "must be of rest, grpc and both, with commas");
        out->vias[via] = true;
    }
    return true;
}

/* The control API and what the server can do are asked by REST. */
static bool read_grpc(const struct options *o, struct settings *out, struct error *err)
{
    out->grpc = options_text(o, "grpc");
    if (out->grpc == NULL)
        return true;
    if (out->rest == NULL)
        return options_complain(o, "grpc", err, "needs --rest with the same server's URL");
    return out->wishes.vias[VIA_GRPC] || out->wishes.vias[VIA_BOTH] ||
           options_complain(o, "grpc", err, "has no meaning without grpc in --via");
}

static bool read_url(const struct options *o, struct settings *out, struct error *err)
{
    struct text url = text_of(out->rest = options_text(o, "rest"));

    if (out->rest == NULL ||
        ((text_starts_with(url, TEXT("http://")) || text_starts_with(url, TEXT("https://"))) &&
         url.data[url.len - 1] != '/'))
        return true;
    return options_complain(o, "rest", err,
                            "must be a URL without a slash at its end: http://127.0.0.1:4973");
}

bool settings_read(const struct options *o, struct settings *out, struct error *err)
{
    enum { JOBS_MOST = 64 };
    size_t truth;
    int64_t jobs;

    *out = (struct settings){ .token = options_text(o, "token"),
                              .jwt_secret_file = options_text(o, "jwt-secret-file"),
                              .image = options_text(o, "image"),
                              .known_failing = options_text(o, "known-failing"),
                              .cases = options_text(o, "cases"),
                              .read_only = options_switch(o, "read-only"),
                              .list = options_switch(o, "list"),
                              .rules = options_switch(o, "rules") };
    out->replay = options_text(o, "replay") != NULL;
    out->all = out->replay || options_switch(o, "all");
    if (!read_url(o, out, err) || !options_choice(o, "truth", truth_names, &truth, err) ||
        !read_vias(o, &out->wishes, err) || !read_grpc(o, out, err) ||
        !read_selects(o, &out->wishes, err) || !read_reports(o, out, err) ||
        !options_i64(o, "jobs", 1, JOBS_MOST, &jobs, err) ||
        !options_duration(o, "budget", &out->wishes.budget_ns, err) ||
        !options_duration(o, "deadline", &out->deadline_ns, err))
        return false;
    out->wishes.truth = (enum truth)truth;
    out->jobs = (size_t)jobs;
    return out->deadline_ns > 0 || options_complain(o, "deadline", err, "must be above zero");
}
