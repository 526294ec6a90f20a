/* What the gateway serves, made of its settings and the files they name: at start, and again at
 * each reload, when the calls in flight keep the one they began with. */
#ifndef TESTKIT_GATEWAY_EDITION_H
#define TESTKIT_GATEWAY_EDITION_H

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/program/options.h"
#include "gateway/descriptors.h"
#include "gateway/rpc/edition.h"
#include "gateway/settings.h"

struct edition {
    struct rpc_edition rpc; /* for the server; its pointers lead into what follows */
    struct settings settings;
    struct descriptors descriptors;
    struct buffer authorization; /* "Bearer TOKEN", NUL-terminated; empty = none */
};

/* Owned: edition_release().
 * Fails  as settings_read and descriptors_load; the message names file, method and reason */
MUST_USE bool edition_new(const struct options *command_line, struct edition **out,
                          struct error *err);
/* It is freed when no call needs it any more. NULL is none. */
void edition_release(struct edition *edition);

#endif
