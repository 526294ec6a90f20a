#include "mock/domain/guest_files.h"

#include <assert.h>
#include <string.h>

#include "mock/domain/volumes.h"

enum { PATH_BYTES = 4096, LONGEST_TARGET = 16, NAME_BYTES = 255, BLOCK_BYTES = 4096 };

/* What may stand in the way of a look, in the words of the guest's system. */
static const char denied[] = "permission denied";
static const char not_a_directory[] = "not a directory";
static const char too_long[] = "file name too long";
static const char invalid[] = "invalid argument";

/* By full path. No link leads to another link. */
static const struct {
    const char *path;
    struct guest_file file;
} tree[] = {
    { "/", { .type = GUEST_DIRECTORY, .mode = 0755 } },
    { "/bin", { .type = GUEST_DIRECTORY, .mode = 0755 } },
    { "/bin/ash", { .type = GUEST_LINK, .mode = 0777, .link_target = "/bin/sh" } },
    { "/bin/sh", { .type = GUEST_FILE, .mode = 0755, .size = 808712 } },
    { "/etc", { .type = GUEST_DIRECTORY, .mode = 0755 } },
    { "/etc/hostname", { .type = GUEST_FILE, .mode = 0644 } }, /* as long as the name */
    { "/etc/os-release", { .type = GUEST_FILE, .mode = 0644, .size = 188 } },
    { "/root", { .type = GUEST_DIRECTORY, .mode = 0700 } },
    { "/root/unreadable", { .problem = denied } },
    { "/run", { .type = GUEST_DIRECTORY, .mode = 0755 } },
    { "/tmp", { .type = GUEST_DIRECTORY, .mode = 0777 } },
    { "/var", { .type = GUEST_DIRECTORY, .mode = 0755 } },
    { "/var/run", { .type = GUEST_LINK, .mode = 0777, .link_target = "../run" } },
};

/* A file on the way through a path. */
struct place {
    const struct instance_config *config;
    char path[PATH_BYTES + LONGEST_TARGET]; /* without links, "." and ".."; "" is the root */
    size_t len;
    struct guest_file file;
};

static bool is_mounted(const struct volume_attachment *volume, struct text path)
{
    char room[PATH_BYTES];
    if (volume->mount_path.len > sizeof room)
        return false;
    struct text mount = volumes_clean_path(volume->mount_path, room);
    return text_starts_with(mount, path) && (mount.len == path.len || mount.data[path.len] == '/');
}

static struct guest_file find(const struct instance_config *config, struct text path)
{
    for (size_t i = 0; i < ARRAY_LEN(tree); i++) {
        if (text_equal_cstr(path.len == 0 ? TEXT("/") : path, tree[i].path))
            return tree[i].file;
    }
    for (size_t i = 0; i < config->volume_count; i++) {
        if (is_mounted(&config->volumes[i], path))
            return (struct guest_file){ .type = GUEST_DIRECTORY, .mode = 0755 };
    }
    return (struct guest_file){ .type = GUEST_NO_FILE };
}

static void arrive(struct place *at, size_t len)
{
    at->len = len;
    at->file = find(at->config, (struct text){ at->path, len });
}

static void leave(struct place *at)
{
    size_t len = at->len;
    while (len > 0 && at->path[--len] != '/')
        ;
    arrive(at, len);
}

static void stop(struct place *at, const char *problem)
{
    at->file = (struct guest_file){ .type = GUEST_NO_FILE, .problem = problem };
}

static void enter(struct place *at, struct text name)
{
    if (name.len > NAME_BYTES) {
        stop(at, too_long);
        return;
    }
    assert(at->len + 1 + name.len <= sizeof at->path);
    at->path[at->len] = '/';
    memcpy(at->path + at->len + 1, name.data, name.len);
    arrive(at, at->len + 1 + name.len);
}

/* From where it is to where the path leads. */
static void walk(struct place *at, struct text path, bool follow)
{
    if (path.len > 0 && path.data[0] == '/')
        arrive(at, 0);
    for (struct text rest = path; rest.data != NULL;) {
        struct text name = text_split(&rest, '/');
        if (at->file.type == GUEST_FILE)
            stop(at, not_a_directory);
        if (at->file.type != GUEST_DIRECTORY)
            return;
        if (text_equal_cstr(name, ".."))
            leave(at);
        else if (name.len > 0 && !text_equal_cstr(name, "."))
            enter(at, name);
        if (at->file.type == GUEST_LINK && (follow || rest.data != NULL)) {
            struct text target = text_of(at->file.link_target);
            leave(at);
            walk(at, target, true); /* no deeper: no link leads to another */
        }
    }
}

/* What depends on more than the tree. */
static int64_t size_of(const struct place *at)
{
    switch (at->file.type) {
    case GUEST_DIRECTORY:
        return BLOCK_BYTES;
    case GUEST_LINK:
        return (int64_t)strlen(at->file.link_target);
    case GUEST_NO_FILE:
        return 0;
    case GUEST_FILE:
        break;
    }
    bool is_hostname = text_equal_cstr((struct text){ at->path, at->len }, "/etc/hostname");
    return is_hostname ? (int64_t)at->config->name.len + 1 : at->file.size;
}

bool guest_files_look_up(const struct instance *instance, int64_t now_ns, struct text path,
                         bool follow, struct guest_file *out, struct error *err)
{
    enum instance_state state = instance_view(instance, now_ns).state;
    struct place at = { .config = instance->config };

    if (state != INSTANCE_RUNNING)
        return error_set(err, ERROR_INVALID_STATE, "instance must be running (current state: %s)",
                         instance_state_name(state));
    if (instance->config->skip_guest_agent)
        return error_set(err, ERROR_INTERNAL, "the guest has no agent");
    arrive(&at, 0);
    if (memchr(path.data, '\0', path.len) != NULL)
        stop(&at, invalid);
    else if (path.len >= PATH_BYTES)
        stop(&at, too_long);
    else
        walk(&at, path, follow);
    at.file.size = size_of(&at);
    *out = at.file;
    return true;
}
