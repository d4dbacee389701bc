/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a target on every file of a folder: replay_NAME FOLDER. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define BYTES_MAX (1u << 20)

static void replay(const char *folder, const char *name)
{
	uint8_t *bytes = malloc(BYTES_MAX), *input;
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	printf("%s\n", path);
	fflush(stdout);
	file = fopen(path, "rb");
	FUZZ_HOLDS(file && bytes);
	size = fread(bytes, 1, BYTES_MAX, file);
	fclose(file);
	/* Of just that size, so that reading beyond it is seen. */
	input = malloc(size ? size : 1);
	FUZZ_HOLDS(input != NULL);
	for (size_t i = 0; i < size; i++)
		input[i] = bytes[i];
	free(bytes);
	LLVMFuzzerTestOneInput(input, size);
	free(input);
}

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct dirent **entry;
	int n = argc == 2 ? scandir(argv[1], &entry, is_file, alphasort) : -1;

	if (n <= 0) {
		fprintf(stderr, "usage: %s FOLDER, with a file in it\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < n; i++) {
		replay(argv[1], entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	printf("%d files\n", n);
	return 0;
}
