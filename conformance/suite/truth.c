#include "conformance/suite/truth.h"

#include <stddef.h>

const char *const truth_names[] = { [TRUTH_SPEC] = "spec", [TRUTH_SERVER] = "server", NULL };
const char *const via_names[] = {
    [VIA_REST] = "rest", [VIA_GRPC] = "grpc", [VIA_BOTH] = "both", NULL
};
