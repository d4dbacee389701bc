/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WR_HTTP_H
#define WR_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The framing of HTTP/1.x messages, RFC 9112: heads of requests and responses, and bodies.
 * Text comes in pieces of any size, as the network cuts it; nothing is buffered but what the
 * caller wants to know, so one struct of fixed size holds all that is known of a message.
 * Cutting the same text otherwise never changes the outcome.
 *
 * Strict where leniency lets two readers of a connection disagree about where a message ends
 * (RFC 9112 sections 6.3 and 11.2): a bare CR or LF, a folded line, white space before a colon,
 * several Content-Length, one beside Transfer-Encoding, a chunk size out of range: all are
 * errors, after which the connection cannot be used any more.
 */

#define WR_HTTP_HEAD_BYTES 8192 /* of a head, at most */
#define WR_HTTP_FIELDS     100  /* field lines of a head, at most */
#define WR_HTTP_PATH       64   /* bytes of a path that are kept */
#define WR_HTTP_WORD       24   /* bytes of a name or token that are kept */

enum wr_http_method {
	WR_HTTP_GET,
	WR_HTTP_HEAD,
	WR_HTTP_POST,
	WR_HTTP_PUT,
	WR_HTTP_DELETE,
	WR_HTTP_OPTIONS,
	WR_HTTP_CONNECT,
	WR_HTTP_TRACE,
	WR_HTTP_PATCH,
	WR_HTTP_OTHER, /* a method that is not known here */
};

enum wr_http_outcome {
	WR_HTTP_MORE, /* all was read, and the message goes on */
	WR_HTTP_DONE, /* what follows belongs to somebody else */
	WR_HTTP_BAD,  /* not HTTP: the connection is useless */
};

struct wr_http_head {
	/* What was read; valid when outcome is WR_HTTP_DONE. */
	uint8_t outcome; /* enum wr_http_outcome */
	uint8_t method;  /* of a request: enum wr_http_method */
	uint8_t minor;   /* HTTP/1.minor */
	bool keep_alive; /* the connection persists after this message, RFC 9112 section 9.3 */
	bool chunked;    /* Transfer-Encoding: chunked */
	bool has_length; /* there was a Content-Length: */
	bool has_host;
	bool expects_continue;   /* Expect: 100-continue, RFC 9110 section 10.1.1 */
	bool expects_more;       /* an Expect that is not known here: 417 */
	uint16_t status;         /* of a response */
	uint16_t error;          /* of WR_HTTP_BAD: the status that answers it: 400, 414, ... */
	uint64_t length;         /* of the body, if has_length */
	uint16_t path_len;       /* of the whole path; more than WR_HTTP_PATH: it was cut */
	char path[WR_HTTP_PATH]; /* without scheme, authority and query; not terminated */

	/* The parser's own. */
	uint8_t state;
	uint8_t field; /* whose value is being read */
	uint8_t word_len;
	bool coded; /* a Transfer-Encoding was seen */
	bool wants_close, wants_keep_alive;
	bool space; /* white space followed the word */
	bool is_response;
	uint16_t bytes;          /* of the head so far */
	uint16_t fields;         /* so far */
	char word[WR_HTTP_WORD]; /* lower case; of the name or token that is being read */
};

/*
 * Makes ready for the next message of a connection. After a response of status 1xx but 101 the
 * real one follows, RFC 9110 section 15.2.
 */
void wr_http_request_begin(struct wr_http_head *head);
void wr_http_response_begin(struct wr_http_head *head);

/*
 * Reads on. Returns how many of the len bytes were taken: all while head->outcome is
 * WR_HTTP_MORE; after WR_HTTP_DONE the rest belongs to the body or the next message.
 * Errors of a request: 400, 414 (target too long), 431 (head too long, too many fields),
 * 501 (transfer coding or method too long), 505. Any error of a response ends it too.
 * Must not be called after another outcome than WR_HTTP_MORE.
 */
size_t wr_http_head_parse(struct wr_http_head *head, const char *text, size_t len);

enum wr_http_body_kind {
	WR_HTTP_BODY_NONE,
	WR_HTTP_BODY_LENGTH,
	WR_HTTP_BODY_CHUNKED,
	WR_HTTP_BODY_TO_END, /* of the connection; responses only */
};

struct wr_http_body {
	uint8_t outcome; /* enum wr_http_outcome */
	uint8_t kind;    /* enum wr_http_body_kind */
	uint8_t state;
	uint8_t digits;   /* of a chunk size, so far */
	uint16_t framing; /* bytes of the chunk's line, or of the trailers, so far */
	uint64_t left;    /* of the body or chunk */
	uint64_t bytes;   /* of content so far */
};

/*
 * What follows a head that is done, RFC 9112 section 6.3. `method` is that of the request that
 * a response answers: WR_HTTP_HEAD has no body, and a 2xx to WR_HTTP_CONNECT neither; for a
 * request, its own. A body that is empty is done at once.
 */
void wr_http_body_begin(struct wr_http_body *body, const struct wr_http_head *head,
                        enum wr_http_method method);

/*
 * Reads on. Returns how many of the len bytes were taken; of these *content_len at *content are
 * content, the others are framing. One call gives one piece of content at most: call again with
 * the rest while body->outcome is WR_HTTP_MORE and there is a rest. Must not be called after
 * another outcome. Trailers are read over.
 */
size_t wr_http_body_parse(struct wr_http_body *body, const char *text, size_t len,
                          const char **content, size_t *content_len);

#endif /* WR_HTTP_H */
