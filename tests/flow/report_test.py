"""The funder's report of the Danish story, files in and out: what the figures say is what the sample says."""
import collections
import csv
import html.parser
import io
import json
import os
import re
import xml.dom.minidom

from tests.harness.house import ROOT, equal

SAMPLE = os.path.join(ROOT, "config/samples/cirkulaere-byer.jsonl")
KINDS = {"workshop": "Workshop", "preparation": "Forberedelse", "local-test": "Lokal test", "meeting": "Møde"}
VOID = {"meta", "br", "hr", "img", "link", "input"}


def sample_hours(until="9999"):
    """Minutes by organisation, person and kind, as the sample itself says."""
    minutes, staff, ours = collections.Counter(), {}, {}
    with open(SAMPLE) as file:
        lines = [json.loads(line) for line in file]
    for line in lines:
        body = line["body"]
        if line["type"] == "staff.name":
            staff.update({person: body["participation"] for person in body["persons"]})
        elif line["type"] == "meeting.plan" and body.get("programme"):
            ours[body["meeting"]] = (body["starts"][:10], "workshop" if body["kind"] == "workshop" else "meeting")
        elif line["type"] == "hours.log" and body["date"] <= until:
            minutes[body["participation"], body["person"], body["kind"]] += body["minutes"]
        elif line["type"] == "attendance.record" and ours.get(body["meeting"], ("9999",))[0] <= until:
            for entry in body["entries"]:
                if entry["person"] in staff and entry["minutes"]:
                    minutes[staff[entry["person"]], entry["person"], ours[body["meeting"]][1]] += entry["minutes"]
    names = {line["body"][kind]: line["body"]["name"] for line in lines for kind in ("organisation", "person")
             if line["type"] == kind + ".register"}
    return minutes, names


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def read(path):
    with open(path, newline="") as file:
        return file.read()


class Page(html.parser.HTMLParser):
    """Checks that what is opened is closed, and collects ids, what refers to them, and tags."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.refers, self.tags = [], [], [], collections.Counter()
        self.feed(text)
        self.close()
        equal(self.open, [], "elements left open")

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.refers += attrs.get("aria-labelledby", "").split()
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] += 1

    def handle_endtag(self, tag):
        equal(self.open and self.open[-1], tag, "closed")
        self.open.pop()


def danish_report_test(h):
    h.run_cirkel("play", SAMPLE)
    h.verify()
    minutes, names = sample_hours()

    # CSV: hours by person and by municipality are those of the sample, to the minute's tenth of an hour.
    rows = table(h.run_cirkel("report", "cirkulaere-byer", "--format", "csv"))
    said = collections.defaultdict(int)
    for (organisation, person, kind), n in minutes.items():
        said[names[organisation], names[person], KINDS[kind]] += n
    for row in rows:
        for kind in KINDS.values():
            equal(row[kind], f"{said.pop((row['Kommune'], row['Person'], kind), 0) / 60:.1f}", f"{row} {kind}")
    equal(dict(said), {}, "hours that are not in the report")

    out = h.path("papers")
    for form in ("csv", "html", "md"):
        h.run_cirkel("report", "cirkulaere-byer", "--format", form, "--out", out)
    equal({row["Kommune"]: float(row["I alt"]) for row in table(read(f"{out}/municipalities.csv"))},
          {name: sum(n for (o, _, _), n in minutes.items() if names[o] == name) / 60
           for name in {names[o] for o, _, _ in minutes}}, "hours of municipalities")
    figures = table(read(f"{out}/figures.csv"))[0]
    equal(float(figures["Timer brugt"]), sum(minutes.values()) / 60)
    equal([figures[name] for name in ("Ansøgninger modtaget", "Tilbudt plads", "På reservelisten", "Afslag",
                                      "Milepæle nået", "Løsninger offentliggjort")], ["9", "6", "2", "1", "24", "6"])
    equal([row["Plads på reservelisten"] for row in table(read(f"{out}/decisions.csv"))
           if row["Afgørelse"] == "reserve"], ["1", "2"])
    equal(len(table(read(f"{out}/activities.csv"))), 13)

    # Markdown and the picture beside it; the page holds both, and nobody's address.
    markdown, page, svg = (read(f"{out}/{name}") for name in ("report.md", "report.html", "hours.svg"))
    assert markdown.startswith("# Cirkulære systemløsninger i danske byer\n\nRapport til Realdania."), markdown[:200]
    assert "](hours.svg)" in markdown and "1714,5" in markdown
    equal(len(xml.dom.minidom.parseString(svg).getElementsByTagName("g")), 6, "panels")
    checked = Page(page)
    equal(set(checked.refers) - set(checked.ids), set(), "labels of nothing")
    equal(len(checked.ids), len(set(checked.ids)), "ids given twice")
    equal((checked.tags["h1"], checked.tags["svg"], checked.tags["script"], checked.tags["img"]), (1, 1, 0, 0))
    assert '<html lang="da">' in page
    for paper in (markdown, page, svg):
        equal(re.findall(r"[\w.-]+@[\w.-]+", paper), [], "addresses")

    # Until a day: that day is in, what came later is not.
    early, _ = sample_hours("2022-12-07")
    h.run_cirkel("report", "cirkulaere-byer", "--format", "csv", "--until", "2022-12-07", "--out", out)
    figures = table(read(f"{out}/figures.csv"))[0]
    equal(float(figures["Timer brugt"]), sum(early.values()) / 60)
    equal(figures["Løsninger offentliggjort"], "0")
    h.run_cirkel("report", "cirkulaere-byer", "--format", "csv", "--until", "2022-02-27", "--out", out)
    equal(table(read(f"{out}/decisions.csv")), [], "decisions that were not told yet")
    equal({row["Status"] for row in table(read(f"{out}/applications.csv"))} & {"afslag", "tilbudt plads", "reserve"},
          set(), "states that tell decisions")

    h.run_cirkel("report", "nowhere", code=1)
    h.run_cirkel("report", "cirkulaere-byer", "--format", "pdf", code=2)
    h.run_cirkel("report", "cirkulaere-byer", "--until", "soon", code=2)

    # Lists and `why` read well.
    assert "Milepæl" in h.run_cirkel("list", "milestone")
    assert "more of hours" in h.run_cirkel("show", "cirkulaere-byer")
    one = h.run_cirkel("show", "kolding")
    assert "ans-kolding" in one and "budget_minutes" in one, "an organisation, with what it applied for and takes part in"
    assert "\n                       phase: map" in h.run_cirkel("show", "programme:cirkulaere-byer"), "a line for each"
    for no_id in ("x" * 700, "kolding/" + "x" * 700):  # longer than any key
        assert "nothing has the id" in h.run_cirkel("show", no_id, code=1).errors
    why = h.run_cirkel("why", "kolding-klima", "ans-kolding")
    assert "answer-offer, about application ans-kolding" in why and "by kolding-klima" in why, why
    assert "bedoemmer" not in why, why


def write(h, name, text):
    path = h.path(name)
    with open(path, "w", newline="") as file:
        file.write(text)
    return path


def import_test(h):
    """A dry run first; a bad line stops all of it; a file imported twice makes nothing twice."""
    h.init()
    h.start()
    h.found("net")
    organisations = write(h, "o.csv", "organisation;name;kind;country\r\nlund;Lunds kommun;municipality;SE\r\n"
                                      "malmo;\"Malmö; stad\";municipality;SE\r\n")
    people = write(h, "p.csv", "\ufeffperson,name,email,language,organisation,functions\n"
                   + "".join(f"p{n:03},\"Person {n}, Lund\",p{n}@lund.example,sv,lund,environment|wool\n"
                             for n in range(600)))
    said = h.run_cirkel("import", organisations, "--kind", "organisations")
    assert "2 new, 0 there already, 0 wrong" in said and "--yes" in said, said
    equal(len(h.records("organisation")), 1, "a dry run makes nothing")
    out = h.run_cirkel("import", people, "--kind", "people", code=2)
    assert "p.csv:2: column 5, organisation: there is no organisation lund" in out, out
    h.run_cirkel("import", organisations, "--kind", "organisations", "--yes")
    equal(h.record("organisation", organisation="malmo")["name"], "Malmö; stad")

    bad = write(h, "bad.csv", "person,name,email,language\nq1,Q,q1@x.example,sv\nq2,Q,no address,sv\nq3,Q,q3@x.example,fi\n")
    out = h.run_cirkel("import", bad, "--kind", "people", "--yes", code=2)
    assert "bad.csv:3: column 3, email: " in out and "bad.csv:4: column 4, language: " in out, out
    equal(h.records("person", person="q1"), [], "nothing is half imported")

    # Interrupted: a part of it is there; the same file again makes the rest.
    part = write(h, "part.csv", "".join(open(people).readlines()[:100]))
    h.run_cirkel("import", part, "--kind", "people", "--yes")
    equal(len(h.records("person")), 1 + 99)
    assert "501 taken, 0 refused" in h.run_cirkel("import", people, "--kind", "people", "--yes")
    equal(len(h.records("person")), 1 + 600)
    events = len(h.records("decision"))
    assert "0 new, 600 there already, 0 wrong" in h.run_cirkel("import", people, "--kind", "people", "--yes")
    equal(len(h.records("decision")), events, "nothing was said")
    equal(h.record("person", person="p007")["functions"], ["environment", "wool"])

    members = write(h, "m.csv", "person\tsource\np001\tfrom before\np002\tfrom before\n")
    h.run_cirkel("import", members, "--kind", "memberships", code=2)
    h.run_cirkel("import", members, "--kind", "memberships", "--network", "net", "--yes")
    equal(sorted(row["person"] for row in h.records("membership") if row["source"] == "from before"), ["p001", "p002"])
    rows = [json.loads(line) for line in
            h.run_cirkel("import", members, "--kind", "memberships", "--network", "net", "--json").lines]
    equal([row["fate"] for row in rows], ["there already"] * 2)

    # Without ids: what came from the file is found again by address, and by name and country.
    nameless = write(h, "n.csv", "name,email,language\nNy,ny@x.example,da\n")
    for _ in range(2):
        h.run_cirkel("import", nameless, "--kind", "people", "--yes")
    equal(len(h.records("person", email="ny@x.example")), 1)
    h.stop()
    more = write(h, "more.csv", "name,email,language\nNyare,nyare@x.example,da\n")
    h.run_cirkel("import", more, "--kind", "people")
    h.run_cirkel("import", h.path("none.csv"), "--kind", "people", code=2)
    h.run_cirkel("import", people, code=2)
    h.verify()


def export_test(h):
    """What a spreadsheet would take for a formula is none; who is protected is not told; what is out comes in."""
    h.init()
    h.start()
    h.found("net")
    h.say("organisation.register", {"organisation": "evil", "name": "=HYPERLINK(\"http://x\";\"y\")", "kind": "company",
                                    "country": "SE", "number": "+46 1", "region": "vast"})
    h.say("person.register", {"person": "at", "name": "@SUM(1)", "email": "at@x.example", "language": "sv",
                              "organisations": ["evil", "host"], "functions": ["a", "b"]})
    h.say("person.register", {"person": "hidden", "name": "Hilda", "email": "hilda@x.example", "language": "sv"})
    h.say("person.protect", {"person": "hidden", "on": True})
    h.join("net", "m01")
    h.say("membership.grant", {"network": "net", "person": "hidden", "source": "by hand"})
    h.call("m1", starts="2022-03-22T09:00", title={"sv": "-1 möte", "da": "Møde"})
    h.settle()

    text = h.run_cirkel("export", "organisation")
    row = next(row for row in table(text) if row["organisation"] == "evil")
    equal((row["name"], row["number"]), ("'=HYPERLINK(\"http://x\";\"y\")", "'+46 1"))
    people = {row["person"]: row for row in table(h.run_cirkel("export", "person"))}
    equal(people["at"]["name"], "'@SUM(1)")
    equal((people["at"]["organisations"], people["at"]["functions"]), ("evil|host", "a|b"))
    equal((people["hidden"]["name"], people["hidden"]["email"]), ("(protected)",) * 2)
    for kind in ("person", "ledger", "membership", "decision", "fact"):
        out = h.run_cirkel("export", kind)
        assert "Hilda" not in out and "hilda@" not in out, kind
    meeting = table(h.run_cirkel("export", "meeting"))[0]
    equal((meeting["title"], meeting["title.sv"], meeting["title.da"]), ("", "'-1 möte", "Møde"))
    for kind in re.findall(r" (\S+)", h.run_cirkel("export", "nothing", code=2).errors.split("needs one of:")[1]):
        for row in csv.reader(io.StringIO(h.run_cirkel("export", kind))):
            equal([cell for cell in row if cell[:1] in tuple("=+-@\t\r")], [], kind)

    # Out and in again: the same records, nothing new.
    path = h.path("people.csv")
    h.run_cirkel("export", "person", "--out", path)
    equal(os.stat(path).st_mode & 0o777, 0o600)
    wanted = ("person", "name", "email", "language", "organisations", "functions")
    with open(h.path("again.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, wanted, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row for row in people.values() if row["person"] != "hidden")
    assert f"0 new, {len(people) - 1} there already" in h.run_cirkel("import", h.path("again.csv"), "--kind", "people")
