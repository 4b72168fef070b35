/* SPDX-License-Identifier: MIT */
#ifndef KESTREL_H
#define KESTREL_H

#include <stdbool.h>
#include <stddef.h>

#include "kestrel_uapi.h"

#define EXIT_USAGE 2 /* the command line or the configuration is wrong */

enum source_choice { SOURCE_AUTO, SOURCE_DEVICE, SOURCE_PROC };

struct options {
	bool once;
	unsigned int interval_ms;
	enum source_choice source;
	const char *device;
	const char *last; /* NULL when the newest sample is not kept */
};

/* Something that has a sample to read whenever its file descriptor is readable. */
struct source {
	const char *name;
	int fd;
	bool (*read)(struct source *source, struct kestrel_event *event);
	const char *path;
	unsigned long long sequence;
};

/* kestrel.c: says what is wrong on standard error */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* options.c: ends the program with EXIT_USAGE when something is wrong */
struct options options_parse(int argc, char **argv);

/* source.c */
struct source source_open(const struct options *options);

/* output.c */
void output_sample(const struct source *source, const struct kestrel_event *event, const char *last);

#endif
