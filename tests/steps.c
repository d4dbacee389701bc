/* SPDX-License-Identifier: BSD-3-Clause */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "steps.h"

#define BEGIN SIGUSR1
#define END   SIGUSR2

/* parent: writes, child: reads, while it is stopped in between */
static volatile uint64_t *counted;

void steps_begin(void)
{
	raise(BEGIN);
}

uint64_t steps_end(void)
{
	raise(END);
	return *counted;
}

/* Lets the child run until it ends, and steps through what it asks for. */
static int trace(pid_t child)
{
	bool stepping = false;
	int status;

	while (waitpid(child, &status, __WALL) == child) {
		int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			break;
		if (signal == BEGIN) {
			stepping = true;
			*counted = 0;
		} else if (signal == END) {
			stepping = false;
		} else if (signal == SIGTRAP && stepping) {
			(*counted)++;
		}
		if (signal == BEGIN || signal == END || signal == SIGTRAP || signal == SIGSTOP)
			signal = 0;
		ptrace(stepping ? PTRACE_SINGLESTEP : PTRACE_CONT, child, NULL, signal);
	}
	fprintf(stderr, "the test was killed\n");
	return EXIT_FAILURE;
}

int steps_main(int (*run)(void))
{
	pid_t child;

	counted = mmap(NULL, sizeof(*counted), PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counted == MAP_FAILED)
		return EXIT_FAILURE;
	child = fork();
	if (child < 0)
		return EXIT_FAILURE;
	if (child > 0)
		return trace(child);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	exit(run());
}
