#include "mock/api/scopes.h"

#include <stddef.h>

const char *const scope_names[] = {
    "instance:read",
    "instance:write",
    "instance:delete",
    "image:read",
    "image:write",
    "image:delete",
    "volume:read",
    "volume:write",
    "volume:delete",
    "snapshot:read",
    "snapshot:write",
    "snapshot:delete",
    "build:read",
    "build:write",
    "build:delete",
    "builder:read",
    "builder:write",
    "builder:delete",
    "device:read",
    "device:write",
    "device:delete",
    "ingress:read",
    "ingress:write",
    "ingress:delete",
    "resource:read",
    "resource:write",
    "*",
    NULL,
};
