/* What the program carries with it. */
#ifndef TESTKIT_CONFORMANCE_EMBEDDED_H
#define TESTKIT_CONFORMANCE_EMBEDDED_H

#include "common/base/text.h"

/* Cases, fragments, shapes, rules (suite/bundle.h). */
struct text embedded_bundle(void);
/* What protoc made of proto/. */
struct text embedded_descriptor_set(void);

#endif
