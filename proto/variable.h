/* variable - the names a letter may use, by what the letter is about: made from the rows of
 * records.def and links.def, so that a new field can be named in letters at once.
 *
 *     {{meeting.title}}  {{meeting.starts}}  {{meeting.starts.date}}  {{meeting.starts.time}}
 *     {{#meeting.mode.video}} a choice of a word {{/meeting.mode.video}}
 *     {{#meeting.breakouts}}{{name}}{{/meeting.breakouts}}  {{person.name}}  {{link.yes}}
 *
 * One table for both ends: the scheduler refuses a letter with another name when it reads it, the
 * notifier looks the values up.
 *
 * OWNERSHIP  A struct variable points into the tables, and its `choice` into the name given.
 * ERRORS     0 or -errno. Nothing here logs.
 */
#ifndef PROTO_VARIABLE_H
#define PROTO_VARIABLE_H

#include "common/template.h"
#include "proto/shape.h"

enum variable_what {
    VARIABLE_FIELD, /* `field` of `record`, or of a list's part */
    VARIABLE_ITEM,  /* {{.}}: the item of a list of ids, texts or numbers */
    VARIABLE_LINK,  /* `link` of variable_links */
    VARIABLE_PERSON_NAME,
    VARIABLE_PERSON_LANGUAGE,
    VARIABLE_OFFICE_NAME,
    VARIABLE_HOST_NAME,
    VARIABLE_LEAD_NAME,
    VARIABLE_ADVISER_NAME,
    VARIABLE_BREAKOUT_NAME,
    VARIABLE_CASE_ANSWER,
    VARIABLE_POLL_RESULT, /* rows of `text` and `votes` */
    VARIABLE_POLL_TEXT,
    VARIABLE_POLL_VOTES,
    VARIABLE_LATE,
    VARIABLE_DIGESTED,       /* it is written as an item of a digest */
    VARIABLE_DIGEST_LETTERS, /* rows of `subject` and `text`, which is Markdown */
    VARIABLE_DIGEST_SUBJECT,
    VARIABLE_DIGEST_TEXT,
    VARIABLE_ORGANISATION_NAME,
    VARIABLE_OTHER_ZONE, /* the meeting's zone, for whose own clock shows another time then */
    VARIABLE_OVERDUE,    /* the obligation's time has passed: a step of its ladder */
};

enum variable_form {
    VARIABLE_TEXT,   /* {{name}}, or a section when it is given */
    VARIABLE_DATE,   /* the date of an instant or a wall time */
    VARIABLE_TIME,   /* its time of day */
    VARIABLE_TRUTH,  /* only a section */
    VARIABLE_CHOICE, /* only a section: the word is `choice` */
    VARIABLE_LIST,   /* only a section, once an item */
};

struct variable {
    enum variable_what what;
    enum variable_form form;
    enum rec_type record;      /* REC_NONE: of no record */
    const struct field *field; /* of VARIABLE_FIELD */
    struct text choice;
    unsigned link;
};

struct variable_link { /* a row of links.def */
    const char *name, *message, *value;
    enum rec_type object; /* the record whose id it carries; a membership is named by its network */
    int64_t days;
};
extern const struct variable_link variable_links[];
extern const unsigned variable_link_count;
/* What somebody wishes to receive, or wants to see of her own, needs no subject. */
bool variable_link_is_personal(const struct variable_link *link);

/* Whether letters about this kind can name this record. "obligation.answer-offer" is a kind as
 * well; "obligation" brings what any of them does. */
bool variable_brings(struct text about_kind, enum rec_type record);

/* What a name means in a letter about this kind, outside of lists. -ENOENT: nothing. */
MUST_CHECK int variable_find(struct text about_kind, struct text name, struct variable *ret);
/* The same inside {{#list}}: only the names of its items. */
MUST_CHECK int variable_find_item(const struct variable *list, struct text name,
                                  struct variable *ret);

/* Every name of a letter, those in lists included. -ENOENT with the line and the name: it
 * means nothing there, or it can only be a section. */
MUST_CHECK int variable_check_template(struct text about_kind, const struct template *template,
                                       struct template_error *reterr);

#endif
