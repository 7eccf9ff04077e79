#include "proto/describe_inner.h"
#include "proto/query.h"

static const char talk[] =
    "## Queries\n\n"
    "What a frontend reads, from the gateway: a ROUTER like the front door, on this machine\n"
    "`run/gateway.ipc`, from elsewhere tcp with CURVE (`gateway_listen` in cirkel.conf) and the "
    "same\n"
    "keys. A request is one map:\n\n"
    "| field | value |\n|---|---|\n"
    "| `v` | the version: 1 |\n"
    "| `id` | a text of 1 to 64 bytes, repeated in the answer |\n"
    "| `query` | the query, for example `meetings.coming` |\n"
    "| `body` | a map of the query's fields |\n"
    "| `limit` | optional: rows at most, 1 to 100; absent: 50 |\n"
    "| `after` | optional: the `next` of the page before |\n"
    "| `language` | optional: `da`, `sv` or `en`; texts come in it, else in all there are |\n"
    "| `token` | optional: of a link in a letter; the query is asked as its person |\n"
    "| `person` | optional: the same by id, for keys with the right `query.as_person` |\n\n"
    "At most 16 KiB. A key may ask what its types fit: `query.meetings.*`, `query.*`. A token's "
    "purpose is\n"
    "`query`, or one that the query names.\n\n"
    "The answer is a map of `v`, `id`, `status` and, when that is `ok`, `rows`; `refused` comes "
    "with\n"
    "`error` as at the front door, `retry` means that there is nothing to be seen just now. While "
    "there\n"
    "is `next`, ask the same again with it as `after`; a page may be short, even empty, and still "
    "have "
    "one.\n"
    "Rows come in the order of their ids, so every row that was there all the time comes once, "
    "whatever\n"
    "changes meanwhile. Moments and local times are RFC 3339 with the offset of their zone. A row "
    "with `of`\n"
    "holds another record beside it.\n\n"
    "```json\n"
    "{\"v\":1,\"id\":\"q-1\",\"query\":\"meetings.coming\",\"body\":{\"network\":\"cirkular-"
    "kommun\"},"
    "\"limit\":1,\"language\":\"sv\"}\n```\n\n```json\n"
    "{\"v\":1,\"id\":\"q-1\",\"status\":\"ok\",\"rows\":[{\"meeting\":\"workshop\",\"state\":"
    "\"called\","
    "\"network\":\"cirkular-kommun\",\"kind\":\"workshop\",\"title\":\"Workshop\","
    "\"starts\":\"2022-05-24T09:00:00+02:00\",\"ends\":\"2022-05-24T11:30:00+02:00\","
    "\"zone\":\"Europe/Stockholm\",\"minutes\":150,\"mode\":\"room\",\"revision\":2}],"
    "\"next\":\"4Lm0Bndvcmtza\"}\n```\n\n";

void describe_queries(struct buf *to) {
    buf_str(to, talk);
    for (unsigned i = 0; i < QUERY_COUNT; i++) {
        const struct query_info *q = &query_infos[i];
        const char *view = view_infos[q->view].shape.name;
        struct text links = text_of(q->link), link;
        buf_printf(to, "### %s\n\n%s Asked %s", q->shape.name, q->shape.doc,
                   q->who == QUERY_PERSON ? "as a person" : "by any key that may");
        for (bool first = true; text_cut(&links, '|', &link); first = false)
            buf_printf(to, "%s`%.*s`", first ? ", also with a letter's link of purpose " : " or ",
                       TEXT_ARGS(link));
        buf_printf(to, "; gives %s [%s](#view-%s).\n\n", q->count == QUERY_ONE ? "one" : "rows of",
                   view, view);
        describe_fields(&q->shape, to);
    }
    for (unsigned i = 0; i < VIEW_COUNT; i++) {
        const struct shape *shape = &view_infos[i].shape;
        buf_printf(to, "### View %s\n\n%s\n\n", shape->name, shape->doc);
        describe_fields(shape, to);
    }
}
