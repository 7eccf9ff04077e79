#include "proto/owes.h"

const struct owes owes[] = {
#define OWES(kind, about, doc) {kind, about, doc},
#include "proto/owes.def"
#undef OWES
};
const unsigned owes_count = COUNT_OF(owes);

const struct owes *owes_find(struct text kind) {
    for (unsigned i = 0; i < owes_count; i++)
        if (text_is(kind, owes[i].kind))
            return &owes[i];
    return NULL;
}
