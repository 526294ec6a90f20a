/* Documents with placeholders: "/instances/${vm.id}/wait", {"name": "${run}-a"}.
 *
 * A string that is one placeholder and nothing else becomes the value itself, whatever its type;
 * within a longer string a value is written as text. */
#ifndef TESTKIT_CONFORMANCE_SUITE_TEMPLATE_H
#define TESTKIT_CONFORMANCE_SUITE_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

struct template_names {
    /* What stands for a name: a new reference, NULL when nothing does. */
    json_t *(*resolve)(void *ctx, struct text name);
    void *ctx; /* borrowed */
};

/* A deep copy with every string, names of members included, expanded.
 * out    owned: json_decref()
 * Fails  NOT_FOUND         nothing stands for "${name}"
 *        INVALID_ARGUMENT  "${" without "}", an object or array within a longer string
 *        NO_MEMORY */
MUST_USE bool template_expand(const struct template_names *names, const json_t *value, json_t **out,
                              struct error *err);

/* One string, appended as text. Fails likewise; *out may then have grown. */
MUST_USE bool template_expand_text(const struct template_names *names, struct text t,
                                   struct buffer *out, struct error *err);

/* For template_names: the members of an object. */
json_t *template_member(void *object, struct text name);

#endif
