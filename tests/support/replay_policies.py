"""Two policies that a replay compares: the one in force and a draft that breaks, coarsens and discloses."""

from __future__ import annotations

HEAD = """
purposes: [{id: a, zh: 甲, en: A}, {id: b, zh: 乙, en: B}, {id: c, zh: 丙, en: C}]
applications:
  - {id: app, zh: 应用, en: App, department: fire, jurisdiction: 14/}
  - {id: staffed, zh: 名单, en: Listed, department: fire, jurisdiction: 14/, staff: {s-1: 14/, s-2: 14/}}
"""


DESK = "  - {id: desk, zh: 台, en: Desk, department: fire, jurisdiction: 14/}\n"


EVERYTHING = "rows: {Person: {}, Dwelling: {}, Event: {}}"


CURRENT = f"""{HEAD}{DESK}stewards: [{{account: zhang, person: S-1}}]
grants:
  - id: people
    to: {{department: [fire]}}
    for: [a, b]
    basis: law
    {EVERYTHING}
    fields:
      Person.name: clear
      Person.gender: clear
      Person.phone: {{mask: "partial(3,4)"}}
      Person.residency: aggregate
      Dwelling.code: clear
      Dwelling.residents: clear
      Person.dwellings: clear
    match: [Person.idNumber]
    obligations: {{matchDailyCap: 1000000}}
"""


DRAFT = f"""{HEAD.replace("s-2: 14/", "s-3: 14/")}grants:
  - id: people
    to: {{department: [fire]}}
    for: [a, c]
    basis: law
    {EVERYTHING}
    fields:
      Person.name: {{mask: surname}}
      Person.gender: clear
      Person.birthDate: {{mask: age_band}}
      Person.phone: clear
      Dwelling.code: clear
"""
