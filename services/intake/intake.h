/* intake - everything the process holds, for its parts. */
#ifndef INTAKE_INTAKE_H
#define INTAKE_INTAKE_H

#include "common/arguments.h"
#include "common/base.h"
#include "common/bus.h"
#include "common/journal.h"
#include "common/loop.h"
#include "proto/keyring.h"
#include "proto/settings.h"
#include "services/intake/aside.h"
#include "services/intake/ask.h"
#include "services/intake/batch.h"
#include "services/intake/door.h"
#include "services/intake/house.h"
#include "services/intake/memory.h"
#include "services/intake/pending.h"
#include "services/intake/room.h"

struct intake {
    const char *home;
    struct settings settings;
    struct loop *loop;
    struct bus *bus;
    struct journal *journal;
    struct keyring *keyring;
    struct memory *memory;
    struct asides asides;
    struct room room;
    struct askers askers;
    struct pending *pending;
    struct batch *batch;
    struct house *house;
    struct door_reading reading; /* of the frame in hand */
    struct front {               /* one a door */
        struct intake *intake;
        struct door *door;
        bool is_outside; /* with CURVE: who speaks has a key */
    } here, outside;
    uint64_t dropped;      /* frames, as far as they were reported */
    uint64_t answers_lost; /* whoever asked was gone, or took nothing more */
    bool is_stopping;
    int exit_code;
};

/* Opens the door on this machine and, if the settings say so, the one to the net. 0 or -errno; what
 * went wrong is logged. */
MUST_CHECK int front_open(struct intake *intake);
/* The ask_send_fn; ctx is the intake. */
void front_send(void *ctx, struct door *door, const struct peer *to, struct bytes payload);

#endif
