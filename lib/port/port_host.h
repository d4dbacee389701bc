/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_PORT_HOST_H
#define WR_PORT_HOST_H

#include <stdint.h>

#include <rte_ether.h>

/* The kernel's interface behind a device, by its index. */

/* Sets the MTU. Returns 0 or a negative errno. */
int wr_host_set_mtu(unsigned if_index, uint16_t mtu);

/* The MTU and the name (IF_NAMESIZE bytes). Returns 0 or a negative errno. */
int wr_host_mtu(unsigned if_index, uint32_t *mtu, char *name);

/*
 * Has the interface take frames to `mac` besides those to its own address, until the file
 * descriptor that is returned is closed. Returns a negative errno if it cannot.
 */
int wr_host_take_mac(unsigned if_index, const struct rte_ether_addr *mac);

#endif /* WR_PORT_HOST_H */
