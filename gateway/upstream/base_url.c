#include "gateway/upstream/base_url.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/base/text.h"

static void curl_url_scope_end(CURLU **url)
{
    curl_url_cleanup(*url);
}

/* curl_free is the only safe way back for what curl handed out. */
static void drop(char **text)
{
    curl_free(*text);
    *text = NULL;
}

void base_url_fini(struct base_url *base)
{
    curl_url_cleanup(base->parsed);
    base->parsed = NULL;
    drop(&base->url);
    free(base->socket);
    base->socket = NULL;
    drop(&base->prefix);
    drop(&base->user);
    drop(&base->password);
}

static bool refuse(const char *text, const char *why, struct error *err)
{
    /* Whatever stands before an '@' may be a password, even in a URL that does not parse. */
    bool may_hold_credentials = strchr(text, '@') != NULL;
    return error_set(
        err, ERROR_INVALID_ARGUMENT,
        "the upstream URL %.200s: %s; expected http://HOST[:PORT][/PREFIX], https:// or unix:PATH",
        may_hold_credentials ? "(not shown, it may hold a password)" : text, why);
}

/* A part the URL may lack; true also when it does. */
static bool optional_part(CURLU *url, CURLUPart part, unsigned flags, char **out, CURLUcode absent)
{
    CURLUcode code = curl_url_get(url, part, out, flags);
    return code == CURLUE_OK || code == absent;
}

static bool is_http(CURLU *url)
{
    char *scheme = NULL;
    bool yes = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
               (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    return yes;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *value = NULL;
    bool yes = curl_url_get(url, part, &value, 0) == CURLUE_OK;
    curl_free(value);
    return yes;
}

static void cut_slashes(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        text[--len] = '\0';
}

static bool take_apart(CURLU *url, struct base_url *out)
{
    if (!optional_part(url, CURLUPART_USER, CURLU_URLDECODE, &out->user, CURLUE_NO_USER) ||
        !optional_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE, &out->password,
                       CURLUE_NO_PASSWORD) ||
        curl_url_get(url, CURLUPART_PATH, &out->prefix, 0) != CURLUE_OK)
        return false;

    cut_slashes(out->prefix);
    bool done = curl_url_set(url, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
                curl_url_set(url, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
                curl_url_set(url, CURLUPART_PATH, "/", 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_URL, &out->url, 0) == CURLUE_OK;
    if (done)
        cut_slashes(out->url);
    return done;
}

static bool parse_url(const char *text, struct base_url *out, struct error *err)
{

    SCOPED(curl_url) CURLU *url = curl_url();
    if (url == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");

    CURLUcode code = curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS);
    if (code == CURLUE_OUT_OF_MEMORY)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (code == CURLUE_BAD_SCHEME || code == CURLUE_UNSUPPORTED_SCHEME ||
        (code == CURLUE_OK && !is_http(url)))
        return refuse(text, "it does not start with http:// or https://", err);
    if (code != CURLUE_OK)
        return refuse(text, curl_url_strerror(code), err);
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return refuse(text, "it must not hold a query or a fragment", err);

    if (!take_apart(url, out)) {
        base_url_fini(out);
        return refuse(text, "its user, password or path cannot be decoded", err);
    }
    out->parsed = TAKE(url);
    return true;
}

/* The path is the rest, whatever it holds: no prefix, no credentials. */
static bool parse_socket(const char *text, const char *path, struct base_url *out,
                         struct error *err)
{
    const size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (path[0] == '\0' || strlen(path) > max)
        return refuse(text, "a socket's path has 1 to 107 bytes", err);
    if (!parse_url("http://localhost", out, err))
        return false;
    out->socket = strdup(path);
    if (out->socket != NULL)
        return true;
    base_url_fini(out);
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool base_url_parse(const char *text, struct base_url *out, struct error *err)
{
    const struct text scheme = TEXT("unix:");
    *out = (struct base_url){ 0 };
    if (text == NULL || text[0] == '\0')
        return refuse("", "it is empty", err);
    if (text_starts_with(text_of(text), scheme))
        return parse_socket(text, text + scheme.len, out, err);
    return parse_url(text, out, err);
}
