#include "gateway/rpc/core_mutex.h"

#include <stddef.h>

/* absl::SetMutexDeadlockDetectionMode(OnDeadlockCycle), of its public headers, by its name in
 * Debian's library of 2022-06-23; another version has another name and keeps its default. */
enum on_deadlock_cycle { ON_DEADLOCK_CYCLE_IGNORE };
void set_detection_mode(enum on_deadlock_cycle mode) __asm__(
    "_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE") __attribute__((weak));

void core_mutex_trust(void)
{
    if (set_detection_mode != NULL)
        set_detection_mode(ON_DEADLOCK_CYCLE_IGNORE);
}
