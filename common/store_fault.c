#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/store_inner.h"

#ifdef __SANITIZE_ADDRESS__ /* which says more */
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

static void say_fault(int number, siginfo_t *info, void *context) {
    static const char words[] = "t=- error storage_damaged a page that is not there, or points "
                                "nowhere, was read; stopping. "
                                "What there is: cirkel verify\n";
    (void)number;
    (void)info;
    (void)context;
    if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
        _exit(EXIT_FAILURE);
    abort();
}

/* The file is read as memory: damage shows as a fault, and must not be a death without a word. */
void store_watch_faults(void) {
    if (IS_SANITIZED)
        return;
    struct sigaction action = {.sa_sigaction = say_fault,
                               .sa_flags = (int)(SA_SIGINFO | SA_RESETHAND)};
    must(sigaction(SIGBUS, &action, NULL) == 0);
    must(sigaction(SIGSEGV, &action, NULL) == 0);
}
