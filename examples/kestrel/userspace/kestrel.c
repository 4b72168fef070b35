/* SPDX-License-Identifier: MIT */
/* kestrel: prints samples of the machine's load, one line of JSON each. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "kestrel.h"

static void vcomplain(const char *format, va_list arguments)
{
	fputs("kestrel: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vcomplain(format, arguments);
	va_end(arguments);
}

_Noreturn void fail(int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vcomplain(format, arguments);
	va_end(arguments);
	exit(status);
}

/* A descriptor that becomes readable when the program is asked to stop. */
static int open_stop_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (fd < 0)
		fail(EXIT_FAILURE, "cannot wait for signals: %s", strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	struct options options = options_parse(argc, argv);
	struct pollfd stop = { .fd = open_stop_signals(), .events = POLLIN };
	struct source source = source_open(&options);
	struct pollfd waits[] = { stop, { .fd = source.fd, .events = POLLIN } };
	struct kestrel_event event;

	for (;;) {
		if (poll(waits, 2, -1) < 0 && errno != EINTR)
			fail(EXIT_FAILURE, "cannot wait for a sample: %s", strerror(errno));
		if (waits[0].revents)
			return EXIT_SUCCESS;
		if (!waits[1].revents || !source.read(&source, &event))
			continue;
		output_sample(&source, &event, options.last);
		if (options.once)
			return EXIT_SUCCESS;
	}
}
