"""Polls, ideas and support: the question, who answers it, and who is told."""
from tests.harness.house import equal

OPTIONS = [{"option": "policy", "text": {"sv": "Riktlinjer", "da": "Retningslinjer", "en": "Guidelines"}},
           {"option": "mobler", "text": {"sv": "Möbler", "da": "Møbler", "en": "Furniture"}}]


def people(letters):
    return sorted(letter.row["person"] for letter in letters)


def poll_test(h):
    """The last answer before closing counts; it closes by itself; everyone asked hears the result."""
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=3)
    h.say("poll.open", poll="tema", network="net", question={"sv": "Vilket tema?"}, options=OPTIONS,
          audience="members", closes="2022-03-04T12:00")
    h.settle()
    letters = h.letters(rule="poll-opened")
    equal(people(letters), ["m01", "m02", "m03"])
    assert "Riktlinjer" in letters[0].text and "fredag 4 mars 2022 kl. 12:00" in letters[0].text
    letters[0].token("Svara här")
    for person, option in (("m01", "policy"), ("m02", "mobler"), ("m01", "mobler")):
        h.say("poll.answer", poll="tema", person=person, option=option)
    h.refused("not-found", "poll.answer", poll="tema", person="m03", option="textil")
    h.refused("not-entitled", "poll.answer", poll="tema", person="lead", option="policy")
    h.clock("2022-03-04T12:00")
    equal(h.record("poll", poll="tema")["state"], "closed")
    result = h.letter(rule="poll-result", person="m01")
    assert "Möbler: 2" in result.text and "Riktlinjer: 0" in result.text, result.text
    h.refused("too-late", "poll.answer", poll="tema", person="m03", option="policy")
    h.verify()


def support_test(h):
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2)
    case = h.say("support.request", network="net", person="m01", topic="mobler",
                 text="Vi behöver hjälp att kartlägga möbler.")["case"]
    h.settle()
    equal((h.letter(rule="support-received").row["person"], h.letter(rule="support-arrived").row["person"]),
          ("m01", "lead"))
    assert "kartlägga möbler" in h.letter(rule="support-received").text
    h.say("support.assign", case=case, person="m02", next_step_by="2022-03-07")
    h.say("support.note", case=case, text="Ring först.")
    h.clock("2022-03-09T09:00")
    assigned = h.letter(rule="support-assigned")
    equal(assigned.row["person"], "m01")
    assert "Person m02" in assigned.text and "måndag 7 mars 2022" in assigned.text, assigned.text
    equal(people(h.letters(rule="support-yours") + h.letters(rule="support-next-step")), ["m02", "m02"])
    unanswered = h.letter(rule="support-unanswered")
    equal((unanswered.row["person"], h.moment(unanswered.row["due"])), ("lead", h.moment("2022-03-08T09:00")))
    h.say("support.answer", case=case, text="Här är mallen.")
    h.settle()
    answered = h.letter(rule="support-answered")
    assert "Här är mallen." in answered.text and "Ring först." not in answered.text, answered.text
    h.say("support.close", case=case, minutes=60)
    h.settle()
    equal(h.letter(rule="support-closed").row["person"], "m01")
    equal(h.refused("wrong-state", "support.answer", case=case, text="Mer")["code"], "wrong-state")

    # Answered in time: the lead hears nothing of it.
    second = h.say("support.request", network="net", person="m01", text="En fråga till.")["case"]
    h.say("support.answer", case=second, text="Ja.")
    h.clock("2022-03-20T09:00")
    equal(len(h.letters(rule="support-unanswered")), 1)
    h.verify()


def idea_test(h):
    h.init(at="2022-03-01T09:00")
    h.start()
    h.found(members=2, topics=[{"topic": "mobler", "name": "Möbler"}])
    first = h.say("idea.send", network="net", person="m01", text="Kan vi samla ramavtal?")["idea"]
    second = h.say("idea.send", network="net", person="m02", text="En *stjärna* [länk](https://x.example)")["idea"]
    h.say("idea.send", network="net", contact="okand@example.org", text="Utan konto")
    h.clock("2022-03-08T09:00")
    equal(people(h.letters(rule="idea-received")), ["m01", "m02"])
    equal(len(h.letters(rule="idea-arrived")), 3)
    marked = h.letter(rule="idea-received", person="m02")
    assert "https://x.example" not in marked.links.values(), "what somebody writes makes no link"
    equal(len(h.letters(rule="idea-unanswered")), 3)
    h.say("idea.answer", idea=first, text="Ja, i höst.")
    h.say("idea.promote", idea=second, to="topic", topic="mobler")
    h.settle()
    assert "Ja, i höst." in h.letter(rule="idea-answered", person="m01").text
    assert "ämne" in h.letter(rule="idea-taken-up", person="m02").text
    h.say("idea.close", idea=first)
    h.settle()
    equal(h.letters(rule="idea-closed"), [], "whoever had an answer needs no second goodbye")
    h.verify()
