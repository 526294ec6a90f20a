#include "gateway/certificates.h"

#include <stdio.h>
#include <time.h>

#include "common/env/env.h"
#include "common/program/read_file.h"

enum { CERTIFICATES_MAX = 1 << 20 };

bool certificates_check_flags(const struct options *o, struct error *err)
{
    static const struct {
        const char *flag;
        const char *needs;
    } pairs[] = {
        { "tls-cert", "tls-key" },
        { "tls-key", "tls-cert" },
        { "tls-client-ca", "tls-cert" },
    };
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        if (options_text(o, pairs[i].flag) != NULL && options_text(o, pairs[i].needs) == NULL)
            return options_complain(o, pairs[i].flag, err, "needs --%s too", pairs[i].needs);
    return true;
}

/* Nothing for a flag that is not given. */
static bool read_pem(const struct options *o, const char *flag, struct buffer *out,
                     struct error *err)
{
    const char *path = options_text(o, flag);
    if (path == NULL)
        return true;
    if (!read_file(path, CERTIFICATES_MAX, out, err))
        return error_prefix(err, "--%s: ", flag);
    if (out->len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT, "--%s: %s is empty", flag, path);
    return true;
}

/* No client would accept it, and the reason would be seen on their side only. */
static void warn_if_expired(const struct options *o, struct tls_identity *identity)
{
    struct clock clock = clock_system();
    int64_t end_s = tls_identity_expires_at(identity);
    if (end_s > clock.now_ns(clock.ctx) / NS_PER_SEC)
        return;
    char end[64];
    struct tm parts;
    time_t time = (time_t)end_s;
    (void)strftime(end, sizeof end, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &parts));
    (void)fprintf(stderr, "hypeman-gateway: warning: the certificate in %s has ended at %s\n",
                  options_text(o, "tls-cert"), end);
}

bool certificates_load(const struct options *o, struct tls_identity **identity, struct error *err)
{
    SCOPED(buffer) struct buffer certificate = buffer_capped(0);
    SCOPED(buffer) struct buffer key = buffer_capped(0);
    SCOPED(buffer) struct buffer client_ca = buffer_capped(0);
    if (options_text(o, "tls-cert") == NULL)
        return true;
    if (!read_pem(o, "tls-cert", &certificate, err) || !read_pem(o, "tls-key", &key, err) ||
        !read_pem(o, "tls-client-ca", &client_ca, err))
        return false;
    const struct tls_pem pem = { buffer_text(&certificate), buffer_text(&key),
                                 buffer_text(&client_ca) };
    if (*identity == NULL ? tls_identity_new(&pem, identity, err)
                          : tls_identity_replace(*identity, &pem, err)) {
        warn_if_expired(o, *identity);
        return true;
    }
    if (err->field[0] == '\0')
        return false;
    return error_prefix(err, "--%s: %s ", err->field, options_text(o, err->field));
}
