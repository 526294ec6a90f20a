/* Patterns over path-like ids, component by component: "snapshots" "*" "via:rest".
 *
 *   *    within a component: any characters, also none
 *   **   as a whole component: any number of components, also none */
#ifndef TESTKIT_CONFORMANCE_SUITE_GLOB_H
#define TESTKIT_CONFORMANCE_SUITE_GLOB_H

#include <stdbool.h>

#include "common/base/text.h"

bool glob_match(struct text pattern, struct text id);

#endif
