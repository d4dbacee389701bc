/* SPDX-License-Identifier: BSD-3-Clause */
#include <signal.h>

#include "eal_args.h"

static void nothing(int signal)
{
	(void)signal;
}

/*
 * net_tap has the kernel send a real-time signal with each frame, so that its Rx function can
 * skip the read of an empty tap. Any thread of the process may be interrupted by it: the
 * control thread, on the CPU of those who send. A worker that polls gains nothing by it, and
 * the kernel pays for each frame. net_tap takes the first such signal that has no handler,
 * and does without if all have.
 */
void wr_eal_keep_signals_from_tap(void)
{
	const struct sigaction ours = {.sa_handler = nothing, .sa_flags = SA_RESTART};
	struct sigaction present;

	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		if (sigaction(s, NULL, &present) == 0 && present.sa_handler == SIG_DFL)
			sigaction(s, &ours, NULL);
}
