#include "proto/halted.h"

#include <errno.h>
#include <string.h>

#include "proto/codec.h"
#include "proto/table.h"

static const char *words_of(struct text halt) {
    return text_is(halt, "pause")  ? "sending is paused"
           : text_is(halt, "copy") ? "sending is on hold for copied data"
                                   : "sending is on hold for the clock";
}

static int say_one(struct bytes value, struct buf *to) {
    struct rec_halt halt;
    struct complaint complaint;
    if (codec_decode(&rec_shapes[REC_HALT], CODEC_LENIENT, value, &halt, &complaint))
        return -EBADMSG;
    halted_join(to);
    buf_printf(to, "%s%s%.*s", words_of(halt.halt), halt.reason.n ? ": " : "",
               TEXT_ARGS(halt.reason));
    return 0;
}

/* By steps, which also go over what a forecast has written. */
int halted_say(struct txn *txn, struct buf *to) {
    struct key at = {.n = 0};
    struct bytes key, value;
    int rc;
    while ((rc = store_seek(txn, TABLE_HALT, key_bytes(&at), &key, &value)) == 0) {
        if ((rc = say_one(value, to)))
            return rc;
        must(key.n < sizeof at.b);
        memcpy(at.b, key.p, key.n);
        at.n = key.n;
        at.b[at.n++] = 0; /* the smallest key after it */
    }
    return rc == -ENOENT ? 0 : rc;
}

void halted_say_past(instant useful, instant now, const struct zone *zone, struct buf *to) {
    char until[RFC3339_TEXT];
    if (!useful || now <= useful)
        return;
    instant_format(useful, zone, until);
    halted_join(to);
    buf_printf(to, "past its use after %s", until);
}

void halted_join(struct buf *to) {
    if (to->n)
        buf_str(to, "; ");
}
