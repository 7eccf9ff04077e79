#include "common/ballast.h"
#include "common/clock.h"
#include "common/log.h"
#include "services/scheduler/scheduler.h"

#define LOOK_EVERY (1 * SECONDS)

/* Arming needs room for its result. A ballast that was thrown away comes back when there is room.
 */
void scheduler_look_at_room(struct scheduler *s) {
    msec boot = clock_boot();
    if (s->room_looked && boot - s->room_looked < LOOK_EVERY)
        return;
    s->room_looked = boot;
    enum disk_room room = ballast_room(s->home);
    if (room == ROOM_SCARCE && s->room != ROOM_SCARCE)
        log_error("disk_scarce", "no letter leaves until there is room");
    else if (room != ROOM_SCARCE && s->room == ROOM_SCARCE)
        log_info("disk_has_room", "letters leave again");
    s->room = room;
    if (room == ROOM_GOOD && ballast_load(s->home) < 0)
        log_debug("no_ballast", "%s", "tried again");
}

void scheduler_out_of_space(struct scheduler *s) {
    if (!s->out_of_space)
        log_error("out_of_space", "nothing is lost; trying again every second");
    s->out_of_space = true;
    if (ballast_release(s->home) == 0)
        log_error("ballast_released", "the disk is full to the last byte; somebody must make room");
}
