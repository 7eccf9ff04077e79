/* door - what a frame from a frontend says, or what is wrong with it. Pure: bytes in, requests out.
 *
 *     {v: 1, id, type, body: {…}, wait?: "accepted"}, or an array of up to 256 of them
 *
 * TRUST      The frame comes from anybody. What is good afterwards is within every limit of its
 *            message, and its sender may say it.
 * OWNERSHIP  Texts of a reading borrow from the frame; bodies from the reading until its next use.
 */
#ifndef INTAKE_DOOR_H
#define INTAKE_DOOR_H

#include "common/base.h"
#include "proto/codec.h"
#include "proto/keyring.h"

#define DOOR_VERSION 1
#define DOOR_REQUESTS 256                      /* in an array */
#define DOOR_REQUEST_BYTES ((size_t)64 * 1024) /* of one request */
#define DOOR_FRAME_BYTES ((size_t)1024 * 1024) /* of an array */
#define DOOR_ID_BYTES 64

struct door_who { /* who speaks */
    struct text owner;
    const struct key_client *client; /* NULL: the office itself, which may say everything */
    bool is_unknown;                 /* whose key was taken back: may say nothing */
};

struct door_item {
    struct text id;   /* empty when it could not be read */
    struct text type; /* as it was said; empty when it could not be read */
    size_t size;      /* bytes of the request */
    bool is_good;
    /* When it is good: */
    enum msg_type msg;
    bool early;        /* wants to know only that it is accepted */
    struct bytes body; /* encoded again from what was read: equal bodies, equal bytes */
    /* When it is not: */
    struct complaint complaint;
};

struct door_reading {
    bool is_array;
    unsigned count;
    struct door_item items[DOOR_REQUESTS];
    struct buf bodies;
};

void door_init(struct door_reading *reading);
void door_free(struct door_reading *reading);
/* A frame that is no request and no array of requests is one bad item. */
void door_read(struct door_reading *ret, const struct door_who *who, struct bytes frame);

#endif
