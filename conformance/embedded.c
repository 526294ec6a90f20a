#include "conformance/embedded.h"

#include "common/base/embed.h"

EMBED(conformance_bundle, CONFORMANCE_BUNDLE);

struct text embedded_bundle(void)
{
    return EMBEDDED(conformance_bundle);
}
