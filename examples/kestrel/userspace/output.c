/* SPDX-License-Identifier: MIT */
/* Samples as JSON, on standard output and in a file that holds the newest one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kestrel.h"

static void write_sample(FILE *file, const char *time, const char *source, const struct kestrel_event *event)
{
	const __u32 *load = event->load_hundredths;

	fprintf(file,
		"{\"time\":\"%s\",\"source\":\"%s\",\"sequence\":%llu,\"uptime_ns\":%llu,"
		"\"load\":[%u.%02u,%u.%02u,%u.%02u],\"cpus_online\":%u,"
		"\"memory_total_kib\":%llu,\"memory_available_kib\":%llu}\n",
		time, source, event->sequence, event->uptime_ns, load[0] / 100, load[0] % 100, load[1] / 100,
		load[1] % 100, load[2] / 100, load[2] % 100, event->cpus_online, event->memory_total_kib,
		event->memory_available_kib);
}

/* Replaces the file in one step, so that it always holds one whole sample. */
static void keep_sample(const char *path, const char *time, const char *source, const struct kestrel_event *event)
{
	char *fresh;
	FILE *file;
	bool written;

	if (asprintf(&fresh, "%s.new", path) < 0)
		fail(EXIT_FAILURE, "out of memory");
	file = fopen(fresh, "we");
	if (!file)
		fail(EXIT_FAILURE, "cannot write %s: %s", fresh, strerror(errno));
	write_sample(file, time, source, event);
	written = !ferror(file);
	if (fclose(file) == EOF || !written)
		fail(EXIT_FAILURE, "cannot write %s: %s", fresh, strerror(errno));
	if (rename(fresh, path) < 0)
		fail(EXIT_FAILURE, "cannot replace %s: %s", path, strerror(errno));
	free(fresh);
}

void output_sample(const struct source *source, const struct kestrel_event *event, const char *last)
{
	time_t now = time(NULL);
	char text[sizeof("2000-01-01T00:00:00Z")];
	struct tm utc;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	write_sample(stdout, text, source->name, event);
	if (fflush(stdout) == EOF || ferror(stdout))
		fail(EXIT_FAILURE, "cannot write to standard output: %s", strerror(errno));
	if (last)
		keep_sample(last, text, source->name, event);
}
