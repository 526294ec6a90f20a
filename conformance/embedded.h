/* What the program carries with it: cases, fragments, shapes, rules (suite/bundle.h). */
#ifndef TESTKIT_CONFORMANCE_EMBEDDED_H
#define TESTKIT_CONFORMANCE_EMBEDDED_H

#include "common/base/text.h"

struct text embedded_bundle(void);

#endif
