/* Cases from a folder instead of those that the program carries with it. */
#ifndef TESTKIT_CONFORMANCE_DRIVE_CASE_FOLDER_H
#define TESTKIT_CONFORMANCE_DRIVE_CASE_FOLDER_H

#include "common/base/buffer.h"
#include "common/base/error.h"

/* Appends each FOLDER/a/b.json to the bundle as cases/a/b.json.
 * Fails  NOT_FOUND  a folder or file that cannot be read; NO_MEMORY, RESOURCE_EXHAUSTED */
MUST_USE bool case_folder_read(const char *folder, struct buffer *bundle, struct error *err);

#endif
