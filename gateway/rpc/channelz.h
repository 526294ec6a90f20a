/* What C-core knows of its servers and sockets, as JSON (grpc/channelz/v1/channelz.proto). */
#ifndef TESTKIT_GATEWAY_RPC_CHANNELZ_H
#define TESTKIT_GATEWAY_RPC_CHANNELZ_H

#include <stdbool.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

/* Appends the JSON found at
 *     servers  servers/ID  servers/ID/sockets  servers/ID/sockets/FIRST  sockets/ID
 * Lists have pages: one that ends with "end":true is the last; FIRST is the lowest id to show.
 * False, with nothing appended, when there is no such thing. Any thread, while a server exists. */
MUST_USE bool channelz_write(struct text path, struct buffer *out);

#endif
