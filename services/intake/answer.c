#include "services/intake/answer.h"

#include "common/pack.h"
#include "services/intake/door.h"

static void encode_error(const struct answer *answer, struct buf *to) {
    pack_str(to, "error");
    pack_map(to, answer->field.n ? 3 : 2);
    pack_str(to, "code");
    pack_text(to, answer->code);
    if (answer->field.n) {
        pack_str(to, "field");
        pack_text(to, answer->field);
    }
    pack_str(to, "text");
    pack_text(to, answer->text);
}

void answer_encode(const struct answer *answer, struct text id, struct buf *to) {
    uint32_t pairs = 3;
    pairs += answer->seq != 0;
    pairs += answer->again;
    pairs += answer->result.n != 0;
    pairs += answer->code.n != 0;
    pack_map(to, pairs);
    pack_str(to, "v");
    pack_int(to, DOOR_VERSION);
    pack_str(to, "id");
    pack_text(to, id);
    pack_str(to, "status");
    pack_str(to, answer->status);
    if (answer->seq != 0) {
        pack_str(to, "seq");
        pack_int(to, (int64_t)answer->seq);
    }
    if (answer->again) {
        pack_str(to, "again");
        pack_bool(to, true);
    }
    if (answer->result.n != 0) {
        pack_str(to, "result");
        pack_raw(to, answer->result);
    }
    if (answer->code.n != 0)
        encode_error(answer, to);
}
