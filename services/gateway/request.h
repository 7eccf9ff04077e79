/* request - what a frame asks, or what is wrong with it. Pure: bytes in, a request out.
 *
 *     {v: 1, id, query: "meetings.coming", body: {…}, after?, limit?, language?, person?, token?}
 *
 * TRUST      The frame comes from anybody. What is good afterwards is within every limit of its
 *            query, and its sender may ask it; whether as this person is for person.h.
 * OWNERSHIP  Texts of a request borrow from the frame.
 */
#ifndef GATEWAY_REQUEST_H
#define GATEWAY_REQUEST_H

#include "common/base.h"
#include "proto/codec.h"
#include "proto/keyring.h"
#include "proto/query.h"

#define REQUEST_VERSION 1
#define REQUEST_BYTES ((size_t)16 * 1024)
#define REQUEST_ID_BYTES 64
#define REQUEST_ROWS 100 /* the most that can be asked for at once */
#define REQUEST_ROWS_DEFAULT 50
#define REQUEST_TOKEN_BYTES 512

struct who {                         /* who asks */
    const struct key_client *client; /* NULL: the office itself, which may ask everything */
    bool is_unknown;                 /* whose key was taken back: may ask nothing */
};

struct request {
    struct text id; /* empty when it could not be read */
    bool is_good;
    /* When it is good: */
    enum query_type query;
    union any_query body;
    struct text after, language, person, token; /* absent when they are not given */
    unsigned limit;
    /* When it is not: */
    struct complaint complaint;
};

void request_read(struct request *ret, const struct who *who, struct bytes frame);

/* What is refused later, where the snapshot is looked at. Always -EBADMSG. */
MUST_CHECK int request_refuse(struct request *request, const char *code, const char *field,
                              const char *text);

#endif
