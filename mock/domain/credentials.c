#include "mock/domain/credentials.h"

#include <string.h>

#include "mock/domain/go_quote.h"

#define REFUSE(err, ...)                                                                           \
    error_set_field((err), ERROR_INVALID_ARGUMENT, "credentials", "invalid request: " __VA_ARGS__)

static bool is_blank_char(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct text trimmed(struct text t)
{
    while (t.len > 0 && is_blank_char(t.data[0]))
        t = (struct text){ t.data + 1, t.len - 1 };
    while (t.len > 0 && is_blank_char(t.data[t.len - 1]))
        t.len--;
    return t;
}

static bool is_blank(struct text t)
{
    return trimmed(t).len == 0;
}

static bool contains(struct text t, const char *part)
{
    return t.len > 0 && memmem(t.data, t.len, part, strlen(part)) != NULL;
}

/* --- host patterns: a host name, or "*." and a domain ------------------------------------ */

static bool is_label(struct text label)
{
    enum { LABEL_MAX = 63 };
    if (label.len == 0 || label.len > LABEL_MAX || label.data[0] == '-' ||
        label.data[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.data[i];
        bool good =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!good)
            return false;
    }
    return true;
}

static bool is_host_name(struct text host, size_t *labels)
{
    *labels = 0;
    for (struct text rest = host; rest.data != NULL; ++*labels) {
        if (!is_label(text_split(&rest, '.')))
            return false;
    }
    return true;
}

static bool is_ipv4(struct text host)
{
    for (size_t i = 0; i < host.len; i++) {
        if (host.data[i] != '.' && (host.data[i] < '0' || host.data[i] > '9'))
            return false;
    }
    return true;
}

/* NULL when the pattern is fine. */
static const char *host_pattern_fault(struct text pattern)
{
    struct text host = trimmed(pattern);
    if (host.len == 0)
        return "host is empty";
    if (contains(host, "/"))
        return "must not contain a scheme or a path";
    if (contains(host, ":"))
        return "must not contain a port";

    bool wildcard = text_starts_with(host, TEXT("*."));
    if (wildcard)
        host = (struct text){ host.data + 2, host.len - 2 };
    if (contains(host, "*"))
        return "a wildcard must be the whole first label, as in *.example.com";
    if (wildcard && host.len == 0)
        return "host is empty";

    size_t labels = 0;
    if (!is_host_name(host, &labels))
        return "not a valid hostname";
    if (wildcard && is_ipv4(host))
        return "a wildcard cannot stand before an IP address";
    if (wildcard && labels < 2)
        return "a wildcard needs a domain of at least two labels";
    return NULL;
}

/* --- contents ---------------------------------------------------------------------------- */

static bool check_hosts(struct go_quoted key, size_t index, struct text_list hosts,
                        struct error *err)
{
    for (size_t i = 0; i < hosts.count; i++) {
        const char *fault = host_pattern_fault(hosts.items[i]);
        if (fault != NULL)
            return REFUSE(err, "credentials[%s].inject[%zu].hosts: invalid host pattern %s: %s",
                          key.text, index, go_quote(hosts.items[i]).text, fault);
    }
    return true;
}

static bool check_injection(struct go_quoted key, size_t index,
                            const struct credential_injection *injection, struct error *err)
{
    if (is_blank(injection->header))
        return REFUSE(err, "credentials[%s].inject[%zu].as.header is required", key.text, index);
    if (is_blank(injection->format))
        return REFUSE(err, "credentials[%s].inject[%zu].as.format is required", key.text, index);
    if (!contains(injection->format, "${value}"))
        return REFUSE(err, "credentials[%s].inject[%zu].as.format must include ${value}", key.text,
                      index);
    return check_hosts(key, index, injection->hosts, err);
}

static bool check_content(const struct instance_config *config, size_t index, struct error *err)
{
    const struct credential *credential = &config->credentials[index];
    struct text name = trimmed(credential->name);
    if (name.len == 0)
        return REFUSE(err, "credentials key must be non-empty");

    struct go_quoted key = go_quote(name);
    for (size_t i = 0; i < index; i++) {
        if (text_equal(trimmed(config->credentials[i].name), name))
            return REFUSE(err, "duplicate credentials key %s after normalization", key.text);
    }
    if (is_blank(credential->source_env))
        return REFUSE(err, "credentials[%s].source.env is required", key.text);
    for (size_t i = 0; i < credential->inject_count; i++) {
        if (!check_injection(key, i, &credential->inject[i], err))
            return false;
    }
    return true;
}

static bool check_binding(const struct instance_config *config, const struct credential *credential,
                          struct error *err)
{
    struct go_quoted key = go_quote(trimmed(credential->name));
    struct text variable = trimmed(credential->source_env);
    const struct text *value = pairs_find(config->env, variable);
    if (value == NULL)
        return REFUSE(err, "credentials[%s].source.env %s must be present in env", key.text,
                      go_quote(variable).text);
    if (is_blank(*value))
        return REFUSE(err, "env var %s must be non-empty when referenced by credentials[%s]",
                      go_quote(variable).text, key.text);
    return true;
}

bool credentials_check_env(const struct instance_config *config, struct error *err)
{
    for (size_t i = 0; i < config->credential_count; i++) {
        if (!check_binding(config, &config->credentials[i], err))
            return false;
    }
    return true;
}

bool credentials_check(const struct instance_config *config, struct error *err)
{
    for (size_t i = 0; i < config->credential_count; i++) {
        if (!check_content(config, i, err))
            return false;
    }
    if (config->credential_count > 0 && !config->network.egress_enabled)
        return REFUSE(err, "credentials require network.egress.enabled=true");
    return credentials_check_env(config, err);
}

/* --- updates ------------------------------------------------------------------------------ */

/* Words separated by blanks; what does not fit is only counted. */
struct words {
    char text[400];
    size_t len;
    size_t count;
};

static void add_word(struct words *words, struct text word)
{
    size_t gap = words->count++ > 0 ? 1 : 0;
    if (words->len + gap + word.len > sizeof words->text)
        return;
    if (gap > 0)
        words->text[words->len++] = ' ';
    memcpy(words->text + words->len, word.data, word.len);
    words->len += word.len;
}

/* The smallest variable that credentials name and that comes after the given one; data NULL at the
 * end. */
static struct text next_variable(const struct instance_config *config, struct text after)
{
    struct text next = { 0 };
    for (size_t i = 0; i < config->credential_count; i++) {
        struct text variable = trimmed(config->credentials[i].source_env);
        if (text_compare(variable, after) > 0 &&
            (next.data == NULL || text_compare(variable, next) < 0))
            next = variable;
    }
    return next;
}

static bool is_variable(const struct instance_config *config, struct text name)
{
    for (size_t i = 0; i < config->credential_count; i++) {
        if (text_equal(trimmed(config->credentials[i].source_env), name))
            return true;
    }
    return false;
}

bool credentials_check_update(const struct instance_config *config, struct pair_list env,
                              struct error *err)
{
    struct words bad = { .count = 0 };
    struct words allowed = { .count = 0 };
    if (config->credential_count == 0 || !config->network.egress_enabled)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "env",
                               "invalid request: instance has no credential-backed env vars to "
                               "update");
    for (size_t i = 0; i < env.count; i++) {
        if (!is_variable(config, env.items[i].key))
            add_word(&bad, env.items[i].key);
    }
    if (bad.count == 0)
        return true;
    struct text variable = next_variable(config, TEXT(""));
    for (; variable.data != NULL; variable = next_variable(config, variable))
        add_word(&allowed, variable);
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "env",
                           "invalid request: env keys [%.*s] are not credential source env vars; "
                           "allowed keys: [%.*s]",
                           (int)bad.len, bad.text, (int)allowed.len, allowed.text);
}
