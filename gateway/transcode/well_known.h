/* The messages whose JSON is not an object of their fields. For schema_load.c. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_WELL_KNOWN_H
#define TESTKIT_GATEWAY_TRANSCODE_WELL_KNOWN_H

#include <stdint.h>

#include "gateway/transcode/schema.h"

/* The form of the message of that name; FORM_OBJECT for every other. */
enum message_form well_known_form(struct text full_name);

/* A set may hold something else under the name. The number of a field that the translation rests on
 * and that the message lacks or has otherwise; 0 when all is well. Its fields must be indexed. */
uint32_t well_known_odd_field(const struct message *message);

#endif
