#include "gateway/rpc/edition.h"

#include <stdlib.h>

struct rpc_edition *rpc_edition_retain(struct rpc_edition *edition)
{
    atomic_fetch_add_explicit(&edition->references, 1, memory_order_relaxed);
    return edition;
}

void rpc_edition_release(struct rpc_edition *edition)
{
    /* What others did with it happened before it is freed. */
    if (edition == NULL ||
        atomic_fetch_sub_explicit(&edition->references, 1, memory_order_acq_rel) > 1)
        return;
    free(edition->method_rows);
    edition->free(edition);
}
