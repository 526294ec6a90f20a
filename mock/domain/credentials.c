#include "mock/domain/credentials.h"

#include <string.h>

#include "mock/domain/go_quote.h"
#include "mock/domain/record_list.h"

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

/* --- many credentials, and what they have in common --------------------------------------- */

typedef struct text name_of(const struct credential *credential);

static struct text own_name(const struct credential *credential)
{
    return trimmed(credential->name);
}

static struct text variable_name(const struct credential *credential)
{
    return trimmed(credential->source_env);
}

/* Of equals the one given first comes first. */
static int compare(const void *a, const void *b, name_of *name)
{
    const struct credential *left = *(const struct credential *const *)a;
    const struct credential *right = *(const struct credential *const *)b;
    int order = text_compare(name(left), name(right));
    return order != 0 ? order : (left > right) - (left < right);
}

static int by_own_name(const void *a, const void *b)
{
    return compare(a, b, own_name);
}

static int by_variable(const void *a, const void *b)
{
    return compare(a, b, variable_name);
}

/* All of them in order; one request may have tens of thousands. Owned: record_list_fini(). */
static bool sort_credentials(const struct mem *mem, const struct instance_config *config,
                             int (*order)(const void *, const void *), struct record_list *out,
                             struct error *err)
{
    for (size_t i = 0; i < config->credential_count; i++) {
        if (!record_list_add(out, mem, &config->credentials[i]))
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
    }
    record_list_sort(out, order);
    return true;
}

/* The first that is called as one before it; NULL when none is. */
static const struct credential *first_namesake(const struct record_list *by_name)
{
    const struct credential *first = NULL;
    for (size_t i = 1; i < by_name->count; i++) {
        const struct credential *credential = by_name->items[i];
        if (text_equal(own_name(credential), own_name(by_name->items[i - 1])) &&
            (first == NULL || credential < first))
            first = credential;
    }
    return first;
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

static bool check_content(const struct credential *credential, bool is_namesake, struct error *err)
{
    struct text name = own_name(credential);
    if (name.len == 0)
        return REFUSE(err, "credentials key must be non-empty");

    struct go_quoted key = go_quote(name);
    if (is_namesake)
        return REFUSE(err, "duplicate credentials key %s after normalization", key.text);
    if (is_blank(credential->source_env))
        return REFUSE(err, "credentials[%s].source.env is required", key.text);
    for (size_t i = 0; i < credential->inject_count; i++) {
        if (!check_injection(key, i, &credential->inject[i], err))
            return false;
    }
    return true;
}

static bool check_contents(const struct mem *mem, const struct instance_config *config,
                           struct error *err)
{
    struct record_list by_name = { 0 };
    bool good = sort_credentials(mem, config, by_own_name, &by_name, err);
    const struct credential *namesake = good ? first_namesake(&by_name) : NULL;
    for (size_t i = 0; good && i < config->credential_count; i++) {
        const struct credential *credential = &config->credentials[i];
        good = check_content(credential, credential == namesake, err);
    }
    record_list_fini(&by_name, mem);
    return good;
}

static bool check_binding(const struct instance_config *config, const struct credential *credential,
                          struct error *err)
{
    struct go_quoted key = go_quote(own_name(credential));
    struct text variable = variable_name(credential);
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

bool credentials_check(const struct mem *mem, const struct instance_config *config,
                       struct error *err)
{
    if (!check_contents(mem, config, err))
        return false;
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

static bool is_variable(const struct record_list *by_name, struct text name)
{
    size_t low = 0;
    size_t high = by_name->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(name, variable_name(by_name->items[middle]));
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static struct words all_variables(const struct record_list *by_name)
{
    struct words words = { .count = 0 };
    struct text before = { 0 };
    for (size_t i = 0; i < by_name->count; i++) {
        struct text variable = variable_name(by_name->items[i]);
        if (i == 0 || !text_equal(variable, before))
            add_word(&words, variable);
        before = variable;
    }
    return words;
}

static bool check_keys(const struct record_list *by_name, struct pair_list env, struct error *err)
{
    struct words bad = { .count = 0 };
    for (size_t i = 0; i < env.count; i++) {
        if (!is_variable(by_name, env.items[i].key))
            add_word(&bad, env.items[i].key);
    }
    if (bad.count == 0)
        return true;
    struct words allowed = all_variables(by_name);
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "env",
                           "invalid request: env keys [%.*s] are not credential source env vars; "
                           "allowed keys: [%.*s]",
                           (int)bad.len, bad.text, (int)allowed.len, allowed.text);
}

bool credentials_check_update(const struct mem *mem, const struct instance_config *config,
                              struct pair_list env, struct error *err)
{
    struct record_list by_name = { 0 };
    if (config->credential_count == 0 || !config->network.egress_enabled)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "env",
                               "invalid request: instance has no credential-backed env vars to "
                               "update");
    bool good =
        sort_credentials(mem, config, by_variable, &by_name, err) && check_keys(&by_name, env, err);
    record_list_fini(&by_name, mem);
    return good;
}
