/* The certificates of the gRPC port: judged before they are used, replaced while serving.
 *
 * C-core asks for them at every handshake, so a replacement holds for new connections and leaves
 * the others alone. What C-core cannot use it would only log, so it is tried with the same library
 * beforehand.
 *
 * tls_identity_replace may be called from any thread. */
#ifndef TESTKIT_GATEWAY_RPC_TLS_H
#define TESTKIT_GATEWAY_RPC_TLS_H

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/text.h"

/* The contents of three files, in PEM form; never NULL but for client_ca. Copied. */
struct tls_pem {
    struct text certificate; /* the server's own, then those it is signed with            */
    struct text key;         /* without a password                                        */
    struct text client_ca;   /* who signs certificates of clients, which then must bring one;
                                data NULL: clients need none                              */
};

struct tls_identity;
struct grpc_server_credentials; /* C-core's */

/* Owned: tls_identity_free(), after the server that uses it.
 * Fails  INVALID_ARGUMENT  the field is "tls-cert", "tls-key" or "tls-client-ca", the message says
 *                          what is wrong with it
 *        NO_MEMORY */
MUST_USE bool tls_identity_new(const struct tls_pem *pem, struct tls_identity **out,
                               struct error *err);
void tls_identity_free(struct tls_identity *identity);

/* From now on handshakes use these. Whether clients need a certificate cannot change.
 * Fails as tls_identity_new; the former ones then stay. */
MUST_USE bool tls_identity_replace(struct tls_identity *identity, const struct tls_pem *pem,
                                   struct error *err);

/* When the server's own certificate ends, in seconds since 1970. */
int64_t tls_identity_expires_at(struct tls_identity *identity);

/* One listening socket's view of the identity. */
struct tls_listener {
    struct tls_identity *identity;
    uint64_t seen; /* how often it was replaced when C-core took it last */
};

/* For grpc_server_add_http2_port; released by the caller. NULL when out of memory.
 * listener  borrowed until the server is destroyed */
struct grpc_server_credentials *tls_listener_credentials(struct tls_listener *listener);

#endif
