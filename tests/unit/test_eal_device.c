/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "eal_args.h"
#include "wr_base.h"
#include "wr_test.h"

static void ports_become_eal_devices(void **state)
{
	static const struct {
		const char *spec, *devargs, *name;
	} cases[] = {
		{"0000:3b:00.0", "0000:3b:00.0", "0000:3b:00.0"},
		{"3b:00.1", "0000:3b:00.1", "0000:3b:00.1"},
		{"00010000:3B:1f.7,rx_vec=1", "10000:3b:1f.7,rx_vec=1", "10000:3b:1f.7"},
		{"tap:wr0", "net_tap3,iface=wr0", "net_tap3"},
		{"tap:wr0,mac=fixed", "net_tap3,iface=wr0,mac=fixed", "net_tap3"},
		{"null", "net_null3", "net_null3"},
		{"null:size=64,copy=1", "net_null3,size=64,copy=1", "net_null3"},
		{"ring", "net_ring3", "net_ring3"},
		{"pcap:rx=a.pcap,tx=b.pcap", "net_pcap3,rx_pcap=a.pcap,tx_pcap=b.pcap",
	         "net_pcap3"},
		{"pcap:eth0", "net_pcap3,iface=eth0", "net_pcap3"},
		{"net_memif7,role=client", "net_memif7,role=client", "net_memif7"},
		{"memif:/run/m", "net_memif3,socket=/run/m", "net_memif3"},
		{"memif:/run/m,server", "net_memif3,socket=/run/m", "net_memif3"},
		{"memif:/run/m,role=client,rsize=12", "net_memif3,socket=/run/m,rsize=12",
	         "net_memif3"},
		{"vhost:/run/v", "net_vhost3,iface=/run/v", "net_vhost3"},
		{"vhost:/run/v,queues=2,client", "net_vhost3,iface=/run/v,queues=2",
	         "net_vhost3"},
		{"virtio-user:/run/v,packed_vq=1", "net_virtio_user3,path=/run/v,packed_vq=1",
	         "net_virtio_user3"},
		{"afpacket:eth0", "net_af_packet3,iface=eth0", "net_af_packet3"},
		{"afpacket:eth0,queues=2", "net_af_packet3,iface=eth0,qpairs=2",
	         "net_af_packet3"},
		{"xdp:eth0,start_queue=4", "net_af_xdp3,iface=eth0,start_queue=4",
	         "net_af_xdp3"},
	};
	struct wr_eal_device device;
	struct wr_err err;

	for (size_t i = 0; i < WR_LEN(cases); i++) {
		assert_int_equal(wr_eal_device_parse(cases[i].spec, 3, &device, &err), 0);
		assert_string_equal(device.devargs, cases[i].devargs);
		assert_string_equal(device.name, cases[i].name);
		assert_int_equal(device.pci, i < 3);
	}
}

static void ports_that_cannot_be_read_are_usage_errors(void **state)
{
	static const char *const cases[] = {
		"",
		"eth0",
		"tap",
		"tap:",
		"tap:a/b",
		"tap:sixteen-chars-xx",
		"tap:wr0,colour=red",
		"null:size",
		"null:size=",
		"nullsize=64",
		"ring:1",
		"pcap",
		"pcap:in=x",
		"memif",
		"memif:",
		"memif:/run/m,master",
		"memif:/run/m,role=master",
		"memif:/run/m,role=",
		"memif:/run/m,queues=0",
		"memif:/run/m,queues=2x",
		"vhost:,client",
		"vhost:/run/v,tso=1",
		"virtio-user",
		"afpacket",
		"afpacket:eth0,framesz",
		"xdp:",
		"net_",
		"net_,x",
		"3b:00",
		"3b:00.8",
		"3b:00.0x",
		"00:3b:00.0",
	};
	struct wr_eal_device device;
	struct wr_err err;

	for (size_t i = 0; i < WR_LEN(cases); i++) {
		assert_int_equal(wr_eal_device_parse(cases[i], 0, &device, &err), -EINVAL);
		assert_int_equal(err.exit, WR_EXIT_USAGE);
		assert_memory_equal(err.text, "--port ", 7);
	}
}

/* The devargs of a spec for two workers, MTU 9000 and a process that opens connections. */
static const char *completed(const char *spec, struct wr_eal_device *device)
{
	const struct wr_eal_needs needs = {.workers = 2, .mtu = 9000, .client = true};
	struct wr_err err;

	assert_int_equal(wr_eal_device_parse(spec, 0, device, &err), 0);
	assert_int_equal(wr_eal_device_complete(spec, &needs, device, &err), 0);
	return device->devargs;
}

static void what_a_device_needs_for_workers_and_mtu_is_added(void **state)
{
	static const struct {
		const char *spec, *devargs;
		bool one_file;
	} cases[] = {
		{"tap:wr0", "net_tap0,iface=wr0", false},
		{"memif:/m,server",
	         "net_memif0,socket=/m,socket-abstract=no,role=server,rsize=10,bsize=9024",
	         false},
		{"memif:/m",
	         "net_memif0,socket=/"
	         "m,socket-abstract=no,role=client,rsize=10,bsize=9024,zero-copy=yes",
	         true},
		{"memif:/m,zero-copy=no,rsize=9",
	         "net_memif0,socket=/"
	         "m,zero-copy=no,rsize=9,socket-abstract=no,role=client,bsize=9024",
	         false},
		{"vhost:/v", "net_vhost0,iface=/v,queues=2", false},
		{"vhost:/v,client", "net_vhost0,iface=/v,queues=2,client=1", false},
		{"virtio-user:/v", "net_virtio_user0,path=/v,queues=2,cq=1,queue_size=1024",
	         true},
		{"virtio-user:/v,server,queue_size=256",
	         "net_virtio_user0,path=/v,queue_size=256,queues=2,cq=1,server=1", true},
		{"afpacket:lo",
	         "net_af_packet0,iface=lo,qpairs=2,framesz=9088,blocksz=2326528,framecnt=1024",
	         false},
		{"xdp:lo,force_copy=0", "net_af_xdp0,iface=lo,force_copy=0,queue_count=1",
	         false},
	};
	struct wr_eal_device device;

	completed("memif:/m,queues=1", &device);
	assert_int_equal(device.queues, 1);
	for (size_t i = 0; i < WR_LEN(cases); i++) {
		assert_string_equal(completed(cases[i].spec, &device), cases[i].devargs);
		assert_int_equal(device.one_file, cases[i].one_file);
	}
}

static void a_server_of_a_memif_waits_where_the_process_is_one(void **state)
{
	const struct wr_eal_needs needs = {.workers = 1, .mtu = 1500};
	struct wr_eal_device device;
	struct wr_err err;

	assert_int_equal(wr_eal_device_parse("memif:/m", 0, &device, &err), 0);
	assert_int_equal(wr_eal_device_complete("memif:/m", &needs, &device, &err), 0);
	assert_int_equal(device.end, WR_DEVICE_SERVER);
}

/* Checks a server's socket at `path`. */
static int check_server(const char *path, struct wr_err *err)
{
	struct wr_eal_device device;
	char spec[128];

	snprintf(spec, sizeof(spec), "vhost:%s", path);
	completed(spec, &device);
	return wr_eal_device_check(spec, &device, err);
}

static int bind_at(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void a_socket_left_behind_is_removed_and_one_in_use_is_not(void **state)
{
	char path[] = P_tmpdir "/wr_socket_XXXXXX";
	struct wr_err err;
	int fd = mkstemp(path);

	close(fd);
	assert_int_equal(check_server(path, &err), -EEXIST);
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
	unlink(path);
	fd = bind_at(path, SOCK_SEQPACKET);
	assert_int_equal(check_server(path, &err), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	close(fd);
	assert_int_equal(check_server(path, &err), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(check_server("/nowhere/socket", &err), -ENOENT);
}

/* A memif server of DPDK may die of a client that goes at once. */
static void who_serves_a_socket_does_not_notice_the_question(void **state)
{
	static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM};

	for (size_t i = 0; i < WR_LEN(types); i++) {
		char path[] = P_tmpdir "/wr_socket_XXXXXX";
		struct wr_err err;
		int fd;

		close(mkstemp(path));
		unlink(path);
		fd = bind_at(path, types[i]);
		assert_int_equal(listen(fd, 1), 0);
		assert_int_equal(check_server(path, &err), -EADDRINUSE);
		assert_int_equal(accept(fd, NULL, NULL), -1);
		assert_int_equal(errno, EAGAIN);
		close(fd);
		unlink(path);
	}
}

static void an_unknown_port_lists_the_forms(void **state)
{
	struct wr_eal_device device;
	struct wr_err err;

	wr_eal_device_parse("eth0", 0, &device, &err);
	assert_string_equal(err.text, "--port eth0: not a port; write a PCI address "
	                              "(0000:3b:00.0), tap:NAME, afpacket:IFACE, xdp:IFACE, "
	                              "memif:PATH[,server|client], vhost:PATH, "
	                              "virtio-user:PATH, null[:size=64,copy=1], ring, "
	                              "pcap:rx=FILE,tx=FILE, pcap:IFACE or a DPDK device "
	                              "(net_...)");
}

static void arguments_longer_than_eal_takes_are_refused(void **state)
{
	struct wr_eal_device device;
	struct wr_err err;
	char spec[400] = "pcap:rx=";

	memset(spec + 8, 'x', 300);
	assert_int_equal(wr_eal_device_parse(spec, 0, &device, &err), -EINVAL);
	memcpy(spec, "net_pcap", 8);
	assert_int_equal(wr_eal_device_parse(spec, 0, &device, &err), -EINVAL);
}

static void a_missing_pcap_file_is_an_environment_error(void **state)
{
	struct wr_eal_device device;
	struct wr_err err;

	assert_int_equal(wr_eal_device_parse("pcap:rx=/nowhere", 0, &device, &err), 0);
	assert_int_equal(wr_eal_device_check("pcap:rx=/nowhere", &device, &err), -ENOENT);
	assert_int_equal(err.exit, WR_EXIT_ENVIRONMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_become_eal_devices),
		cmocka_unit_test(ports_that_cannot_be_read_are_usage_errors),
		cmocka_unit_test(what_a_device_needs_for_workers_and_mtu_is_added),
		cmocka_unit_test(a_server_of_a_memif_waits_where_the_process_is_one),
		cmocka_unit_test(a_socket_left_behind_is_removed_and_one_in_use_is_not),
		cmocka_unit_test(who_serves_a_socket_does_not_notice_the_question),
		cmocka_unit_test(an_unknown_port_lists_the_forms),
		cmocka_unit_test(arguments_longer_than_eal_takes_are_refused),
		cmocka_unit_test(a_missing_pcap_file_is_an_environment_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
