/* SPDX-License-Identifier: BSD-3-Clause */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "eal_device.h"
#include "wr_base.h"

/* A slot of a packet socket's ring: struct tpacket2_hdr, an address, alignment, Ethernet. */
#define PACKET_OVERHEAD   80
#define PACKET_PLAIN_SLOT 2048 /* ... and a block of four */
#define PACKET_STEP       16   /* TPACKET_ALIGNMENT */
#define PACKET_SLOTS      1024

/* Takes the interface name that ends at ',' or at the end of the text. */
int wr_device_take_iface(const struct wr_device_text *t, struct wr_eal_device *device,
                         const char *text)
{
	size_t len = strcspn(text, ",");

	if (len == 0)
		return wr_device_bad(t, "an interface name is missing after the colon");
	if (len >= sizeof(device->iface))
		return wr_device_bad(t, "an interface name has at most 15 characters");
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]) || strchr("/:=%", text[i]))
			return wr_device_bad(
				t, "an interface name has no blank and none of / : = %");
	snprintf(device->iface, sizeof(device->iface), "%.*s", (int)len, text);
	return 0;
}

/* "IFACE[,name=value]": what the devices on an interface have in common. */
static int parse_on_iface(const struct wr_device_text *t, struct wr_eal_device *device,
                          const char *driver, const struct wr_device_option *options)
{
	int rc = wr_device_take_iface(t, device, t->args);
	size_t len = strlen(device->iface);

	if (rc != 0)
		return rc;
	wr_device_name(t, device, driver);
	rc = wr_device_append(t, device, "iface", device->iface, len);
	if (rc == 0 && t->args[len])
		rc = wr_device_append_options(t, options, device, t->args + len + 1);
	return rc;
}

/* Bit numbers of capabilities(7). */
enum { CAP_NET_ADMIN = 12, CAP_NET_RAW = 13, CAP_SYS_ADMIN = 21, CAP_BPF = 39 };

static bool is_capable(unsigned capability)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	bool capable = false;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "CapEff:", 7) == 0)
			capable = strtoull(line + 7, NULL, 16) >> capability & 1;
	if (f)
		fclose(f);
	return capable;
}

/* Is the interface here, and may we open raw sockets on it? */
static int check_iface(const char *spec, const struct wr_eal_device *device, const char *what,
                       struct wr_err *err)
{
	if (if_nametoindex(device->iface) == 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENODEV,
		                  "--port %s: there is no interface %s here; 'ip link' lists "
		                  "them",
		                  spec, device->iface);
	if (!is_capable(CAP_NET_RAW))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EPERM,
		                  "--port %s: %s needs CAP_NET_RAW; run as root", spec, what);
	return 0;
}

/* The interface is the kernel's: whether it is up is for its owner to say. */
static int check_is_up(const char *spec, const struct wr_eal_device *device, struct wr_err *err)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = true;

	memcpy(request.ifr_name, device->iface, sizeof(device->iface));
	if (fd >= 0) {
		if (ioctl(fd, SIOCGIFFLAGS, &request) == 0)
			up = request.ifr_flags & IFF_UP;
		close(fd);
	}
	if (up)
		return 0;
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -ENETDOWN,
	                  "--port %s: the interface is down; 'ip link set %s up'", spec,
	                  device->iface);
}

/* tap:NAME[,mac=...] */

int wr_device_parse_tap(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {
		{"mac", "mac"}, {"remote", "remote"}, {NULL, NULL}};

	return parse_on_iface(t, device, "net_tap", options);
}

static int open_tun(const char *spec, struct wr_err *err)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
	                  "--port %s: /dev/net/tun cannot be opened (%s); load it with "
	                  "'modprobe tun', or give a container --device /dev/net/tun",
	                  spec, strerror(errno));
}

static int refuse_existing(const char *spec, const struct wr_eal_device *device,
                           struct wr_err *err)
{
	return wr_err_set(
		err, WR_EXIT_ENVIRONMENT, -EEXIST,
		"--port %s: there is an interface %s already; choose another name, or "
		"remove what was left behind with 'ip link del'",
		spec, device->iface);
}

int wr_device_check_tap(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err)
{
	int fd;

	if (!is_capable(CAP_NET_ADMIN))
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, -EPERM,
			"--port %s: making a tap needs CAP_NET_ADMIN; run as root, or "
			"inside 'unshare --user --map-root-user --net'",
			spec);
	if (if_nametoindex(device->iface) != 0)
		return refuse_existing(spec, device, err);
	fd = open_tun(spec, err);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/*
 * Makes the tap ourselves, which fails if it is there: net_tap would join that of another
 * process as one more queue. Ours is detached, so that it gets no frames; the driver's queues
 * keep the tap when it is closed. The flags are the driver's: the first queue decides.
 */
int wr_device_claim_tap(const char *spec, struct wr_eal_device *device, struct wr_err *err)
{
	struct ifreq made = {.ifr_flags = IFF_TAP | IFF_MULTI_QUEUE};
	struct ifreq detached = {.ifr_flags = IFF_DETACH_QUEUE};
	int fd = open_tun(spec, err);

	if (fd < 0)
		return fd;
	device->claim = fd;
	made.ifr_flags |= (short)IFF_TUN_EXCL;
	memcpy(made.ifr_name, device->iface, sizeof(device->iface));
	if (ioctl(fd, TUNSETIFF, &made) == 0 && ioctl(fd, TUNSETQUEUE, &detached) == 0)
		return 0;
	if (errno == EBUSY)
		return refuse_existing(spec, device, err);
	return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
	                  "--port %s: the kernel does not make the tap (%s); choose another "
	                  "name, or look into its log with 'dmesg'",
	                  spec, strerror(errno));
}

/* pcap:rx=FILE,tx=FILE or pcap:IFACE */

int wr_device_parse_pcap(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {
		{"rx", "rx_pcap"}, {"tx", "tx_pcap"}, {"loop", "infinite_rx"}, {NULL, NULL}};
	int rc;

	wr_device_name(t, device, "net_pcap");
	if (t->args[0] == '\0')
		return wr_device_bad(
			t, "a file or an interface is missing, such as pcap:rx=in.pcap");
	if (strchr(t->args, '='))
		return wr_device_append_options(t, options, device, t->args);
	rc = wr_device_take_iface(t, device, t->args);
	return rc ? rc
	          : wr_device_append(t, device, "iface", device->iface, strlen(device->iface));
}

int wr_device_check_pcap(const char *spec, const struct wr_eal_device *device,
                         struct wr_err *err)
{
	char file[WR_DEVARGS_BYTES];

	if (wr_device_value(device, "rx_pcap", file, sizeof(file)) && access(file, R_OK) != 0)
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -errno,
		                  "--port %s: '%s' cannot be read (%s); name a file that can",
		                  spec, file, strerror(errno));
	if (!device->iface[0])
		return 0;
	return check_iface(spec, device, "capturing on an interface", err);
}

/* afpacket:IFACE[,options] */

int wr_device_parse_afpacket(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {{"queues", "qpairs"},
	                                                  {"framesz", "framesz"},
	                                                  {"blocksz", "blocksz"},
	                                                  {"framecnt", "framecnt"},
	                                                  {"qdisc_bypass", "qdisc_bypass"},
	                                                  {NULL, NULL}};

	return parse_on_iface(t, device, "net_af_packet", options);
}

/*
 * The driver counts frames from the begin of the ring and the kernel from the begin of each
 * block: a block must hold a whole number of frames, and be a whole number of pages. A slot
 * beyond the frame must fit a buffer of ours as well, so long ones are no larger than needed.
 */
int wr_device_complete_afpacket(const char *spec, const struct wr_eal_needs *needs,
                                struct wr_eal_device *device, struct wr_err *err)
{
	unsigned slot = needs->mtu + PACKET_OVERHEAD, per_block = 4;
	int rc = wr_device_preset(spec, device, "qpairs", needs->workers, err);

	if (slot <= PACKET_PLAIN_SLOT) {
		slot = PACKET_PLAIN_SLOT;
	} else {
		slot = (slot + PACKET_STEP - 1) & ~(PACKET_STEP - 1u);
		per_block = (unsigned)sysconf(_SC_PAGESIZE) / PACKET_STEP;
	}
	if (rc == 0)
		rc = wr_device_preset(spec, device, "framesz", slot, err);
	if (rc == 0)
		rc = wr_device_preset(spec, device, "blocksz", slot * per_block, err);
	if (rc == 0)
		rc = wr_device_preset(spec, device, "framecnt", PACKET_SLOTS, err);
	return rc;
}

int wr_device_check_afpacket(const char *spec, const struct wr_eal_device *device,
                             struct wr_err *err)
{
	int rc = check_iface(spec, device, "a packet socket", err);

	return rc ? rc : check_is_up(spec, device, err);
}

/* xdp:IFACE[,options] */

int wr_device_parse_xdp(const struct wr_device_text *t, struct wr_eal_device *device)
{
	static const struct wr_device_option options[] = {
		{"queues", "queue_count"},      {"start_queue", "start_queue"},
		{"busy_budget", "busy_budget"}, {"force_copy", "force_copy"},
		{"xdp_prog", "xdp_prog"},       {NULL, NULL}};

	return parse_on_iface(t, device, "net_af_xdp", options);
}

/* An interface without a device behind it (veth, bridge) has no memory to share. */
static bool is_virtual(const char *iface)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", iface);
	return access(path, F_OK) != 0;
}

/*
 * The driver of DPDK 22.11 takes at most so many queues as the interface has channels of both
 * directions in one; a veth has none of that kind, and then it takes one.
 */
static unsigned count_channels(const char *iface)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq request = {.ifr_data = (char *)&channels};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", iface);
	if (fd >= 0) {
		if (ioctl(fd, SIOCETHTOOL, &request) != 0)
			channels.combined_count = 0;
		close(fd);
	}
	return wr_max(channels.combined_count, 1);
}

static unsigned count_rx_queues(const char *iface)
{
	char path[80];
	unsigned n = 0;

	do
		snprintf(path, sizeof(path), "/sys/class/net/%s/queues/rx-%u", iface, n);
	while (access(path, F_OK) == 0 && n++ < UINT16_MAX);
	return n;
}

/* What is not ours of the interface's queues is the kernel's: that must have been asked for. */
int wr_device_complete_xdp(const char *spec, const struct wr_eal_needs *needs,
                           struct wr_eal_device *device, struct wr_err *err)
{
	unsigned ours = wr_min(needs->workers, count_channels(device->iface));
	unsigned all = count_rx_queues(device->iface);
	char text[16];
	int rc = 0;

	if (!wr_device_value(device, "queue_count", text, sizeof(text)) && all > ours)
		return wr_err_set(
			err, WR_EXIT_ENVIRONMENT, -E2BIG,
			"--port %s: the interface has %u queues, and the kernel would "
			"get the frames of those beyond the first %u; 'ethtool -L %s "
			"combined %u' (a veth: make it with one), or add ',queues=%u' if "
			"our frames are steered there",
			spec, all, ours, device->iface, ours, ours);
	rc = wr_device_preset(spec, device, "queue_count", ours, err);
	if (rc == 0 && is_virtual(device->iface))
		rc = wr_device_preset(spec, device, "force_copy", 1, err);
	return rc;
}

int wr_device_check_xdp(const char *spec, const struct wr_eal_device *device,
                        struct wr_err *err)
{
	int rc = check_iface(spec, device, "an XDP socket", err);

	if (rc != 0)
		return rc;
	if (!is_capable(CAP_NET_ADMIN) || !(is_capable(CAP_BPF) || is_capable(CAP_SYS_ADMIN)))
		return wr_err_set(err, WR_EXIT_ENVIRONMENT, -EPERM,
		                  "--port %s: loading an XDP program needs CAP_NET_ADMIN and "
		                  "CAP_BPF; run as root",
		                  spec);
	return check_is_up(spec, device, err);
}
