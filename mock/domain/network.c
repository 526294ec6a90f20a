#include "mock/domain/network.h"

#include <string.h>

bool network_has_address(const struct network_address *address)
{
    return address->ip[0] != 0;
}

bool network_same_address(const struct network_address *a, const struct network_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* Both without printf, which would show in every GET. */

static char *put_octet(char *at, uint8_t octet)
{
    if (octet >= 100)
        *at++ = (char)('0' + octet / 100);
    if (octet >= 10)
        *at++ = (char)('0' + octet / 10 % 10);
    *at++ = (char)('0' + octet % 10);
    return at;
}

struct network_text network_ip_text(const struct network_address *address)
{
    struct network_text out = { "" };
    char *at = out.text;
    for (size_t i = 0; network_has_address(address) && i < sizeof address->ip; i++) {
        if (i > 0)
            *at++ = '.';
        at = put_octet(at, address->ip[i]);
    }
    return out;
}

struct network_text network_mac_text(const struct network_address *address)
{
    static const char digits[] = "0123456789abcdef";
    struct network_text out = { "02:00:00:00:00:00" };
    if (!network_has_address(address))
        return (struct network_text){ "" };
    for (size_t i = 0; i < sizeof address->mac; i++) {
        out.text[9 + 3 * i] = digits[address->mac[i] >> 4];
        out.text[10 + 3 * i] = digits[address->mac[i] & 15];
    }
    return out;
}
