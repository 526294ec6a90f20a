/* Where the upstream is, taken apart once at start. */
#ifndef TESTKIT_GATEWAY_UPSTREAM_BASE_URL_H
#define TESTKIT_GATEWAY_UPSTREAM_BASE_URL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"

struct base_url {
    CURLU *parsed;  /* the same as url, read once so that no transfer reads it again         */
    char *url;      /* "http://127.0.0.1:4973": no prefix, no credentials; safe to show     */
    char *socket;   /* path of a Unix socket, which speaks HTTP as localhost; NULL: TCP      */
    char *prefix;   /* "/v1", "" when none: goes in front of every target; never ends in '/' */
    char *user;     /* decoded; NULL when the URL names none                                 */
    char *password; /* decoded; NULL when the URL names none                                 */
};

/* Owned: base_url_fini(), also after a failure.
 * Fails  INVALID_ARGUMENT  text is not http(s)://[USER:PASSWORD@]HOST[:PORT][/PREFIX] or unix:PATH;
 *                          the message says what was expected and never repeats credentials
 *        NO_MEMORY */
MUST_USE bool base_url_parse(const char *text, struct base_url *out, struct error *err);
void base_url_fini(struct base_url *base);

#endif
