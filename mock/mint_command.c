#include "mock/mint_command.h"

#include <stdio.h>

#include "common/env/env.h"
#include "common/json/go_duration.h"
#include "common/program/options.h"
#include "mock/api/token_mint.h"
#include "mock/settings.h"

enum { TOKEN_MAX = 64 * 1024 };

static const struct option_spec specs[] = {
    { "subject", "NAME", NULL, "whom the token is for (sub)" },
    { "scopes", "LIST", NULL,
      "what it allows, as instance:read,snapshot:write; \"*\", or no list at all: everything" },
    { "expires", "DURATION", "24h",
      "how long it is valid from now on; 0: for ever; -1h: it ended an hour ago" },
    { "jwt-secret-file", "FILE", NULL, "that of the server; a final newline is cut" },
    { 0 },
};

static const struct options_program program = {
    .name = "hypeman-mock mint-token",
    .env_prefix = "HYPEMAN_MOCK",
    .summary = "Prints a token that hypeman-mock --auth jwt accepts, and any server with the same "
               "secret.",
    .specs = specs,
};

static bool require(const struct options *o, const char *name, struct error *err)
{
    return options_text(o, name) != NULL || options_complain(o, name, err, "is required");
}

/* In whole seconds, away from now: a second at least, so that it is not over at once. */
static bool read_expiry(const struct options *o, struct token_claims *claims, struct error *err)
{
    struct error why = { 0 };
    int64_t ns;

    if (!go_duration_parse(text_of(options_text(o, "expires")), &ns, &why))
        return options_complain(o, "expires", err,
                                "must be a duration such as 30m, 24h or -1h, not \"%s\"",
                                options_text(o, "expires"));
    const int64_t away = ns % NS_PER_SEC == 0 ? 0 : ns < 0 ? -1 : 1;
    claims->expires_at_s = ns == 0 ? 0 : claims->issued_at_s + ns / NS_PER_SEC + away;
    return true;
}

static bool mint(const struct options *o, struct buffer *token, struct error *err)
{
    const char *scopes = options_text(o, "scopes");
    const struct clock clock = clock_system();
    struct token_claims claims = {
        .subject = options_text(o, "subject"),
        .issued_at_s = clock.now_ns(clock.ctx) / NS_PER_SEC,
        .scopes = scopes == NULL ? (struct text){ 0 } : text_of(scopes),
    };
    SCOPED(buffer) struct buffer file = { 0 };
    struct text secret;
    struct error why = { 0 };

    if (!require(o, "subject", err) || !require(o, "jwt-secret-file", err) ||
        !read_expiry(o, &claims, err) || !settings_read_secret(o, &file, &secret, err))
        return false;
    return token_mint(token, &claims, secret, &why) ||
           (why.field[0] == '\0' ? error_set(err, why.code, "%s", why.message)
                                 : options_complain(o, why.field, err, "%s", why.message));
}

int mint_command(int argc, char *const *argv)
{
    SCOPED(buffer) struct buffer token = buffer_capped(TOKEN_MAX);
    struct options options;
    struct error err = { 0 };

    switch (options_parse(&program, argc, argv, &options)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_EXIT_OK:
        return 0;
    case OPTIONS_EXIT_USAGE:
        return 2;
    }
    if (!mint(&options, &token, &err))
        return options_usage(&program, &err);
    if (buffer_append_byte(&token, '\n') && fwrite(token.data, 1, token.len, stdout) == token.len &&
        fflush(stdout) == 0)
        return 0;
    (void)fprintf(stderr, "%s: cannot write the token\n", program.name);
    return 1;
}
