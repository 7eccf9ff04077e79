/* why - what the rules say of one subject for one person, as things stand: read, never written. */
#ifndef SCHEDULER_WHY_H
#define SCHEDULER_WHY_H

#include <stdbool.h>

/* Prints one JSON object a line for each rule and step about the subject ("about" is its id, with
 * "/person" added where a kind has two): the plan, the event that brought it, whether the person is
 * in its audience, or the first reason why nothing came of it; "text" says it in a sentence. An
 * exit code. */
int why(const char *home, bool clock, const char *person, const char *about);

#endif
