/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port_host.h"

/* Does an ioctl about an interface. */
static int ask(unsigned if_index, unsigned long what, struct ifreq *request)
{
	int fd, rc = 0;

	if (!if_indextoname(if_index, request->ifr_name))
		return -errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, what, request) != 0)
		rc = -errno;
	close(fd);
	return rc;
}

int wr_host_set_mtu(unsigned if_index, uint16_t mtu)
{
	struct ifreq request = {.ifr_mtu = mtu};

	return ask(if_index, SIOCSIFMTU, &request);
}

int wr_host_mtu(unsigned if_index, uint32_t *mtu, char *name)
{
	struct ifreq request = {0};
	int rc = ask(if_index, SIOCGIFMTU, &request);

	if (rc != 0)
		return rc;
	*mtu = (uint32_t)request.ifr_mtu;
	memcpy(name, request.ifr_name, IF_NAMESIZE);
	return 0;
}

int wr_host_take_mac(unsigned if_index, const struct rte_ether_addr *mac)
{
	struct packet_mreq request = {
		.mr_ifindex = (int)if_index,
		.mr_type = PACKET_MR_UNICAST,
		.mr_alen = RTE_ETHER_ADDR_LEN,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* receives nothing itself */
	int rc;

	if (fd < 0)
		return -errno;
	memcpy(request.mr_address, mac->addr_bytes, RTE_ETHER_ADDR_LEN);
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof(request)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}
