# Completion for bash: verbs and options as `cirkel help` tells them, message types for `send`,
# kinds for `list`. Source it, or put it into /usr/share/bash-completion/completions/cirkel.
_cirkel() {
    local word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        words=$(cirkel help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == --format ]]; then
        words="md html csv"
    elif [[ $verb == import && ${COMP_WORDS[COMP_CWORD - 1]} == --kind ]]; then
        words="people organisations memberships"
    elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == --class ]]; then
        words="service duty news"
    elif [[ $word == -* ]]; then
        words=$(cirkel help "$verb" 2>/dev/null | sed -n 's/^  \(--[a-z-]*\).*/\1/p')
    elif [[ $verb == send && $COMP_CWORD == 2 ]]; then
        words=$(cirkel protocol | sed -n '/^## Messages/,/^## Queries/s/^### \([a-z_]*\.[a-z_]*\)$/\1/p')
    elif [[ $verb == list && $COMP_CWORD == 2 ]]; then
        words=$(cirkel list 2>&1 | sed -n 's/.*needs one of://p')
    elif [[ $verb == export && $COMP_CWORD == 2 ]]; then
        words=$(cirkel export 2>&1 | sed -n 's/.*needs one of://p')
    elif [[ $verb == query && $COMP_CWORD == 2 ]]; then
        words=$(cirkel protocol | sed -n '/^## Queries/,/^## Parts/s/^### \([a-z]*\.[a-z]*\)$/\1/p')
    elif [[ $verb == key && $COMP_CWORD == 2 ]]; then
        words="new list revoke"
    elif [[ $verb == letter && $COMP_CWORD == 2 ]]; then
        words="send"
    elif [[ $verb == settle && $COMP_CWORD == 3 ]]; then
        words="sent not-sent"
    elif [[ $verb == help && $COMP_CWORD == 2 ]]; then
        words=$(cirkel help | sed -n 's/^  \([a-z-]*\) .*/\1/p')
    fi
    if [[ -n $words ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -F _cirkel cirkel
