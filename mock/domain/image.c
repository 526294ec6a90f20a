#include "mock/domain/image.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mock/domain/image_reference.h"
#include "mock/domain/names.h"
#include "mock/domain/pack.h"
#include "mock/domain/record.h"
#include "mock/domain/world_state.h"

static const char *const condition_names[] = {
    [IMAGE_READY] = "ready",
    [IMAGE_MISSING] = "missing",
    [IMAGE_RATE_LIMITED] = "rate_limited",
    [IMAGE_UNREACHABLE] = "unreachable",
    [IMAGE_NO_PLATFORM] = "no_platform",
    [IMAGE_PULLABLE] = "pullable",
    [IMAGE_PENDING] = "pending",
    [IMAGE_PULLING] = "pulling",
    [IMAGE_CONVERTING] = "converting",
    [IMAGE_FAILED] = "failed",
};
static_assert(ARRAY_LEN(condition_names) == IMAGE_CONDITION_COUNT, "one name per condition");

const char *image_condition_name(enum image_condition condition)
{
    return condition_names[condition];
}

bool image_condition_parse(struct text name, enum image_condition *out)
{
    size_t i = 0;
    if (!names_find(condition_names, ARRAY_LEN(condition_names), name, &i))
        return false;
    *out = (enum image_condition)i;
    return true;
}

/* --- what a world says of its images ----------------------------------------------------- */

/* Of an image that is not ready. */
struct image_record {
    uint32_t refs;
    enum image_condition condition;
    struct text repository;
    struct text version; /* tag or digest */
};

static void retain_image(const void *value)
{
    const struct image_record *record = value;
    record_retain(&record->refs);
}

static void release_image(const struct mem *mem, const void *value)
{
    const struct image_record *record = value;
    if (record_release(&record->refs))
        mem_free(mem, record_memory(record));
}

static struct cow_key image_key(const void *value)
{
    const struct image_record *record = value;
    return (struct cow_key){ .major = record->repository, .minor = record->version };
}

static const struct cow_map_kind image_kind = { image_key, retain_image, release_image };

struct cow_map image_table_new(const struct mem *mem)
{
    return cow_map_new(&image_kind, mem);
}

static const struct image_record *image_record_new(const struct mem *mem, struct cow_key key,
                                                   enum image_condition condition)
{
    struct image_record record = { .refs = 1, .condition = condition };
    struct image_record *stored = mem_alloc(mem, sizeof record + key.major.len + key.minor.len);
    if (stored == NULL)
        return NULL;
    struct pack pack = { .base = (char *)stored, .used = sizeof record };
    record.repository = pack_text(&pack, key.major);
    record.version = pack_text(&pack, key.minor);
    *stored = record;
    return stored;
}

/* Room for the texts of a key. */
struct image_place {
    struct image_name repository;
    struct text version;
};

static struct image_place place_of(const struct image_reference *reference)
{
    return (struct image_place){ image_reference_repository(reference),
                                 image_reference_version(reference) };
}

static struct cow_key key_of(const struct image_place *place)
{
    return (struct cow_key){ .major = { place->repository.text, place->repository.len },
                             .minor = place->version };
}

static enum image_condition condition_of(const struct world *world,
                                         const struct image_reference *reference)
{
    struct image_place place = place_of(reference);
    const struct image_record *record = cow_map_find(&world->images, key_of(&place));
    return record == NULL ? IMAGE_READY : record->condition;
}

static bool no_memory(struct world *world, struct error *err)
{
    cow_map_cancel(&world->images);
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool remove_image(struct world *world, struct cow_key key, struct error *err)
{
    if (!cow_map_prepare_remove(&world->images, key))
        return no_memory(world, err);
    cow_map_remove(&world->images, key);
    return true;
}

static bool put_image(struct world *world, struct cow_key key, enum image_condition condition,
                      struct error *err)
{
    const struct mem *mem = &world->env->mem;
    const struct image_record *record = image_record_new(mem, key, condition);
    if (record == NULL)
        return no_memory(world, err);
    const bool prepared = cow_map_prepare_put(&world->images, key);
    if (prepared)
        cow_map_put(&world->images, record);
    release_image(mem, record); /* the table has its own reference */
    return prepared || no_memory(world, err);
}

bool world_set_image(struct world *world, struct text reference, enum image_condition condition,
                     struct error *err)
{
    struct image_reference parsed;
    if (!image_reference_parse(reference, &parsed, err))
        return false;
    struct image_place place = place_of(&parsed);
    return condition == IMAGE_READY ? remove_image(world, key_of(&place), err)
                                    : put_image(world, key_of(&place), condition, err);
}

void world_images(const struct world *world, struct cow_cursor *out)
{
    cow_cursor_seek(out, &world->images, (struct cow_key){ 0 });
}

bool image_next(struct cow_cursor *cursor, struct image_entry *out)
{
    const struct image_record *record = cow_cursor_next(cursor);
    if (record == NULL)
        return false;
    const bool is_digest = memchr(record->version.data, ':', record->version.len) != NULL;
    out->condition = record->condition;
    out->reference.len = (size_t)snprintf(out->reference.text, sizeof out->reference.text,
                                          TEXT_FMT "%c" TEXT_FMT, TEXT_ARGS(record->repository),
                                          is_digest ? '@' : ':', TEXT_ARGS(record->version));
    return true;
}

/* --- what a client is told of them ------------------------------------------------------- */

/* A wish for an image on its way to being granted. */
struct image_wish {
    struct text given; /* the reference as the client wrote it */
    struct text platform;
    struct image_reference reference;
    enum image_condition condition;
};

/* The prefix of what goes wrong at the registry. */
#define RESOLVE            "resolve image " TEXT_FMT " for platform " TEXT_FMT ": "
#define RESOLVE_ARGS(wish) TEXT_ARGS((wish)->given), TEXT_ARGS((wish)->platform)

static bool refuse_missing(const struct image_wish *wish, struct error *err)
{
    return error_set_field(err, ERROR_NOT_FOUND, "image", RESOLVE "image not found",
                           RESOLVE_ARGS(wish));
}

static bool refuse_rate(const struct image_wish *wish, struct error *err)
{
    (void)wish;
    return error_set_field(err, ERROR_UNAVAILABLE, "image",
                           "registry rate limit exceeded; retry later or authenticate to the "
                           "registry");
}

/* Not the image's fault, so no field: with one it would be (INST-C-022). */
static bool refuse_unreachable(const struct image_wish *wish, struct error *err)
{
    return error_set(err, ERROR_INTERNAL, RESOLVE "the registry cannot be reached",
                     RESOLVE_ARGS(wish));
}

static bool refuse_variant(const struct image_wish *wish, struct error *err)
{
    return error_set_field(
        err, ERROR_NOT_FOUND, "platform",
        RESOLVE "platform not available for image: no child with platform " TEXT_FMT " in index %s",
        RESOLVE_ARGS(wish), TEXT_ARGS(wish->platform), image_reference_name(&wish->reference).text);
}

static bool refuse_status(const struct image_wish *wish, struct error *err)
{
    return error_set_field(err, ERROR_INVALID_STATE, "image", "image not ready: image status is %s",
                           image_condition_name(wish->condition));
}

struct digest_text {
    char text[IMAGE_DIGEST_MAX + 1];
};

static uint64_t mix(uint64_t hash, struct text t)
{
    for (size_t i = 0; i < t.len; i++)
        hash = (hash ^ (unsigned char)t.data[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
    return hash ^ hash >> 32;
}

/* What a registry would call this variant of the image: invented, but always the same. */
static struct digest_text digest_of(const struct image_wish *wish)
{
    const struct image_reference *reference = &wish->reference;
    const struct image_place place = place_of(reference);
    struct digest_text digest;
    uint64_t words[4] = { 1, 2, 3, 4 };

    if (reference->digest.len > 0) {
        snprintf(digest.text, sizeof digest.text, TEXT_FMT, TEXT_ARGS(reference->digest));
        return digest;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        words[i] = mix(words[i], key_of(&place).major);
        words[i] = mix(words[i], key_of(&place).minor);
        words[i] = mix(words[i], wish->platform);
    }
    snprintf(digest.text, sizeof digest.text,
             "sha256:%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, words[0], words[1],
             words[2], words[3]);
    return digest;
}

static bool refuse_pullable(const struct image_wish *wish, struct error *err)
{
    return error_set_field(err, ERROR_INVALID_STATE, "image",
                           "image not ready: image %s@%s is being pulled, please try again shortly",
                           image_reference_repository(&wish->reference).text, digest_of(wish).text);
}

/* NULL: nothing to refuse. */
static bool (*const refusals[])(const struct image_wish *, struct error *) = {
    [IMAGE_READY] = NULL,
    [IMAGE_MISSING] = refuse_missing,
    [IMAGE_RATE_LIMITED] = refuse_rate,
    [IMAGE_UNREACHABLE] = refuse_unreachable,
    [IMAGE_NO_PLATFORM] = refuse_variant,
    [IMAGE_PULLABLE] = refuse_pullable,
    [IMAGE_PENDING] = refuse_status,
    [IMAGE_PULLING] = refuse_status,
    [IMAGE_CONVERTING] = refuse_status,
    [IMAGE_FAILED] = refuse_status,
};
static_assert(ARRAY_LEN(refusals) == IMAGE_CONDITION_COUNT, "one row per condition");

/* --- platforms --------------------------------------------------------------------------- */

static const struct text platforms[] = {
    [HOST_AMD64] = { "linux/amd64", 11 },
    [HOST_ARM64] = { "linux/arm64", 11 },
};
static_assert(ARRAY_LEN(platforms) == HOST_ARCH_COUNT, "one platform per architecture");

static bool refuse_platform(const struct image_wish *wish, struct error *err, const char *what,
                            struct text part, const char *allowed)
{
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "platform",
                           RESOLVE "invalid platform: unsupported %s \"" TEXT_FMT "\": %s",
                           RESOLVE_ARGS(wish), what, TEXT_ARGS(part), allowed);
}

static bool parse_arch(struct text name, enum host_arch *out)
{
    static const struct {
        const char *name;
        enum host_arch arch;
    } names[] = {
        { "amd64", HOST_AMD64 }, { "arm64", HOST_ARM64 }, { "aarch64", HOST_ARM64 }, /* IMG-021c */
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (text_equal_cstr(name, names[i].name)) {
            *out = names[i].arch;
            return true;
        }
    }
    return false;
}

/* "linux/arm64/v8": a variant is allowed, and not used. */
static bool read_platform(const struct image_wish *wish, enum host_arch *out, struct error *err)
{
    struct text rest = wish->platform;
    struct text os = text_split(&rest, '/');
    struct text arch = text_split(&rest, '/');
    if (!text_equal_cstr(os, "linux"))
        return refuse_platform(wish, err, "os", os, "only linux guests are supported");
    if (!parse_arch(arch, out))
        return refuse_platform(wish, err, "architecture", arch, "must be amd64 or arm64");
    return true;
}

/* A Mac translates what its processor does not speak. */
static bool check_arch(enum host_arch arch, struct host_platform host, struct error *err)
{
    if (arch == host.arch || host.os != HOST_LINUX)
        return true;
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "image",
                           "invalid request: running %s images requires an emulation-capable "
                           "host; this host is %s/%s",
                           host_arch_name(arch), host_os_name(host.os), host_arch_name(host.arch));
}

/* --- the questions ----------------------------------------------------------------------- */

bool image_resolve(const struct world *world, struct text reference, struct text platform,
                   struct text *resolved, struct error *err)
{
    const struct host_platform host = world_settings(world)->host;
    struct image_wish wish = { .given = reference, .platform = platform };
    struct error cause = { 0 };
    enum host_arch arch = host.arch;

    if (platform.len == 0)
        wish.platform = platforms[arch];
    if (!read_platform(&wish, &arch, err))
        return false;
    if (!image_reference_parse(reference, &wish.reference, &cause))
        return error_set_field(err, ERROR_INTERNAL, "image", "invalid image name: %s",
                               cause.message);
    wish.condition = condition_of(world, &wish.reference);
    if (refusals[wish.condition] != NULL && !refusals[wish.condition](&wish, err))
        return false;
    if (!check_arch(arch, host, err))
        return false;
    *resolved = platforms[arch];
    return true;
}

bool image_check_present(const struct world *world, struct text reference, struct error *err)
{
    struct image_reference parsed;
    struct error cause = { 0 };
    if (image_reference_parse(reference, &parsed, &cause) &&
        condition_of(world, &parsed) != IMAGE_MISSING)
        return true;
    return error_set_field(err, ERROR_NOT_FOUND, "image", "instance image not found");
}
