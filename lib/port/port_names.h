/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PORT_NAMES_H
#define WR_PORT_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Names of the offloads in a mask, separated by blanks; "none" if it is empty. */
void wr_port_rx_offload_names(uint64_t offloads, char *text, size_t size);
void wr_port_tx_offload_names(uint64_t offloads, char *text, size_t size);

#endif /* WR_PORT_NAMES_H */
