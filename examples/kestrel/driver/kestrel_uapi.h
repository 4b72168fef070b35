/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The interface between the kestrel driver and its readers.
 *
 * API_VERSION numbers the operations of the device, SCHEMA_VERSION the layout
 * of struct kestrel_event. Both follow SemVer: a reader works with a driver of
 * the same major version and of the same or a higher minor version.
 */
#ifndef KESTREL_UAPI_H
#define KESTREL_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KESTREL_DEVICE "kestrel"

/* One sample of the machine's load. Reads return a whole number of these. */
struct kestrel_event {
	__u64 sequence;			/* a gap means that the reader was too slow */
	__u64 uptime_ns;		/* CLOCK_BOOTTIME */
	__u32 load_hundredths[3];	/* over 1, 5 and 15 minutes */
	__u32 cpus_online;
	__u64 memory_total_kib;
	__u64 memory_available_kib;
};

struct kestrel_version {
	__u16 major;
	__u16 minor;
	__u16 patch;
	__u16 reserved;
};

struct kestrel_versions {
	struct kestrel_version api;
	struct kestrel_version schema;
};

#define KESTREL_IOC_VERSIONS _IOR(0xEE, 0x01, struct kestrel_versions)

#endif
