/* The five hypervisors: names, where they run, what they refuse. Tables only. */
#ifndef TESTKIT_MOCK_DOMAIN_HYPERVISOR_H
#define TESTKIT_MOCK_DOMAIN_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

enum hypervisor {
    HYPERVISOR_UNSET, /* in requests: the server's default. Never in a stored record */
    HYPERVISOR_CLOUD_HYPERVISOR,
    HYPERVISOR_FIRECRACKER,
    HYPERVISOR_QEMU,
    HYPERVISOR_QEMU_MICROVM,
    HYPERVISOR_VZ,
    HYPERVISOR_COUNT,
};

enum host_os { HOST_LINUX, HOST_DARWIN, HOST_OS_COUNT };
enum host_arch { HOST_AMD64, HOST_ARM64, HOST_ARCH_COUNT };

struct host_platform {
    enum host_os os;
    enum host_arch arch;
};

/* "cloud-hypervisor" ...; "" for HYPERVISOR_UNSET. Static text. */
const char *hypervisor_name(enum hypervisor h);
/* False, *out untouched, when `name` is none of the five. */
MUST_USE bool hypervisor_parse(struct text name, enum hypervisor *out);

const char *host_os_name(enum host_os os);       /* "linux", "darwin" */
const char *host_arch_name(enum host_arch arch); /* "amd64", "arm64"  */

/* Whether a server on that host has a backend for it (snapshots.md section 13, SNAP-H-002). */
bool hypervisor_runs_on(enum hypervisor h, struct host_platform host);

/* Whether a Running guest can be put in standby and captured: all but vz on amd64 (SNAP-C-034). */
bool hypervisor_can_standby(enum hypervisor h, struct host_platform host);

/* Whether a compression job of its snapshots ever ends: all but vz (COMP-026). */
bool hypervisor_compression_ends(enum hypervisor h);

/* Fails    INVALID_ARGUMENT, field "hypervisor": invalid request: hypervisor qemu-microvm: machine
 * type "microvm" is not supported on linux/arm64 (SNAP-H-003) */
MUST_USE bool hypervisor_check_machine(enum hypervisor h, struct host_platform host,
                                       struct error *err);

/* What a hypervisor can do, in the order GET /capabilities lists them (NEW-014). */
enum hypervisor_feature {
    FEATURE_SNAPSHOTS,
    FEATURE_STANDBY,
    FEATURE_FORK,
    FEATURE_PAUSE,
    FEATURE_HOTPLUG_MEMORY,
    FEATURE_BALLOON_CONTROL,
    FEATURE_VSOCK,
    FEATURE_GPU_PASSTHROUGH,
    FEATURE_DISK_IO_LIMIT,
    FEATURE_DISK_RESIZE,
    HYPERVISOR_FEATURE_COUNT,
};
const char *hypervisor_feature_name(enum hypervisor_feature feature); /* "hotplug-memory" ... */
bool hypervisor_has(enum hypervisor h, struct host_platform host, enum hypervisor_feature feature);

/* Whether a server on that host says it supports it: fewer than those with a backend (NEW-013). */
bool hypervisor_is_offered_on(enum hypervisor h, struct host_platform host);

/* What a virtual machine is made of, as far as a hypervisor may refuse it. */
struct device_plan {
    int64_t hotplug_bytes;
    bool has_pci_devices; /* devices or a vGPU                                             */
    int64_t disks;        /* 3 + one per volume + one more per overlay volume              */
    bool has_network;
};

/* Fails    INVALID_ARGUMENT, field "hypervisor" (INST-C-042..044, SNAP-R-013..015):
 *          invalid request: hypervisor qemu-microvm: microvm does not support hotplug memory
 *          ... microvm does not support PCI devices
 *          ... microvm supports at most 8 virtio-mmio devices (got {n}: disks={d} networks={k}
 *          vsock=true balloon=false) */
MUST_USE bool hypervisor_check_devices(enum hypervisor h, const struct device_plan *plan,
                                       struct error *err);

#endif
