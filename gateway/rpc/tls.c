#include "gateway/rpc/tls.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <grpc/grpc_security.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

/* Owned, NUL-terminated copies. */
struct texts {
    char *certificate;
    char *key;
    char *client_ca; /* NULL: clients need none */
};

struct tls_identity {
    bool asks_clients;
    pthread_mutex_t mutex; /* guards what follows */
    struct texts texts;
    int64_t expires_at;
    uint64_t version; /* how often the texts were replaced */
};

/* ---- Judging ------------------------------------------------------------------------------- */

static void ssl_context_scope_end(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

static void bio_scope_end(BIO **bio)
{
    BIO_free(*bio);
}

static void x509_scope_end(X509 **certificate)
{
    X509_free(*certificate);
}

static void pkey_scope_end(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* OpenSSL's reasons that a person would not understand, in our words. */
static const struct {
    int library;
    int reason;
    const char *words;
} reasons[] = {
    { ERR_LIB_PEM, PEM_R_NO_START_LINE, "holds no certificate in PEM form" },
    { ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED, "holds no private key in PEM form" },
    { ERR_LIB_PEM, PEM_R_BAD_PASSWORD_READ, "is protected by a password, which nobody can enter" },
    { ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH, "does not belong to the certificate" },
    { ERR_LIB_SSL, SSL_R_NO_CERTIFICATE_ASSIGNED,
      "does not belong to the certificate" }, /* RSA, EC */
};

static bool is_reason(unsigned long code, int library, int reason)
{
    return ERR_GET_LIB(code) == library && ERR_GET_REASON(code) == reason;
}

static bool refuse(const char *field, struct error *err)
{
    unsigned long code = ERR_peek_last_error();
    const char *words = ERR_reason_error_string(code);
    char unusable[160];
    (void)snprintf(unusable, sizeof unusable, "cannot be used: %s",
                   words == NULL ? "for a reason OpenSSL does not tell" : words);
    words = unusable;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
        if (is_reason(code, reasons[i].library, reasons[i].reason))
            words = reasons[i].words;
    ERR_clear_error();
    return error_set_field(err, ERROR_INVALID_ARGUMENT, field, "%s", words);
}

/* After at least one certificate: there is no further one, and what was read was well-formed. */
static bool is_at_end(void)
{
    bool at_end = is_reason(ERR_peek_last_error(), ERR_LIB_PEM, PEM_R_NO_START_LINE);
    if (at_end)
        ERR_clear_error();
    return at_end;
}

static int64_t seconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static bool use_certificates(SSL_CTX *context, const char *pem, int64_t *expires_at,
                             struct error *err)
{
    static const char field[] = "tls-cert";
    SCOPED(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    SCOPED(x509) X509 *own = bio == NULL ? NULL : PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    if (own == NULL || SSL_CTX_use_certificate(context, own) != 1)
        return refuse(field, err);
    *expires_at = seconds_of(X509_get0_notAfter(own));
    for (;;) {
        SCOPED(x509) X509 *signer = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (signer == NULL)
            return is_at_end() || refuse(field, err);
        if (SSL_CTX_add1_chain_cert(context, signer) != 1)
            return refuse(field, err);
    }
}

/* Otherwise OpenSSL would ask on the terminal. */
static int no_password(char *buffer, int size, int is_for_writing, void *context)
{
    (void)buffer, (void)size, (void)is_for_writing, (void)context;
    return -1;
}

static bool use_key(SSL_CTX *context, const char *pem, struct error *err)
{
    SCOPED(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    SCOPED(pkey)
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
    return (key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1 &&
            SSL_CTX_check_private_key(context) == 1) ||
           refuse("tls-key", err);
}

static bool read_authorities(const char *pem, struct error *err)
{
    static const char field[] = "tls-client-ca";
    SCOPED(bio) BIO *bio = BIO_new_mem_buf(pem, -1);
    for (size_t count = 0;; count++) {
        SCOPED(x509)
        X509 *signer = bio == NULL ? NULL : PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
        if (signer == NULL)
            return (count > 0 && is_at_end()) || refuse(field, err);
    }
}

/* As C-core is going to use them: key lengths and signatures are judged by the same rules. */
static bool judge(const struct texts *texts, int64_t *expires_at, struct error *err)
{
    ERR_clear_error();
    SCOPED(ssl_context) SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for certificates");
    return use_certificates(context, texts->certificate, expires_at, err) &&
           use_key(context, texts->key, err) &&
           (texts->client_ca == NULL || read_authorities(texts->client_ca, err));
}

/* ---- Life ---------------------------------------------------------------------------------- */

static void texts_scope_end(struct texts *texts)
{
    free(texts->certificate);
    free(texts->key);
    free(texts->client_ca);
}

bool tls_identity_replace(struct tls_identity *identity, const struct tls_pem *pem,
                          struct error *err)
{
    SCOPED(texts)
    struct texts texts = {
        .certificate = strndup(pem->certificate.data, pem->certificate.len),
        .key = strndup(pem->key.data, pem->key.len),
        .client_ca =
            identity->asks_clients ? strndup(pem->client_ca.data, pem->client_ca.len) : NULL,
    };
    int64_t expires_at = 0;
    if (texts.certificate == NULL || texts.key == NULL ||
        (identity->asks_clients && texts.client_ca == NULL))
        return error_set(err, ERROR_NO_MEMORY, "no memory for certificates");
    if (!judge(&texts, &expires_at, err))
        return false;
    pthread_mutex_lock(&identity->mutex);
    struct texts former = identity->texts;
    identity->texts = texts;
    texts = former;
    identity->expires_at = expires_at;
    identity->version++;
    pthread_mutex_unlock(&identity->mutex);
    return true;
}

bool tls_identity_new(const struct tls_pem *pem, struct tls_identity **out, struct error *err)
{
    struct tls_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for certificates");
    identity->asks_clients = pem->client_ca.data != NULL;
    pthread_mutex_init(&identity->mutex, NULL);
    if (!tls_identity_replace(identity, pem, err)) {
        tls_identity_free(identity);
        return false;
    }
    *out = identity;
    return true;
}

void tls_identity_free(struct tls_identity *identity)
{
    if (identity == NULL)
        return;
    texts_scope_end(&identity->texts);
    pthread_mutex_destroy(&identity->mutex);
    free(identity);
}

int64_t tls_identity_expires_at(struct tls_identity *identity)
{
    pthread_mutex_lock(&identity->mutex);
    int64_t at = identity->expires_at;
    pthread_mutex_unlock(&identity->mutex);
    return at;
}

/* ---- C-core's side ------------------------------------------------------------------------- */

/* Before every handshake of one listening socket, one at a time. */
static grpc_ssl_certificate_config_reload_status
on_handshake(void *context, grpc_ssl_server_certificate_config **out)
{
    struct tls_listener *listener = context;
    struct tls_identity *identity = listener->identity;
    grpc_ssl_certificate_config_reload_status status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    pthread_mutex_lock(&identity->mutex);
    if (listener->seen != identity->version) {
        const struct texts *texts = &identity->texts;
        const grpc_ssl_pem_key_cert_pair pair = { texts->key, texts->certificate };
        /* C-core asserts that there are some, even when it is not to ask clients for theirs. */
        const char *signers = identity->asks_clients ? texts->client_ca : texts->certificate;
        *out = grpc_ssl_server_certificate_config_create(signers, &pair, 1);
        listener->seen = identity->version;
        status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    }
    pthread_mutex_unlock(&identity->mutex);
    return status;
}

grpc_server_credentials *tls_listener_credentials(struct tls_listener *listener)
{
    return grpc_ssl_server_credentials_create_with_options(
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            listener->identity->asks_clients
                ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            on_handshake, listener));
}
