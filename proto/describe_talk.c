#include "proto/describe_inner.h"

static const char *const paragraphs[] = {
    /* NULL: an example of a request */
    "# The protocol of Cirkel\n\n"
    "How a frontend talks to Cirkel, every message it can say, and what Cirkel keeps. Printed by\n"
    "`cirkel protocol` from the rows in `proto/*.def`; `make docs` writes it anew.\n\n"
    "[How to talk](#how-to-talk) · [Kinds of values](#kinds-of-values) · [Messages](#messages) ·\n"
    "[Queries](#queries) · [Parts](#parts) · [Codes](#codes) · [Facts](#facts) · [Links in "
    "letters](#links-in-letters) "
    "·\n"
    "[States](#states) · [Records](#records) · [Tables](#tables) · [Frames](#frames)\n\n",

    "## How to talk\n\n"
    "ZeroMQ, to a ROUTER socket; a frontend is a DEALER or a REQ (an empty delimiter frame is\n"
    "accepted and echoed). On the same machine the door is `run/intake.ipc`, guarded by file "
    "modes;\n"
    "from elsewhere it is tcp with CURVE (`listen` in cirkel.conf). Every key has an owner and a "
    "list\n"
    "of types it may say (`cirkel key`); what is not allowed is refused.\n\n",

    "A request is one frame, a MessagePack map with texts as keys:\n\n"
    "| field | value |\n|---|---|\n"
    "| `v` | the version: 1 |\n"
    "| `id` | the idempotency key: a text of 1 to 64 bytes, unique for the owner of the key |\n"
    "| `type` | the message, for example `registration.make` |\n"
    "| `body` | a map of the message's fields |\n"
    "| `wait` | optional; `accepted`: answer as soon as it is safely stored, not when decided |\n\n"
    "At most 64 KiB, nested at most 8 deep, without fractions and extension types. An array of up "
    "to\n"
    "256 requests (1 MiB) is answered by one array in the same order; with one frame under way at "
    "a\n"
    "time this is many times faster. A field that the message does not have is refused, so a\n"
    "misspelt one is never ignored; nil is as good as absent.\n\n",

    "The answer is a map too:\n\n"
    "| field | value |\n|---|---|\n"
    "| `v`, `id` | as in the request |\n"
    "| `status` | what became of it, below |\n"
    "| `seq` | its number, once it is stored |\n"
    "| `again` | true: this key was said before; this is what became of it then |\n"
    "| `result` | of what was applied: made ids, the place on the waiting list |\n"
    "| `error` | of what was refused: `code`, `field` (where it is one field), `text` for people "
    "|\n\n"
    "| status | meaning | what to do |\n|---|---|---|\n"
    "| `applied` | stored, decided and done | nothing |\n"
    "| `accepted` | safely stored; the decision takes longer than a second | ask again with the "
    "same "
    "`id`, or leave it |\n"
    "| `refused` | nothing has changed; `error` says why | tell the person |\n"
    "| `conflict` | the same `id` was said with other content | choose a fresh `id` |\n"
    "| `retry` | not stored: no room or too busy just now | say it again later, same `id` |\n"
    "| `unknown` | a storage error leaves open whether it is stored | say it again, same `id` "
    "|\n\n",

    "**Say it again.** A frontend that got no answer says the same request with the same `id`, as\n"
    "often as it likes, for 400 days: it has one effect and gets the same answer. Make the `id` "
    "when\n"
    "the person presses the button, not when the frame is sent.\n\n"
    "A request, as JSON:\n\n```json\n",
    NULL,
    "\n```\n\nand its answer:\n\n```json\n"
    "{\"v\":1,\"id\":\"web-2022-05-02-0001\",\"status\":\"applied\",\"seq\":812,"
    "\"result\":{\"state\":\"registered\"}}\n```\n\n"
    "A refusal:\n\n```json\n"
    "{\"v\":1,\"id\":\"web-2022-05-02-0002\",\"status\":\"refused\","
    "\"error\":{\"code\":\"too-long\",\"field\":\"diet\",\"text\":\"is 240 bytes; at most 200\"}}\n"
    "```\n\n",

    "## Kinds of values\n\n"
    "| kind | as MessagePack | what it takes |\n|---|---|---|\n"
    "| id | text | 1 to 64 of a-z 0-9 - . _ |\n"
    "| text | text | UTF-8 within the limit in bytes; no control characters but line ends and "
    "tabs, "
    "and not those where the limit is 200 or less |\n"
    "| texts | text, or map of `da`, `sv`, `en` to text | one text for all languages, or one for "
    "each "
    "|\n"
    "| number | integer | whole, signed, 64 bits |\n"
    "| yes/no | boolean | absent is false |\n"
    "| moment | integer or text | milliseconds since 1970 (UTC), or RFC 3339 with an offset |\n"
    "| local time | text | `2022-05-24T09:00`, in the zone of what it belongs to |\n"
    "| date | text | `2022-05-24` |\n"
    "| address | text | one e-mail address, at most 254 bytes |\n"
    "| link | text | begins with `https://`, at most 2000 bytes |\n"
    "| word | text | one of those listed |\n"
    "| list of … | array | within the limit of items |\n"
    "| map of … | map | ids as keys, within the limit of pairs |\n"
    "| record | bytes | an encoded record inside a record; never at the front door |\n\n"
    "A number that may be left out reads as 0, and 0 is as good as absent. A required text may not "
    "be\n"
    "empty.\n\n",
};

void describe_talk(struct buf *to) {
    for (size_t i = 0; i < COUNT_OF(paragraphs); i++) {
        if (paragraphs[i])
            buf_str(to, paragraphs[i]);
        else
            describe_example(MSG_REGISTRATION_MAKE, to);
    }
}
