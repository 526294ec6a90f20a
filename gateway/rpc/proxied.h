/* What calls of the API's methods have in common, whether one reply comes or many. */
#ifndef TESTKIT_GATEWAY_RPC_PROXIED_H
#define TESTKIT_GATEWAY_RPC_PROXIED_H

#include "gateway/rpc/call.h"

/* struct rpc_handler.start: asks for the message, or ends a call that cannot be served. */
void proxied_start(struct rpc_call *call);
/* With the message that came, makes call->proxy ready to start but for its `finish`. False when the
 * call was ended instead. */
MUST_USE bool proxied_prepare(struct rpc_call *call, const struct text *message);
/* Adds to what will be sent what the answer brings: its headers, and the enum texts that nobody
 * knows. is_new  nothing was sent yet */
void proxied_note_answer(struct rpc_call *call, bool is_new);
/* struct rpc_handler.fini */
void proxied_fini(struct rpc_call *call);

#endif
