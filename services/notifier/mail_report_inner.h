/* mail_report_inner - what the files of mail_report share. */
#ifndef NOTIFIER_MAIL_REPORT_INNER_H
#define NOTIFIER_MAIL_REPORT_INNER_H

#include "services/notifier/mail_report.h"

/* Printable ASCII, blanks joined, cut to the room there is. */
void mail_words(struct text from, char *to, size_t size);
bool mail_has(struct text in, const char *words); /* capitals make no difference */
bool mail_is(struct text a, const char *word);    /* the same, of the whole */
/* The first Message-ID of ours in a text. */
bool mail_own_id(struct text in, struct text domain, char ret[MAIL_ID_MAX]);

/* ---- mail_status.c ---- */
/* The next field of "Name: value" lines, unfolded into `room`; false at the end of the block, which
 * an empty line is. */
bool mail_field(struct text *rest, struct text *ret_name, char *room, size_t size);
/* The body of message/delivery-status. */
void mail_status_read(struct text body, struct mail_report *ret);
/* An enhanced status code in a text: "… 5.1.1 …". */
bool mail_status_find(struct text in, char ret[16]);
/* What a failure with this code and these words says of the address. */
enum mail_kind mail_status_kind(const char *status, struct text words);

/* ---- mail_plain.c ---- */
/* A report in words alone: only of the kinds that are known, and only from a mail server. */
bool mail_plain_read(struct text body, struct text failed, struct mail_report *ret);

#endif
