/* service: notifier */
/* Letters: the first line of the input is a person's text, the rest is the operator's source.
 * Whatever they are, one message comes out, or a reason; its header is ours, and its lines end in
 * CRLF. */
#include "proto/codec.h"
#include "services/notifier/compose.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char office_name[] = "Office", sender[] = "o@x.example", empty[] = "",
            link_base[] = "https://x.example/l/", domain[] = "x.example";

static struct bytes encoded_meeting(struct arena *arena, struct text value) {
    struct buf to;
    struct rec_meeting meeting = {.meeting = TEXT_LIT("m1"),
                                  .state = TEXT_LIT("called"),
                                  .kind = TEXT_LIT("workshop"),
                                  .title = {.any = value},
                                  .text = {.any = value},
                                  .starts = TEXT_LIT("2022-05-05T09:00"),
                                  .ends = TEXT_LIT("2022-05-05T11:30"),
                                  .zone = TEXT_LIT("Europe/Stockholm"),
                                  .minutes = 150,
                                  .mode = TEXT_LIT("room"),
                                  .place = value,
                                  .link = value,
                                  .audience = TEXT_LIT("members"),
                                  .planned = 1};
    buf_init(&to, 100000);
    codec_encode(&rec_shapes[REC_MEETING], &meeting, &to);
    struct bytes copy = arena_bytes(arena, buf_as_bytes(&to));
    buf_free(&to);
    return copy;
}

/* The header holds one of each and nothing that was not asked for. */
static void check(struct text message) {
    static const char *const once[] = {"\nTo:", "\nSubject:", "\nMessage-Id:"};
    static const char *const never[] = {"\nBcc:", "\nCc:", "\nX-"};
    char *text = malloc(message.n + 1);
    must(text);
    memcpy(text, message.p, message.n);
    text[message.n] = '\0';
    for (size_t i = 0; i < message.n; i++)
        must(text[i] != '\n' || (i > 0 && text[i - 1] == '\r'));
    char *end = strstr(text, "\r\n\r\n");
    must(end);
    *end = '\0';
    for (unsigned i = 0; i < COUNT_OF(once); i++) {
        char *found = strstr(text, once[i]);
        must(found && !strstr(found + 1, once[i]));
    }
    for (unsigned i = 0; i < COUNT_OF(never); i++)
        must(!strstr(text, never[i]));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct text source = {(const char *)data, size}, value;
    if (size > 20000 || !text_cut(&source, '\n', &value) || !text_is_utf8(source))
        return 0;
    if (value.n == 0 || value.n > TEXT_LINE)
        value = TEXT_LIT("value");
    struct composer *composer = composer_new();
    struct arena *arena = arena_new();
    struct settings settings = {.office_name = office_name,
                                .sender = sender,
                                .reply_to = empty,
                                .link_base = link_base,
                                .message_domain = domain};
    struct rec_occasion occasion = {.class = TEXT_LIT("service"),
                                    .about_kind = TEXT_LIT("meeting"),
                                    .zone = TEXT_LIT("Europe/Stockholm"),
                                    .calendar = TEXT_LIT("request"),
                                    .host = value,
                                    .meeting = encoded_meeting(arena, value)};
    struct rec_ledger row = {.class = TEXT_LIT("news"),
                             .person = TEXT_LIT("p1"),
                             .due = 1651129200000,
                             .decided = 1651129201000,
                             .zone = TEXT_LIT("Europe/Stockholm"),
                             .language = TEXT_LIT("da"),
                             .name = value,
                             .address = TEXT_LIT("p1@x.example"),
                             .message_id = TEXT_LIT("7@x.example")};
    struct token_key links = {{1}};
    struct letter_in in = {.row = &row,
                           .occasion = &occasion,
                           .hash = TEXT_LIT("h"),
                           .source = source,
                           .settings = &settings,
                           .links = &links,
                           .arena = arena};
    struct buf to;
    char why[LETTER_WHY_MAX];
    buf_init(&to, COMPOSE_MAX);
    if (compose(composer, &in, &to, why) == 0)
        check(buf_as_text(&to));
    buf_free(&to);
    arena_free(&arena);
    composer_free(&composer);
    return 0;
}
