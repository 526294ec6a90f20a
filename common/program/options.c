#include "common/program/options.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "common/base/text.h"
#include "common/json/go_duration.h"
#include "common/json/json_document.h"

enum { ENV_NAME_MAX = 128, HELP_MAX = 64 * 1024 };

static size_t spec_count(const struct options_program *program)
{
    size_t count = 0;
    while (program->specs[count].name != NULL)
        count++;
    assert(count <= OPTIONS_MAX);
    return count;
}

/* The row of that name, spec_count() when there is none. */
static size_t find_spec(const struct options_program *program, struct text name)
{
    size_t i = 0;
    while (program->specs[i].name != NULL && !text_equal_cstr(name, program->specs[i].name))
        i++;
    return i;
}

static const char *fallback(const struct options_program *program, const struct option_spec *spec)
{
    const struct option_default *other = program->defaults;

    while (other != NULL && other->name != NULL && strcmp(other->name, spec->name) != 0)
        other++;
    return other == NULL || other->name == NULL ? spec->fallback : other->fallback;
}

static const char *env_name(const struct options_program *program, const char *name,
                            char out[static ENV_NAME_MAX])
{
    int len = snprintf(out, ENV_NAME_MAX, "%s_%s", program->env_prefix, name);
    assert(len > 0 && len < ENV_NAME_MAX);
    for (char *c = out + strlen(program->env_prefix); *c != '\0'; c++)
        *c = *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    return out;
}

static const char *env_value(const struct options_program *program, const char *name)
{
    char variable[ENV_NAME_MAX];
    const char *value = getenv(env_name(program, name, variable));
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* ---- reading the command line ---- */

static bool unknown_option(const struct options_program *program, const char *dashes,
                           struct text name, struct error *err)
{
    const char *candidates[OPTIONS_MAX + 3];
    size_t count = spec_count(program);
    for (size_t i = 0; i < count; i++)
        candidates[i] = program->specs[i].name;
    if (dashes[0] != '\0') {
        candidates[count++] = "help";
        candidates[count++] = "version";
    }
    candidates[count] = NULL;
    char word[64];
    snprintf(word, sizeof word, TEXT_FMT, TEXT_ARGS(name));
    const char *near = text_nearest(word, candidates);
    return error_set(err, ERROR_INVALID_ARGUMENT, "unknown option %s" TEXT_FMT "%s%s%s%s", dashes,
                     TEXT_ARGS(name), near == NULL ? "" : "; did you mean ",
                     near == NULL ? "" : dashes, near == NULL ? "" : near, near == NULL ? "" : "?");
}

static bool give(struct options *out, size_t spec, const char *value, struct error *err)
{
    if (out->given_count == OPTIONS_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT, "more than %d options", OPTIONS_MAX);
    out->given[out->given_count].spec = spec;
    out->given[out->given_count++].value = value;
    return true;
}

/* One option; *next is the argument after it and is consumed when it is the value. */
static bool read_option(const struct options_program *program, const char *arg, char *const **next,
                        struct options *out, struct error *err)
{
    const char *equals = strchr(arg, '=');
    struct text name = { arg, equals == NULL ? strlen(arg) : (size_t)(equals - arg) };
    size_t i = find_spec(program, name);
    const struct option_spec *spec = &program->specs[i];
    if (spec->name == NULL)
        return unknown_option(program, "--", name, err);
    if (spec->value == NULL)
        return equals == NULL ? give(out, i, "true", err)
                              : error_set(err, ERROR_INVALID_ARGUMENT,
                                          "--%s is a switch and takes no value", spec->name);
    if (equals != NULL)
        return give(out, i, equals + 1, err);
    /* "--listen --vivify" is a forgotten value, not an address called --vivify. */
    if (**next == NULL || strncmp(**next, "--", 2) == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "--%s needs a value: --%s %s", spec->name,
                         spec->name, spec->value);
    return give(out, i, *(*next)++, err);
}

static bool is_one_of(const char *value, const char *const *names)
{
    while (*names != NULL && !text_equal_nocase(text_of(value), text_of(*names)))
        names++;
    return *names != NULL;
}

static bool is_yes(const char *value)
{
    return is_one_of(value, (const char *const[]){ "1", "true", "yes", "on", NULL });
}

static bool is_no(const char *value)
{
    return is_one_of(value, (const char *const[]){ "0", "false", "no", "off", NULL });
}

static bool check_switches(const struct options *o, struct error *err)
{
    for (const struct option_spec *spec = o->program->specs; spec->name != NULL; spec++) {
        const char *value = spec->value == NULL ? options_text(o, spec->name) : NULL;
        if (value != NULL && !is_yes(value) && !is_no(value))
            return options_complain(o, spec->name, err, "must be true or false, not \"%s\"", value);
    }
    return true;
}

static void print_help(const struct options_program *program, struct buffer *text)
{
    buffer_appendf(text, "Usage: %s [options]%s%s\n\n%s\n\nOptions:\n", program->name,
                   program->operands == NULL ? "" : " -- ",
                   program->operands == NULL ? "" : program->operands, program->summary);
    for (const struct option_spec *spec = program->specs; spec->name != NULL; spec++) {
        char variable[ENV_NAME_MAX];
        buffer_appendf(text, "  --%s%s%s\n        %s\n        [%s", spec->name,
                       spec->value == NULL ? "" : " ", spec->value == NULL ? "" : spec->value,
                       spec->help, env_name(program, spec->name, variable));
        const char *value = fallback(program, spec);
        if (value != NULL)
            buffer_appendf(text, ", default %s", value);
        buffer_append_cstr(text, "]\n");
    }
    buffer_append_cstr(text, "  --help\n        print this and exit\n"
                             "  --version\n        print the version and exit\n\n"
                             "A flag beats its environment variable, which beats the default.\n");
}

static void unexpected(const struct options_program *program, const char *arg, struct error *err)
{
    if (program->operands == NULL)
        error_set(err, ERROR_INVALID_ARGUMENT,
                  "unexpected argument \"%s\"; every option is written --name", arg);
    else
        error_set(err, ERROR_INVALID_ARGUMENT,
                  "unexpected argument \"%s\"; write -- in front of %s", arg, program->operands);
}

enum options_outcome options_read(const struct options_program *program, int argc,
                                  char *const *argv, struct options *out, struct buffer *text,
                                  struct error *err)
{
    *out = (struct options){ .program = program };
    char *const *next = argc > 0 ? argv + 1 : argv;
    while (*next != NULL) {
        const char *arg = *next++;
        if (strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0) {
            print_help(program, text);
            return OPTIONS_EXIT_OK;
        }
        if (strcmp(arg, "--version") == 0) {
            buffer_appendf(text, "%s %s\n", program->name, TESTKIT_VERSION);
            return OPTIONS_EXIT_OK;
        }
        bool ok = false;
        if (strcmp(arg, "--") == 0 && (*next == NULL || program->operands != NULL))
            break;
        if (strncmp(arg, "--", 2) == 0 && arg[2] != '\0')
            ok = read_option(program, arg + 2, &next, out, err);
        else if (arg[0] == '-' && arg[1] != '\0' && arg[1] != '-')
            error_set(err, ERROR_INVALID_ARGUMENT, "unknown option %s; options are written --name",
                      arg);
        else
            unexpected(program, arg, err);
        if (!ok)
            return OPTIONS_EXIT_USAGE;
    }
    out->operands = next;
    return check_switches(out, err) ? OPTIONS_RUN : OPTIONS_EXIT_USAGE;
}

enum options_outcome options_parse(const struct options_program *program, int argc,
                                   char *const *argv, struct options *out)
{
    SCOPED(buffer) struct buffer text = buffer_capped(HELP_MAX);
    struct error err = { 0 };
    enum options_outcome outcome = options_read(program, argc, argv, out, &text, &err);
    if (outcome == OPTIONS_EXIT_OK)
        fwrite(text.data, 1, text.len, stdout);
    else if (outcome == OPTIONS_EXIT_USAGE)
        options_usage(program, &err);
    return outcome;
}

int options_usage(const struct options_program *program, const struct error *err)
{
    fprintf(stderr, "%s: %s (see --help)\n", program->name, err->message);
    return 2;
}

/* ---- reading a file ---- */

static bool file_value(struct options *o, size_t spec, const char *value, struct error *err)
{
    if (value == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the options");
    if (o->filed_count == OPTIONS_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT, "more than %d values", OPTIONS_MAX);
    o->filed[o->filed_count++] = (struct option_value){ spec, value };
    return true;
}

static bool read_value(struct options *o, size_t spec, json_t *value, struct arena *texts,
                       struct error *err)
{
    const bool is_switch = o->program->specs[spec].value == NULL;
    const char *name = o->program->specs[spec].name;
    if (is_switch && json_is_boolean(value))
        return file_value(o, spec, json_is_true(value) ? "true" : "false", err);
    if (!is_switch && json_is_integer(value))
        return file_value(
            o, spec, arena_printf(texts, "%" JSON_INTEGER_FORMAT, json_integer_value(value)), err);
    if (!is_switch && json_is_string(value)) {
        const struct text t = { json_string_value(value), json_string_length(value) };
        if (memchr(t.data, '\0', t.len) == NULL)
            return file_value(o, spec, arena_printf(texts, TEXT_FMT, TEXT_ARGS(t)), err);
    }
    return error_set_field(err, ERROR_INVALID_ARGUMENT, name, "%s must be %s", name,
                           is_switch ? "true or false" : "text or a whole number");
}

static bool read_member(struct options *o, const char *own, struct text name, json_t *value,
                        struct arena *texts, struct error *err)
{
    const size_t spec = find_spec(o->program, name);
    if (o->program->specs[spec].name == NULL)
        return unknown_option(o->program, "", name, err);
    if (text_equal_cstr(name, own))
        return error_set_field(err, ERROR_INVALID_ARGUMENT, own, "%s cannot name another file",
                               own);
    if (!json_is_array(value))
        return read_value(o, spec, value, texts, err);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!read_value(o, spec, json_array_get(value, i), texts, err))
            return false;
    return true;
}

bool options_load_file(struct options *o, const char *name, struct arena *texts, struct error *err)
{
    enum { FILE_MAX = 1 << 20 };
    json_auto_t *root = NULL;
    o->file = options_text(o, name);
    if (o->file == NULL)
        return true;
    if (!json_document_load_file(o->file, FILE_MAX, &root, err))
        return false;
    if (!json_is_object(root))
        return error_set(err, ERROR_INVALID_ARGUMENT, "%s: must be a JSON object", o->file);
    for (void *at = json_object_iter(root); at != NULL; at = json_object_iter_next(root, at)) {
        const struct text member = { json_object_iter_key(at), json_object_iter_key_len(at) };
        if (!read_member(o, name, member, json_object_iter_value(at), texts, err))
            return error_prefix(err, "%s: ", o->file);
    }
    return true;
}

/* ---- values ---- */

static size_t known_spec(const struct options *o, const char *name)
{
    size_t spec = find_spec(o->program, text_of(name));
    assert(o->program->specs[spec].name != NULL);
    return spec;
}

enum origin { ORIGIN_FLAG, ORIGIN_ENVIRONMENT, ORIGIN_FILE, ORIGIN_DEFAULT };

/* Where the values in force stand, and how many. */
struct source {
    enum origin origin;
    size_t count;
    const char *only; /* of environment and default; may be NULL */
};

static size_t count_values(const struct option_value *values, size_t count, size_t spec)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += values[i].spec == spec;
    return found;
}

static struct source find_source(const struct options *o, size_t spec)
{
    const char *from_env = env_value(o->program, o->program->specs[spec].name);
    const size_t given = count_values(o->given, o->given_count, spec);
    const size_t filed = count_values(o->filed, o->filed_count, spec);
    if (given > 0)
        return (struct source){ ORIGIN_FLAG, given, NULL };
    if (from_env != NULL)
        return (struct source){ ORIGIN_ENVIRONMENT, 1, from_env };
    if (filed > 0)
        return (struct source){ ORIGIN_FILE, filed, NULL };
    return (struct source){ ORIGIN_DEFAULT, 1, fallback(o->program, &o->program->specs[spec]) };
}

static const char *nth_value(const struct options *o, const struct source *source, size_t spec,
                             size_t n)
{
    const struct option_value *values = source->origin == ORIGIN_FLAG ? o->given : o->filed;
    if (n >= source->count)
        return NULL;
    if (source->origin == ORIGIN_ENVIRONMENT || source->origin == ORIGIN_DEFAULT)
        return source->only;
    for (size_t seen = 0;; values++)
        if (values->spec == spec && seen++ == n)
            return values->value;
}

const char *options_nth(const struct options *o, const char *name, size_t n)
{
    const size_t spec = known_spec(o, name);
    const struct source source = find_source(o, spec);
    return nth_value(o, &source, spec, n);
}

const char *options_text(const struct options *o, const char *name)
{
    const size_t spec = known_spec(o, name);
    const struct source source = find_source(o, spec);
    return nth_value(o, &source, spec, source.count - 1);
}

bool options_switch(const struct options *o, const char *name)
{
    const char *value = options_text(o, name);
    return value != NULL && is_yes(value);
}

bool options_complain(const struct options *o, const char *name, struct error *err,
                      const char *format, ...)
{
    char problem[sizeof err->message];
    va_list values;
    va_start(values, format);
    vsnprintf(problem, sizeof problem, format, values);
    va_end(values);
    char variable[ENV_NAME_MAX];
    switch (find_source(o, known_spec(o, name)).origin) {
    case ORIGIN_ENVIRONMENT:
        return error_set_field(err, ERROR_INVALID_ARGUMENT, name, "%s %s",
                               env_name(o->program, name, variable), problem);
    case ORIGIN_FILE:
        return error_set_field(err, ERROR_INVALID_ARGUMENT, name, "%s: %s %s", o->file, name,
                               problem);
    default:
        return error_set_field(err, ERROR_INVALID_ARGUMENT, name, "--%s %s", name, problem);
    }
}

static struct text required_text(const struct options *o, const char *name)
{
    const char *value = options_text(o, name);
    assert(value != NULL);
    return text_of(value);
}

bool options_duration(const struct options *o, const char *name, int64_t *out_ns, struct error *err)
{
    struct text value = required_text(o, name);
    struct error why = { 0 };
    int64_t ns;
    if (!go_duration_parse(value, &ns, &why) || ns < 0)
        return options_complain(
            o, name, err, "must be a duration such as 250ms, 5s or 1h30m, not \"%s\"", value.data);
    *out_ns = ns;
    return true;
}

bool options_i64(const struct options *o, const char *name, int64_t min, int64_t max, int64_t *out,
                 struct error *err)
{
    struct text value = required_text(o, name);
    int64_t number;
    if (!text_parse_i64(value, &number) || number < min || number > max)
        return options_complain(o, name, err,
                                "must be a whole number from %lld to %lld, not \"%s\"",
                                (long long)min, (long long)max, value.data);
    *out = number;
    return true;
}

bool options_choice(const struct options *o, const char *name, const char *const *names,
                    size_t *out, struct error *err)
{
    struct text value = required_text(o, name);
    char list[256] = "";
    size_t len = 0;
    for (size_t i = 0; names[i] != NULL; i++) {
        if (text_equal_cstr(value, names[i])) {
            *out = i;
            return true;
        }
        const char *before = i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ";
        int n = snprintf(list + len, sizeof list - len, "%s%s", before, names[i]);
        len += n < 0 ? 0 : (size_t)n;
        if (len >= sizeof list)
            len = sizeof list - 1;
    }
    return options_complain(o, name, err, "must be %s, not \"%s\"", list, value.data);
}

static bool parse_listen(struct text value, struct listen_address *out)
{
    const char *colon = value.len == 0 ? NULL : memrchr(value.data, ':', value.len);
    if (colon == NULL)
        return false;
    struct text host = { value.data, (size_t)(colon - value.data) };
    struct text port = { colon + 1, value.len - host.len - 1 };
    uint64_t number;
    bool bracketed = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (bracketed)
        host = (struct text){ host.data + 1, host.len - 2 };
    if (host.len == 0 || host.len >= sizeof out->host || !text_parse_u64(port, &number) ||
        number > UINT16_MAX)
        return false;
    struct listen_address address = { .port = (uint16_t)number };
    memcpy(address.host, host.data, host.len);
    /* Brackets belong to IPv6 addresses, which alone have colons; a '/' means a whole URL. */
    if ((strchr(address.host, ':') != NULL) != bracketed || strpbrk(address.host, "[]/ ") != NULL)
        return false;
    *out = address;
    return true;
}

bool options_listen(const struct options *o, const char *name, struct listen_address *out,
                    struct error *err)
{
    struct text value = required_text(o, name);
    if (parse_listen(value, out))
        return true;
    return options_complain(
        o, name, err,
        "must be HOST:PORT, as 127.0.0.1:8080 or [::1]:0 (0: any free port), not \"%s\"",
        value.data);
}

bool options_listen_or_path(const struct options *o, const char *name, struct listen_address *out,
                            struct error *err)
{
    const struct text scheme = TEXT("unix:");
    struct text value = required_text(o, name);
    if (!text_starts_with(value, scheme))
        return options_listen(o, name, out, err);
    *out = (struct listen_address){ .path = value.data + scheme.len };
    return true;
}

bool listen_address_is_local(const struct listen_address *address)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (address->path != NULL || strcmp(address->host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, address->host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
    return inet_pton(AF_INET6, address->host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}
