#include "services/intake/room.h"

#include <errno.h>

#include "common/ballast.h"
#include "common/clock.h"
#include "common/log.h"

#define LOOK_EVERY ((msec)250)

static const char *const always[] = {
    "registration.cancel",
    "registration.decline_offer",
    "meeting.cancel",
    "meeting.move",
    "meeting.set_mode",
    "milestone.move",
    "membership.end",
    "participation.leave",
    "application.withdraw",
    "offer.refuse",
    "obligation.waive",
    "preference.set",
    "quiet.set",
    "consent.withdraw",
    "person.erase",
    "person.restrict",
    "person.protect",
    "group.remove",
    "material.withdraw",
    "poll.close",
    "idea.close",
    "support.close",
    "sending.pause",
    "hold.undo",
    "catchup.skip",
    "plan.skip",
    "delivery.withdraw",
    "delivery.settle",
    "delivery.report",
    "delivery.left",
    "organisation.close",
    "network.close",
    "programme.end",
};

static void look(struct room *room) {
    msec now = clock_boot();
    if (room->looked != 0 && now - room->looked < LOOK_EVERY)
        return;
    room->looked = now;
    bool is_low = ballast_room(room->home) != ROOM_GOOD;
    if (is_low && !room->is_low)
        log_error("disk_low", "only cancellations and the like are taken until there is room");
    else if (!is_low && room->is_low)
        log_info("disk_has_room", "%s", "");
    room->is_low = is_low;
}

bool room_for(struct room *room, struct text type) {
    look(room);
    if (!room->is_low)
        return true;
    for (unsigned i = 0; i < COUNT_OF(always); i++)
        if (text_is(type, always[i]))
            return true;
    return false;
}

bool room_make(struct room *room) {
    if (ballast_release(room->home) < 0)
        return false;
    log_error("ballast_released", "the disk is full to the last byte; somebody must make room");
    return true;
}
