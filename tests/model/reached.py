"""What must have come to pass somewhere in so many stories: where it never does, the drawing tests nothing of it."""

ENOUGH, SURELY = 240, 500  # stories: of those that are always drawn; of any

STATES = ("accepted", "failed", "expired", "suppressed", "superseded", "missed", "not-due", "held", "unknown", "digested",
          "withdrawn")
CODES = ("too-late", "too-early", "not-entitled", "wrong-state", "already", "not-found", "conflict", "bad-value")

LETTERS = (("meeting-moved", "accepted"), ("meeting-postponed", "accepted"), ("meeting-cancelled", "accepted"),
           ("registration-offered", "accepted"), ("registration-offer-lapsed", "accepted"), ("digest", "accepted"),
           ("digest", "superseded"), ("letter", "accepted"), ("letter", "withdrawn"), ("letter", "digested"),
           ("application-selected", "accepted"), ("application-reserve", "accepted"), ("application-declined", "accepted"),
           ("application-offer-lapsed", "accepted"), ("application-more-asked", "accepted"),
           ("application-extended", "accepted"), ("complete-application", "accepted"), ("answer-more", "accepted"),
           ("answer-offer", "accepted"), ("assessment-half", "accepted"), ("submit-assessment", "accepted"),
           ("assessments-asked", "accepted"), ("assessments-waiting", "accepted"), ("decisions-due", "accepted"),
           ("participation-welcome", "accepted"), ("adviser-assigned", "accepted"),
           ("name-staff", "accepted"), ("publish-solution", "accepted"))

APPLIED = ("registration.accept_offer", "membership.confirm", "preference.set", "quiet.set", "sending.pause",
           "sending.resume", "catchup.release", "catchup.skip", "delivery.retry", "delivery.withdraw", "delivery.settle",
           "delivery.report", "suppression.lift", "hold.release", "hold.undo", "letter.send", "plan.skip",
           # programmes
           "call.extend", "application.submit", "application.answer_more", "application.withdraw",
           "application.judge_eligible", "assessor.assign", "assessment.declare_conflict", "assessment.submit",
           "decision.make", "decision.release", "offer.accept", "offer.refuse", "offer.make", "adviser.assign",
           "staff.name", "staff.replace", "hours.log", "hours.correct", "obligation.waive", "milestone.plan",
           "milestone.move", "milestone.reach", "evidence.add", "evidence.judge", "solution.publish",
           "participation.leave", "programme.update", "programme.end", "organisation.close",
           # ideas, cases, merges
           "person.merge", "organisation.merge", "rules.apply",
           "idea.answer", "idea.promote", "idea.close", "support.assign", "support.answer", "support.note", "support.close")

REASONS = (
    # addresses
    "the address was refused for good", "the address could not be reached again and again", "complained of our news",
    "it came back", "it came back: the address was refused for good",
    # gentleness
    "does not want news", "its use ends within quiet hours, which last until …",
    "nudge: one a day, and on … it is of no use",
    "cap: … letters of news a week, and no digest takes it while it is of use",
    "in the digest, letter … accepted", "in the digest, letter … failed",
    "in the digest, letter … held", "in the digest, letter … missed", "something in it is no longer so",
    "past its use before its digest left",
    # outages, pauses and orders
    "fell due in an outage; catch-up sheet …", "overtaken by a later step of its rule",
    "past its use while nothing could leave", "nobody released it while it was of use",
    "skipped on the catch-up sheet", "… minutes late; somebody decides", "an operator took it back", "an operator took the letter back",
    "a person knows that it arrived", "the answer was lost; it may have left")

# as the model counts them
CAME = ("quiet hours had begun meanwhile", "news put off by quiet hours", "a nudge put off to another day",
        "a nudge had left meanwhile", "a week was full meanwhile",
        "gathered for a day", "gathered for a week", "gathered, being too much", "a complaint outlived the rest", "an address is tried again",
        "what came back was forgotten", "somebody vouched for an address", "a release was paced",
        "a release would be too slow", "a sheet after a pause", "a letter's window ended in an outage",
        "gathered with its kind", "alone after all", "sent again, because somebody knows",
        "overdue: answer-more", "overdue: answer-offer", "overdue: submit-assessment", "overdue: name-staff",
        "overdue: publish-solution", "a reserve moved up", "decisions in a window", "decisions taken back by themselves",
        "one of the staff left", "fell behind", "caught up", "overdue: renew-backing", "reached late",
        "a place was free for the next", "a place more",
        "taken back, and told for a letter that it stopped",
        "a digest on a sheet is of use for another time", "nothing in a digest on a sheet was of use",
        "kept away", "a meeting was hours", *("of a programme: " + rule for rule in (
            "meeting-invitation", "meeting-nudge", "meeting-week-before", "meeting-day-before", "meeting-hour-before",
            "meeting-moved", "meeting-mode-changed", "meeting-cancelled", "meeting-decide", "meeting-goes-ahead",
            "meeting-postponed", "follow-up-materials", "follow-up-summary", "registration-confirmed",
            "registration-waiting", "registration-offered", "registration-cancelled")),
        # operators
        "a morning without anything", "late, and gathered",
        # merges and rules
        "an application went over", "a participation went over", "one of the staff is somebody else now",
        "an assessor is somebody else now", "one of the staff was erased",
        "a changed rule speaks again", "a new rule reached back", "a letter moved by a merge", "a letter withdrawn by a merge")


def missing(seen, seed, seeds, book):
    """Of what must have come to pass, and of the rules in the book."""
    if seeds < (ENOUGH if seed == 1 else SURELY):
        return []
    must = (*((rule, "accepted") for rule in book), *CAME, *STATES, *CODES, *LETTERS,
            *((m, "applied") for m in APPLIED), *("because " + r for r in REASONS))
    return [what for what in must if not seen[what]]
