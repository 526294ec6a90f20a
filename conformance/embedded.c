#include "conformance/embedded.h"

#include "common/base/embed.h"

EMBED(conformance_bundle, CONFORMANCE_BUNDLE);
EMBED(hypeman_descriptors, HYPEMAN_DESCRIPTOR_SET);

struct text embedded_bundle(void)
{
    return EMBEDDED(conformance_bundle);
}

struct text embedded_descriptor_set(void)
{
    return EMBEDDED(hypeman_descriptors);
}
