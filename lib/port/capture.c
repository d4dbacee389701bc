/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture.h"
#include "wr_base.h"

void wr_capture_begin(struct wr_capture *capture)
{
	int fd = memfd_create("wringer-eal", MFD_CLOEXEC);

	capture->saved[0] = fd;
	if (fd < 0)
		return;
	fflush(stdout);
	fflush(stderr);
	for (int i = 1; i <= 2; i++) {
		capture->saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (capture->saved[i] >= 0)
			dup2(fd, i);
	}
}

static char *read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = size > 0 ? malloc((size_t)size + 1) : NULL;
	ssize_t n = text ? pread(fd, text, (size_t)size, 0) : 0;

	if (text)
		text[n > 0 ? n : 0] = '\0';
	return text;
}

char *wr_capture_end(struct wr_capture *capture)
{
	char *text;

	if (capture->saved[0] < 0)
		return NULL;
	fflush(stdout);
	fflush(stderr);
	for (int i = 1; i <= 2; i++) {
		if (capture->saved[i] < 0)
			continue;
		dup2(capture->saved[i], i);
		close(capture->saved[i]);
	}
	text = read_all(capture->saved[0]);
	close(capture->saved[0]);
	return text;
}

/* The text behind "WORD: " or "function(): " of a log line; NULL if it is no such line. */
static const char *message_of(const char *line, size_t len)
{
	size_t i = 0;

	while (i < len && (isalnum((unsigned char)line[i]) || strchr("_()", line[i])))
		i++;
	if (i == 0 || i + 2 >= len || line[i] != ':' || line[i + 1] != ' ' ||
	    strncmp(line, "Usage", 5) == 0)
		return NULL;
	return line + i + 2;
}

/* Lines that only say that something failed; another line says what. */
static bool is_general(const char *message, size_t len)
{
	static const char *const phrases[] = {"FATAL: ",
	                                      "Bus (",
	                                      "failed to initialize",
	                                      "Cannot probe devices",
	                                      "Invalid 'command line' arguments",
	                                      "Cannot init ",
	                                      "Unable to parse device",
	                                      "No legacy callbacks"};

	for (size_t i = 0; i < WR_LEN(phrases); i++)
		if (memmem(message, len, phrases[i], strlen(phrases[i])))
			return true;
	return false;
}

void wr_capture_reason(const char *text, char *line, size_t size)
{
	bool found = false;

	line[0] = '\0';
	while (text && *text) {
		size_t len = strcspn(text, "\n");
		const char *message = message_of(text, len);
		size_t skipped = message ? (size_t)(message - text) : 0;

		if (message && (!found || !is_general(message, len - skipped))) {
			found = !is_general(message, len - skipped);
			snprintf(line, size, "%.*s", (int)(len - skipped), message);
		}
		text += len + (text[len] == '\n');
	}
}
