/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef I3_PROTO_H
#define I3_PROTO_H

/*
 * The words of iperf3's control protocol, as spoken by iperf3 3.2 and later. One TCP
 * connection controls a test; states are single bytes, documents are JSON behind a length of
 * 32 bits in network order.
 */

#define I3_PORT          5201
#define I3_COOKIE_BYTES  37            /* 36 characters and a NUL */
#define I3_PARAMS_BYTES  8192          /* of a parameter document, at most */
#define I3_RESULTS_BYTES (1024 * 1024) /* of a results document, a stream, at most */
#define I3_PARALLEL      128           /* streams in each direction, at most */
#define I3_STREAMS       (2 * I3_PARALLEL)
#define I3_TCP_LEN       (128 * 1024) /* default block of TCP, bytes */
#define I3_LEN_MOST      (1024 * 1024)
#define I3_UDP_LEN_LEAST 16
#define I3_UDP_LEN_MOST  65507
#define I3_UDP_RATE      (1024 * 1024) /* default of UDP, bits/s */
#define I3_TIME_MOST     86400         /* seconds */
#define I3_OMIT_MOST     600           /* seconds */
#define I3_BURST_MOST    1000          /* packets */
#define I3_MSS_MOST      9216

enum i3_state {
	I3_TEST_START = 1,
	I3_TEST_RUNNING = 2,
	I3_TEST_END = 4,
	I3_PARAM_EXCHANGE = 9,
	I3_CREATE_STREAMS = 10,
	I3_SERVER_TERMINATE = 11,
	I3_CLIENT_TERMINATE = 12,
	I3_EXCHANGE_RESULTS = 13,
	I3_DISPLAY_RESULTS = 14,
	I3_IPERF_DONE = 16,
	I3_ACCESS_DENIED = -1,
	I3_SERVER_ERROR = -2, /* two int32 follow: enum i3_error and errno */
};

/* Error numbers that cross the wire, a few of iperf3's own. */
enum i3_error {
	I3_ERR_MESSAGE = 110,       /* received an unknown control message */
	I3_ERR_RECV_PARAMS = 114,   /* unable to receive parameters from client */
	I3_ERR_RECV_RESULTS = 117,  /* unable to receive results */
	I3_ERR_NO_MESSAGE = 144,    /* idle timeout for receiving data */
	I3_ERR_CREATE_STREAM = 200, /* unable to create a new stream */
};

/* The two datagrams that set a UDP stream up; each side writes them in its own byte order. */
#define I3_UDP_HELLO        0x36373839u
#define I3_UDP_REPLY        0x39383736u
#define I3_UDP_REPLY_LEGACY 987654321u

/* Ids of the streams of a test in the order of creation: 1, 3, 4, 5, ... */
static inline int i3_stream_id(unsigned index)
{
	return index == 0 ? 1 : (int)index + 2;
}

#endif /* I3_PROTO_H */
