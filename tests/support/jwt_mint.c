#include "tests/support/jwt_mint.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "common/base/base64.h"

static void append_part(struct buffer *out, struct text bytes)
{
    size_t at = out->len;

    if (!base64_encode(out, bytes))
        abort();
    for (size_t i = at; i < out->len && out->data[i] != '='; i++, at++)
        out->data[i] = out->data[i] == '+' ? '-' : out->data[i] == '/' ? '_' : out->data[i];
    out->len = at;
}

void jwt_mint(struct buffer *out, const char *digest, struct text key, struct text header,
              struct text claims)
{
    const size_t start = out->len;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;

    append_part(out, header);
    buffer_append_byte(out, '.');
    append_part(out, claims);
    if (digest != NULL &&
        HMAC(EVP_get_digestbyname(digest), key.data, (int)key.len,
             (const unsigned char *)out->data + start, out->len - start, mac, &len) == NULL)
        abort();
    buffer_append_byte(out, '.');
    append_part(out, (struct text){ (const char *)mac, len });
}

void jwt_mint_bearer(struct buffer *out, const char *key, const char *claims)
{
    buffer_append_cstr(out, "Bearer ");
    jwt_mint(out, "SHA256", text_of(key), TEXT("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"),
             text_of(claims));
    if (!buffer_append_byte(out, '\0'))
        abort();
}
