/* The gRPC API as tables, read from its descriptor set: methods with their HTTP rules, messages,
 * enums. The suite's own reading of proto/: the gateway has another, so that one mistake cannot
 * agree with itself.
 *
 * Knows what hypeman/v1 is made of and refuses everything else: strings, bools, int32, int64,
 * double, enums, messages, lists, maps by string, Timestamp, Duration in Go's form, Empty.
 * Immutable once loaded, so threads may share it. */
#ifndef TESTKIT_CONFORMANCE_RPC_API_H
#define TESTKIT_CONFORMANCE_RPC_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "common/http/path_template.h"

enum rpc_kind {
    RPC_STRING,
    RPC_BOOL,
    RPC_INT32,
    RPC_INT64,
    RPC_DOUBLE,
    RPC_ENUM,
    RPC_MESSAGE,
    RPC_TIMESTAMP,
    RPC_DURATION,
};

struct rpc_enum_value {
    const char *json; /* "cloud-hypervisor" */
    int32_t number;
};

struct rpc_enum {
    const char *name;
    const struct rpc_enum_value *values; /* those that have a spelling */
    size_t count;
};

struct rpc_field {
    const char *name; /* as in JSON */
    uint32_t number;
    enum rpc_kind kind;
    bool repeated; /* also a map                                                   */
    bool map;      /* its message is the entry: key, a string, and value           */
    bool presence; /* unset differs from zero: optional, and messages of all kinds */
    const struct rpc_message *message; /* RPC_MESSAGE, else NULL */
    const struct rpc_enum *values;     /* RPC_ENUM, else NULL    */
};

struct rpc_message {
    const char *name; /* "hypeman.v1.Snapshot" */
    struct rpc_field *fields;
    size_t count;
};

struct rpc_method {
    const char *path; /* "/hypeman.v1.SnapshotService/GetSnapshot" */
    const char *verb; /* "GET" */
    struct path_template *route;
    bool has_body; /* all that the path does not take */
    bool streams;  /* its replies */
    const struct rpc_message *request;
    const struct rpc_message *reply;
    const struct rpc_field *whole; /* of the reply, what the REST answer is; NULL: all of it */
};

struct rpc_api {
    struct arena arena;
    struct rpc_method *methods;
    size_t method_count;
};

/* set  bytes of a FileDescriptorSet, with all imports; only read
 * out  owned: rpc_api_fini()
 * Fails  INVALID_ARGUMENT  no descriptor set, or something in it that is not known here: which
 *        NO_MEMORY */
MUST_USE bool rpc_api_load(struct text set, struct rpc_api *out, struct error *err);
/* One that was never loaded, all zeros, is fine. */
void rpc_api_fini(struct rpc_api *api);

/* Borrowed from the tables; NULL when there is none. */
const struct rpc_field *rpc_field_named(const struct rpc_message *message, struct text name);
const struct rpc_field *rpc_field_numbered(const struct rpc_message *message, uint64_t number);
/* The method that a request in REST terms means.
 * captures  the values of its route's variables, still escaped, borrowed from the path */
const struct rpc_method *rpc_api_find(const struct rpc_api *api, const char *verb, struct text path,
                                      struct text captures[static PATH_TEMPLATE_MAX_VARIABLES]);

#endif
