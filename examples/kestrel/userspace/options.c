/* SPDX-License-Identifier: MIT */
/* The command line and the configuration file. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kestrel.h"

#define INTERVAL_MS_MIN 10
#define INTERVAL_MS_MAX 3600000

static const char help[] =
	"Usage: kestrel [--once] [--config FILE]\n"
	"       kestrel --version | --help\n"
	"\n"
	"Prints samples of the machine's load, one line of JSON each: from the kestrel\n"
	"driver, or from /proc when the driver is not there.\n"
	"\n"
	"  --once         print one sample and exit\n"
	"  --config FILE  read the configuration from FILE\n"
	"  --version      print the version and exit\n"
	"  --help         print this help and exit\n";

/* Where a setting stands, for messages about it. */
struct place {
	const char *file;
	unsigned int line;
};

static char *copy(const char *text)
{
	char *result = strdup(text);

	if (!result)
		fail(EXIT_FAILURE, "out of memory");
	return result;
}

static char *trim(char *text)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return text;
}

static void set_interval(struct options *options, const char *value, const struct place *place)
{
	unsigned long interval = 0;
	char *end = NULL;

	if (isdigit((unsigned char)*value))
		interval = strtoul(value, &end, 10);
	if (!end || *end || interval < INTERVAL_MS_MIN || interval > INTERVAL_MS_MAX)
		fail(EXIT_USAGE, "%s:%u: interval_ms must be a number from %d to %d, not '%s'", place->file,
		     place->line, INTERVAL_MS_MIN, INTERVAL_MS_MAX, value);
	options->interval_ms = (unsigned int)interval;
}

static void set_source(struct options *options, const char *value, const struct place *place)
{
	if (strcmp(value, "auto") == 0)
		options->source = SOURCE_AUTO;
	else if (strcmp(value, "device") == 0)
		options->source = SOURCE_DEVICE;
	else if (strcmp(value, "proc") == 0)
		options->source = SOURCE_PROC;
	else
		fail(EXIT_USAGE, "%s:%u: source must be auto, device or proc, not '%s'", place->file, place->line,
		     value);
}

static const char *absolute_path(const char *key, const char *value, const struct place *place)
{
	if (*value != '/')
		fail(EXIT_USAGE, "%s:%u: %s must be an absolute path, not '%s'", place->file, place->line, key, value);
	return copy(value);
}

static void set_device(struct options *options, const char *value, const struct place *place)
{
	options->device = absolute_path("device", value, place);
}

static void set_last(struct options *options, const char *value, const struct place *place)
{
	options->last = absolute_path("last", value, place);
}

static const struct setting {
	const char *key;
	void (*set)(struct options *options, const char *value, const struct place *place);
} settings[] = {
	{ "interval_ms", set_interval },
	{ "source", set_source },
	{ "device", set_device },
	{ "last", set_last },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

static size_t find_setting(const char *key, const struct place *place)
{
	size_t i;

	for (i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].key, key) == 0)
			return i;
	fail(EXIT_USAGE, "%s:%u: unknown key '%s'; the keys are interval_ms, source, device and last", place->file,
	     place->line, key);
}

static void parse_line(struct options *options, char *line, const struct place *place, bool *seen)
{
	char *equals = strchr(line, '=');
	const char *key, *value;
	size_t i;

	if (!equals)
		fail(EXIT_USAGE, "%s:%u: expected 'key = value', not '%s'", place->file, place->line, line);
	*equals = '\0';
	key = trim(line);
	value = trim(equals + 1);

	i = find_setting(key, place);
	if (seen[i])
		fail(EXIT_USAGE, "%s:%u: %s is set twice", place->file, place->line, key);
	if (!*value)
		fail(EXIT_USAGE, "%s:%u: %s has no value", place->file, place->line, key);
	seen[i] = true;
	settings[i].set(options, value, place);
}

static void parse_config(struct options *options, const char *path)
{
	struct place place = { .file = path };
	bool seen[SETTINGS] = { false };
	FILE *file = fopen(path, "re");
	char *buffer = NULL, *line;
	size_t size = 0;
	ssize_t length;

	if (!file)
		fail(EXIT_USAGE, "cannot open the configuration %s: %s", path, strerror(errno));
	while ((length = getline(&buffer, &size, file)) > 0) {
		place.line++;
		if (strlen(buffer) != (size_t)length)
			fail(EXIT_USAGE, "%s:%u: the line holds a NUL byte", path, place.line);
		line = trim(buffer);
		if (*line && *line != '#')
			parse_line(options, line, &place, seen);
	}
	if (ferror(file))
		fail(EXIT_USAGE, "cannot read the configuration %s: %s", path, strerror(errno));
	free(buffer);
	fclose(file);
}

static _Noreturn void print_and_exit(const char *text)
{
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		fail(EXIT_FAILURE, "cannot write to standard output: %s", strerror(errno));
	exit(EXIT_SUCCESS);
}

struct options options_parse(int argc, char **argv)
{
	struct options options = {
		.interval_ms = 1000,
		.source = SOURCE_AUTO,
		.device = "/dev/" KESTREL_DEVICE,
	};
	const char *config = NULL, *print = NULL;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--once") == 0)
			options.once = true;
		else if (strcmp(argv[i], "--version") == 0)
			print = "kestrel " KESTREL_VERSION "\n";
		else if (strcmp(argv[i], "--help") == 0)
			print = help;
		else if (strcmp(argv[i], "--config") != 0)
			fail(EXIT_USAGE, "unknown argument '%s'; 'kestrel --help' lists what there is", argv[i]);
		else if (config)
			fail(EXIT_USAGE, "--config is given twice");
		else if (++i == argc)
			fail(EXIT_USAGE, "--config needs a file name");
		else
			config = argv[i];
	}
	if (print)
		print_and_exit(print);
	if (config)
		parse_config(&options, config);
	return options;
}
