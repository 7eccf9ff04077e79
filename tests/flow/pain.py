"""Words that the stories of the twenty-five pains share."""


def begin(h, members=0, at="2022-03-01T09:00", **settings):
    h.init(at=at, **settings)
    h.start()
    h.found(members=members)
    h.settle()


def people(letters):
    return sorted(letter.row["person"] for letter in letters)


def told(h, rule):
    return people(h.letters(rule=rule))


def due(h, **filter):
    """The different moments at which such rows were due."""
    return sorted({h.moment(row["due"]) for row in h.ledger(**filter)})
