#include "tests/support/certificates.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { HOUR_S = 60 * 60, DAY_S = 24 * HOUR_S, X509_VERSION = 2 /* means 3 */ };

static void *check(void *object)
{
    if (object == NULL)
        abort();
    return object;
}

static void check_ok(int result)
{
    if (result <= 0)
        abort();
}

static struct text take_text(struct arena *memory, BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    struct text kept = { check(arena_copy(memory, (struct text){ bytes, (size_t)len })),
                         (size_t)len };
    BIO_free(bio);
    return kept;
}

static BIO *open_text(struct text pem)
{
    return check(BIO_new_mem_buf(pem.data, (int)pem.len));
}

static EVP_PKEY *read_key(struct text pem)
{
    BIO *bio = open_text(pem);
    EVP_PKEY *key = check(PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL));
    BIO_free(bio);
    return key;
}

static X509 *read_certificate(struct text pem)
{
    BIO *bio = open_text(pem);
    X509 *certificate = check(PEM_read_bio_X509(bio, NULL, NULL, NULL));
    BIO_free(bio);
    return certificate;
}

static void add_extension(X509 *certificate, int which, const char *value)
{
    X509_EXTENSION *extension = check(X509V3_EXT_conf_nid(NULL, NULL, which, value));
    check_ok(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* Everything but issuer and signature. */
static X509 *fill_in(const char *common_name, EVP_PKEY *key, long ends_in_s)
{
    X509 *certificate = check(X509_new());
    uint32_t serial = 0;
    check_ok(RAND_bytes((unsigned char *)&serial, sizeof serial));
    check_ok(X509_set_version(certificate, X509_VERSION));
    check_ok(ASN1_INTEGER_set(X509_get_serialNumber(certificate), (long)serial + 1));
    check(X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S));
    check(X509_gmtime_adj(X509_getm_notAfter(certificate), ends_in_s));
    check_ok(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                        (const unsigned char *)common_name, -1, -1, 0));
    check_ok(X509_set_pubkey(certificate, key));
    add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
    return certificate;
}

static struct certificate make(struct arena *memory, const char *common_name,
                               const struct certificate *signer, long ends_in_s)
{
    EVP_PKEY *key = check(EVP_EC_gen("P-256"));
    X509 *certificate = fill_in(common_name, key, ends_in_s);
    X509 *signed_by = signer == NULL ? certificate : read_certificate(signer->certificate);
    EVP_PKEY *signing = signer == NULL ? key : read_key(signer->key);
    check_ok(X509_set_issuer_name(certificate, X509_get_subject_name(signed_by)));
    check_ok(X509_sign(certificate, signing, EVP_sha256()));

    BIO *certificate_out = check(BIO_new(BIO_s_mem()));
    BIO *key_out = check(BIO_new(BIO_s_mem()));
    check_ok(PEM_write_bio_X509(certificate_out, certificate));
    check_ok(PEM_write_bio_PrivateKey(key_out, key, NULL, NULL, 0, NULL, NULL));
    if (signer != NULL) {
        X509_free(signed_by);
        EVP_PKEY_free(signing);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return (struct certificate){ take_text(memory, certificate_out), take_text(memory, key_out) };
}

struct certificate certificate_make(struct arena *memory, const char *common_name,
                                    const struct certificate *signer)
{
    return make(memory, common_name, signer, DAY_S);
}

struct certificate certificate_make_expired(struct arena *memory, const char *common_name)
{
    return make(memory, common_name, NULL, -HOUR_S);
}

struct text certificate_locked_key(struct arena *memory, const struct certificate *of)
{
    EVP_PKEY *key = read_key(of->key);
    BIO *out = check(BIO_new(BIO_s_mem()));
    check_ok(PEM_write_bio_PKCS8PrivateKey(out, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL));
    EVP_PKEY_free(key);
    return take_text(memory, out);
}
