/* The files of a guest, as its agent sees them: a small fixed tree and the mount paths of the
 * volumes (instances.md 13, 21). Pure.
 *
 *     /bin/sh /bin/ash -> /bin/sh   /etc/hostname /etc/os-release   /run /var/run -> ../run
 *     /root/unreadable: nothing can be said of it, not even to the agent */
#ifndef TESTKIT_MOCK_DOMAIN_GUEST_FILES_H
#define TESTKIT_MOCK_DOMAIN_GUEST_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"

enum guest_file_type { GUEST_NO_FILE, GUEST_DIRECTORY, GUEST_FILE, GUEST_LINK };

struct guest_file {
    enum guest_file_type type;
    int64_t mode; /* permission bits */
    int64_t size;
    const char *link_target; /* static; NULL unless a link                                       */
    const char *problem;     /* static; why it could not be looked at, other than that it does not
                                exist: "permission denied" (INST-STAT-007)                       */
};

/* Links on the way are followed, and one at the path's end with `follow`.
 * path     not empty; one that does not start with '/' is meant from the root
 * Fails    INVALID_STATE  instance must be running (current state: {S}) (INST-STAT-003)
 *          INTERNAL       the guest has no agent to ask (INST-STAT-009) */
MUST_USE bool guest_files_look_up(const struct instance *instance, int64_t now_ns, struct text path,
                                  bool follow, struct guest_file *out, struct error *err);

#endif
