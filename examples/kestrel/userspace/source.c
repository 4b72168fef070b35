/* SPDX-License-Identifier: MIT */
/* Where samples come from: the driver, or /proc at an interval. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "kestrel.h"

static const struct kestrel_versions wanted = {
	.api = { .major = KESTREL_API_MAJOR, .minor = KESTREL_API_MINOR, .patch = KESTREL_API_PATCH },
	.schema = { .major = KESTREL_SCHEMA_MAJOR, .minor = KESTREL_SCHEMA_MINOR, .patch = KESTREL_SCHEMA_PATCH },
};

static bool device_read(struct source *source, struct kestrel_event *event)
{
	ssize_t length = read(source->fd, event, sizeof(*event));

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (length < 0)
		fail(EXIT_FAILURE, "cannot read %s: %s", source->path, strerror(errno));
	if (length != sizeof(*event))
		fail(EXIT_FAILURE, "%s gave %zd bytes instead of a sample", source->path, length);
	return true;
}

static bool compatible(const char *what, struct kestrel_version driver, struct kestrel_version agent)
{
	if (driver.major == agent.major && driver.minor >= agent.minor)
		return true;
	complain("the driver has %s version %u.%u.%u, this agent needs %u.%u or a later %u.x", what, driver.major,
		 driver.minor, driver.patch, agent.major, agent.minor, agent.major);
	return false;
}

static bool device_compatible(int fd, const char *path)
{
	struct kestrel_versions driver;

	if (ioctl(fd, (int)KESTREL_IOC_VERSIONS, &driver) < 0) {
		complain("%s is not the kestrel driver: %s", path, strerror(errno));
		return false;
	}
	return compatible("API", driver.api, wanted.api) && compatible("schema", driver.schema, wanted.schema);
}

static bool device_open(const char *path, struct source *source)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		complain("cannot open %s: %s", path, strerror(errno));
		return false;
	}
	if (!device_compatible(fd, path)) {
		close(fd);
		return false;
	}
	*source = (struct source){ .name = "device", .fd = fd, .read = device_read, .path = path };
	return true;
}

static FILE *proc_file(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		fail(EXIT_FAILURE, "cannot open %s: %s", path, strerror(errno));
	return file;
}

static void read_load(struct kestrel_event *event)
{
	FILE *file = proc_file("/proc/loadavg");
	unsigned int whole[3], hundredths[3];
	int i;

	if (fscanf(file, "%u.%2u %u.%2u %u.%2u", &whole[0], &hundredths[0], &whole[1], &hundredths[1], &whole[2],
		   &hundredths[2]) != 6)
		fail(EXIT_FAILURE, "/proc/loadavg is not in the known form");
	fclose(file);
	for (i = 0; i < 3; i++)
		event->load_hundredths[i] = whole[i] * 100 + hundredths[i];
}

static void read_memory(struct kestrel_event *event)
{
	FILE *file = proc_file("/proc/meminfo");
	unsigned long long total = 0, available = 0;
	char *line = NULL;
	size_t size = 0;
	int found = 0;

	while (found < 2 && getline(&line, &size, file) > 0) {
		found += sscanf(line, "MemTotal: %llu kB", &total) == 1;
		found += sscanf(line, "MemAvailable: %llu kB", &available) == 1;
	}
	if (found < 2)
		fail(EXIT_FAILURE, "/proc/meminfo says nothing of MemTotal or MemAvailable");
	free(line);
	fclose(file);
	event->memory_total_kib = total;
	event->memory_available_kib = available;
}

static void read_cpus(struct kestrel_event *event)
{
	FILE *file = proc_file("/proc/stat");
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, file) > 0)
		event->cpus_online += strncmp(line, "cpu", 3) == 0 && isdigit((unsigned char)line[3]);
	free(line);
	fclose(file);
}

static unsigned long long uptime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (unsigned long long)now.tv_sec * 1000000000 + (unsigned long long)now.tv_nsec;
}

static bool proc_read(struct source *source, struct kestrel_event *event)
{
	uint64_t expirations;

	if (read(source->fd, &expirations, sizeof(expirations)) < 0)
		return false;
	*event = (struct kestrel_event){ .sequence = source->sequence++, .uptime_ns = uptime_ns() };
	read_load(event);
	read_memory(event);
	read_cpus(event);
	return true;
}

static struct source proc_open(unsigned int interval_ms)
{
	struct itimerspec interval = {
		.it_value = { .tv_nsec = 1 },
		.it_interval = { .tv_sec = interval_ms / 1000, .tv_nsec = interval_ms % 1000 * 1000000 },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0 || timerfd_settime(fd, 0, &interval, NULL) < 0)
		fail(EXIT_FAILURE, "cannot set a timer: %s", strerror(errno));
	return (struct source){ .name = "proc", .fd = fd, .read = proc_read, .path = "/proc" };
}

struct source source_open(const struct options *options)
{
	struct source source;

	if (options->source != SOURCE_PROC) {
		if (device_open(options->device, &source))
			return source;
		if (options->source == SOURCE_DEVICE)
			fail(EXIT_FAILURE, "no sample without the driver: load it, or set 'source = auto'");
		complain("reading /proc instead");
	}
	return proc_open(options->interval_ms);
}
