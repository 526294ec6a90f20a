#include "mock/domain/image.h"

#include <assert.h>

static const struct text platforms[] = {
    [HOST_AMD64] = { "linux/amd64", 11 },
    [HOST_ARM64] = { "linux/arm64", 11 },
};
static_assert(ARRAY_LEN(platforms) == HOST_ARCH_COUNT, "one platform per architecture");

static bool refuse_platform(struct text reference, struct text platform, struct error *err,
                            const char *what, struct text part, const char *allowed)
{
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "platform",
                           "resolve image " TEXT_FMT " for platform " TEXT_FMT
                           ": invalid platform: unsupported %s \"" TEXT_FMT "\": %s",
                           TEXT_ARGS(reference), TEXT_ARGS(platform), what, TEXT_ARGS(part),
                           allowed);
}

static bool parse_arch(struct text name, enum host_arch *out)
{
    for (enum host_arch arch = 0; arch < HOST_ARCH_COUNT; arch++) {
        if (text_equal_cstr(name, host_arch_name(arch))) {
            *out = arch;
            return true;
        }
    }
    return false;
}

bool image_resolve(const struct world *world, struct text reference, struct text platform,
                   struct text *resolved, struct error *err)
{
    struct host_platform host = world_settings(world)->host;
    enum host_arch arch = host.arch;

    if (platform.len > 0) {
        struct text rest = platform;
        struct text os = text_split(&rest, '/');
        struct text arch_text = text_split(&rest, '/'); /* what follows is a variant: not used */
        if (!text_equal_cstr(os, "linux"))
            return refuse_platform(reference, platform, err, "os", os,
                                   "only linux guests are supported");
        if (!parse_arch(arch_text, &arch))
            return refuse_platform(reference, platform, err, "architecture", arch_text,
                                   "must be amd64 or arm64");
    }
    if (arch != host.arch && host.os == HOST_LINUX)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "image",
                               "invalid request: running %s images requires an emulation-capable "
                               "host; this host is %s/%s",
                               host_arch_name(arch), host_os_name(host.os),
                               host_arch_name(host.arch));
    *resolved = platforms[arch];
    return true;
}

bool image_check_present(const struct world *world, struct text reference, struct error *err)
{
    (void)world;
    (void)reference;
    (void)err;
    return true;
}
