/* gateway - everything the process holds, for its parts. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include "common/arguments.h"
#include "common/base.h"
#include "common/bus.h"
#include "common/loop.h"
#include "common/store.h"
#include "common/token.h"
#include "proto/keyring.h"
#include "proto/settings.h"
#include "services/gateway/asking.h"

struct gateway {
    const char *home;
    struct settings settings;
    struct token_key links;
    struct keyring *keyring;
    struct loop *loop;
    struct bus *bus;
    struct store *store;  /* NULL: not there yet */
    struct txn *snapshot; /* of this turn; NULL: none was needed yet */
    struct asking asking; /* of the query in hand */
    struct buf out;
    struct front { /* one a door */
        struct gateway *gateway;
        struct door *door;
        bool is_outside; /* with CURVE: who asks has a key */
    } here, outside;
    uint64_t answered, refused;
    uint64_t dropped;      /* frames, as far as they were reported */
    uint64_t damaged;      /* rows, as far as they were reported */
    uint64_t answers_lost; /* whoever asked was gone, or took nothing more */
    bool is_stopping;
    int exit_code;
};

/* Opens the door on this machine and, if the settings say so, the one to the net. 0 or -errno; what
 * went wrong is logged. */
MUST_CHECK int front_open(struct gateway *gateway);

#endif
