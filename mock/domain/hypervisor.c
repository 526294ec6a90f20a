#include "mock/domain/hypervisor.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

#define ON(os) (UINT32_C(1) << (os))

#define CAN(feature) (UINT32_C(1) << FEATURE_##feature)
#define CAN_ALWAYS                                                                                 \
    (CAN(SNAPSHOTS) | CAN(STANDBY) | CAN(FORK) | CAN(PAUSE) | CAN(BALLOON_CONTROL) | CAN(VSOCK))

static const struct {
    const char *name;
    uint32_t hosts;        /* operating systems with a backend for it */
    bool compression_ends; /* COMP-026                                */
    bool limits_devices;   /* SNAP-H-005                              */
    uint32_t features;     /* NEW-014                                 */
} hypervisors[] = {
    [HYPERVISOR_UNSET] = { "", 0, false, false, 0 },
    [HYPERVISOR_CLOUD_HYPERVISOR] = { "cloud-hypervisor", ON(HOST_LINUX) | ON(HOST_DARWIN), true,
                                      false,
                                      CAN_ALWAYS | CAN(HOTPLUG_MEMORY) | CAN(GPU_PASSTHROUGH) |
                                          CAN(DISK_IO_LIMIT) | CAN(DISK_RESIZE) },
    [HYPERVISOR_FIRECRACKER] = { "firecracker", ON(HOST_LINUX), true, false,
                                 CAN_ALWAYS | CAN(DISK_IO_LIMIT) },
    [HYPERVISOR_QEMU] = { "qemu", ON(HOST_LINUX) | ON(HOST_DARWIN), true, false,
                          CAN_ALWAYS | CAN(GPU_PASSTHROUGH) | CAN(DISK_IO_LIMIT) },
    [HYPERVISOR_QEMU_MICROVM] = { "qemu-microvm", ON(HOST_LINUX), true, true,
                                  CAN_ALWAYS | CAN(DISK_IO_LIMIT) },
    [HYPERVISOR_VZ] = { "vz", ON(HOST_DARWIN), false, false, CAN_ALWAYS },
};
static_assert(ARRAY_LEN(hypervisors) == HYPERVISOR_COUNT, "one row per hypervisor");

static const char *const feature_names[] = {
    [FEATURE_SNAPSHOTS] = "snapshots",
    [FEATURE_STANDBY] = "standby",
    [FEATURE_FORK] = "fork",
    [FEATURE_PAUSE] = "pause",
    [FEATURE_HOTPLUG_MEMORY] = "hotplug-memory",
    [FEATURE_BALLOON_CONTROL] = "balloon-control",
    [FEATURE_VSOCK] = "vsock",
    [FEATURE_GPU_PASSTHROUGH] = "gpu-passthrough",
    [FEATURE_DISK_IO_LIMIT] = "disk-io-limit",
    [FEATURE_DISK_RESIZE] = "disk-resize",
};
static_assert(ARRAY_LEN(feature_names) == HYPERVISOR_FEATURE_COUNT, "one name per feature");

static const char *const os_names[] = { [HOST_LINUX] = "linux", [HOST_DARWIN] = "darwin" };
static_assert(ARRAY_LEN(os_names) == HOST_OS_COUNT, "one name per system");

static const char *const arch_names[] = { [HOST_AMD64] = "amd64", [HOST_ARM64] = "arm64" };
static_assert(ARRAY_LEN(arch_names) == HOST_ARCH_COUNT, "one name per architecture");

const char *hypervisor_name(enum hypervisor h)
{
    return hypervisors[h].name;
}

bool hypervisor_parse(struct text name, enum hypervisor *out)
{
    for (size_t i = HYPERVISOR_UNSET + 1; i < HYPERVISOR_COUNT; i++) {
        if (text_equal_cstr(name, hypervisors[i].name)) {
            *out = (enum hypervisor)i;
            return true;
        }
    }
    return false;
}

const char *host_os_name(enum host_os os)
{
    return os_names[os];
}

const char *host_arch_name(enum host_arch arch)
{
    return arch_names[arch];
}

bool hypervisor_runs_on(enum hypervisor h, struct host_platform host)
{
    return (hypervisors[h].hosts & ON(host.os)) != 0;
}

bool hypervisor_can_standby(enum hypervisor h, struct host_platform host)
{
    return h != HYPERVISOR_VZ || host.arch != HOST_AMD64;
}

const char *hypervisor_feature_name(enum hypervisor_feature feature)
{
    return feature_names[feature];
}

bool hypervisor_has(enum hypervisor h, struct host_platform host, enum hypervisor_feature feature)
{
    if ((feature == FEATURE_SNAPSHOTS || feature == FEATURE_STANDBY) &&
        !hypervisor_can_standby(h, host))
        return false;
    return (hypervisors[h].features & (UINT32_C(1) << feature)) != 0;
}

bool hypervisor_is_offered_on(enum hypervisor h, struct host_platform host)
{
    if (host.os == HOST_DARWIN)
        return h == HYPERVISOR_VZ;
    return hypervisor_runs_on(h, host) && (h != HYPERVISOR_QEMU_MICROVM || host.arch == HOST_AMD64);
}

bool hypervisor_compression_ends(enum hypervisor h)
{
    return hypervisors[h].compression_ends;
}

static bool refuse(enum hypervisor h, struct error *err, const char *reason)
{
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "hypervisor",
                           "invalid request: hypervisor %s: %s", hypervisor_name(h), reason);
}

bool hypervisor_check_machine(enum hypervisor h, struct host_platform host, struct error *err)
{
    if (h != HYPERVISOR_QEMU_MICROVM || host.arch == HOST_AMD64)
        return true;
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "hypervisor",
                           "invalid request: hypervisor %s: machine type \"microvm\" is not "
                           "supported on %s/%s",
                           hypervisor_name(h), host_os_name(host.os), host_arch_name(host.arch));
}

bool hypervisor_check_devices(enum hypervisor h, const struct device_plan *plan, struct error *err)
{
    enum { MMIO_MAX = 8, VSOCK = 1 };

    if (!hypervisors[h].limits_devices)
        return true;
    if (plan->hotplug_bytes > 0)
        return refuse(h, err, "microvm does not support hotplug memory");
    if (plan->has_pci_devices)
        return refuse(h, err, "microvm does not support PCI devices");

    int64_t networks = plan->has_network ? 1 : 0;
    int64_t total = plan->disks + networks + VSOCK;
    if (total > MMIO_MAX)
        return error_set_field(err, ERROR_INVALID_ARGUMENT, "hypervisor",
                               "invalid request: hypervisor %s: microvm supports at most 8 "
                               "virtio-mmio devices (got %" PRId64 ": disks=%" PRId64
                               " networks=%" PRId64 " vsock=true balloon=false)",
                               hypervisor_name(h), total, plan->disks, networks);
    return true;
}
