#include "services/gateway/person.h"

#include <errno.h>

static bool opens(const struct request *request, struct text purpose) {
    struct text rest = text_of(query_infos[request->query].link), link;
    while (text_cut(&rest, '|', &link))
        if (text_eq(purpose, link))
            return true;
    return text_is(purpose, PERSON_PURPOSE);
}

int person_find(struct request *request, const struct token_key *links, instant now,
                struct token *hold, struct text *ret) {
    if (!request->token.p) {
        *ret = request->person;
        return 0;
    }
    if (token_read(links, request->token, hold) < 0 || check_id(hold->person))
        return request_refuse(request, "not-allowed", "token", "is none of ours");
    if (!opens(request, hold->purpose))
        return request_refuse(request, "not-allowed", "token", "is for something else");
    if (hold->expiry && hold->expiry <= now)
        return request_refuse(request, "too-late", "token", "is no longer valid");
    *ret = hold->person;
    return 0;
}
