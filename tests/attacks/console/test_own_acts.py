"""An auditor with a second account judges none of the acts of either."""

from __future__ import annotations

import pytest

from audit.record import Digester
from hub.console.oversight.review_pages import digests_of_person
from policies.stewards import Role, Steward

pytestmark = pytest.mark.attack


def test_acts_of_another_account_of_the_auditor_are_their_own() -> None:
    digester = Digester(b"k" * 32)
    auditor = Steward("wu", "吴敏", "sub-wu", (Role.AUDITOR,))
    stewards = {
        "wu": auditor,
        "wu-dev": Steward("wu-dev", "吴敏", "sub-dev", (Role.DEVELOPER,)),
        "sun": Steward("sun", "孙婧", "sub-sun", (Role.DEVELOPER,)),
    }
    own = digests_of_person(digester, auditor, "sub-wu", stewards)
    for account, subject in (("wu", "sub-wu"), ("wu-dev", "sub-dev")):
        assert {digester.digest("steward", account), digester.digest("subject", subject)} <= own
    assert not own & {digester.digest("steward", "sun"), digester.digest("subject", "sub-sun")}
