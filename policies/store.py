"""The store of policy versions: drafts, approvals, activations and their history.

Nothing is in force that a second person did not approve exactly as it is, and no version is ever changed. An approval
is bound to a content hash, an activation to the base that the draft was made from. Who may do what is asked of the
version in force, never of the draft. A witness is told of each change before it is committed; if the witness raises,
nothing happened. Semantics 14 of the design's section 4; docs/adr/0003-policy-versions.md.
"""

from __future__ import annotations

import datetime as dt
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

import sqlalchemy as sa

from policies.change_conflict import three_way, what_to_do, why_another_hash
from policies.language import load_files, version_of
from policies.model import PolicySet
from policies.ownership import why_not_theirs
from policies.requests.own import gives_what_they_asked
from policies.review.check import ERROR, check
from policies.stewards import Role, Steward
from policies.store_tables import (
    ACTIVATION,
    APPROVAL,
    FILE,
    LARGEST_VERSION,
    VERSION,
    changing,
    engine_of,
    make,
    reading,
)
from policies.versions import (
    BOOTSTRAP,
    Activation,
    Approval,
    ChangeRefused,
    Conflict,
    InForce,
    Past,
    Tampered,
    Version,
    activation_in_force,
    both_times,
    check_chain,
    check_seal,
    moment,
    past,
    seal,
    utc_now,
)
from policies.yaml_models import stewards_of
from schema.catalogue import Catalogue
from schema.signs import without_odd_signs
from schema.strict_yaml import YamlFileError

Witness = Callable[[Version | Approval | Activation], None]
Within = Callable[[sa.Connection, Version], None]
"""What else is changed in the transaction of a draft; if it raises, nothing is."""
_Row = TypeVar("_Row", Version, Approval, Activation)


def _unwatched(_: Version | Approval | Activation) -> None:
    """The witness of a store whose changes are not recorded."""


class PolicyStore:
    """The version store at a database URL; safe to use from several threads and processes.

    Every method raises StoreUnavailable while the database does not answer, and Tampered where a row it needs is not
    as it was sealed.
    """

    def __init__(
        self,
        url: str,
        key: bytes,
        catalogue: Catalogue,
        witness: Witness = _unwatched,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        """`key` seals the rows and is kept outside the database; `now` is in the zone whose days grants count."""
        self.engine = engine_of(url)
        self._url = url
        self._key = key
        self._persons = hmac.digest(key, b"persons of daily counts", "sha256")
        self._catalogue = catalogue
        self._witness = witness
        self._now = now

    def person_digest(self, sub: str) -> str:
        """A keyed digest of a person, under which their own daily counts are kept."""
        return hmac.digest(self._persons, sub.encode(), "sha256").hex()[:32]

    def __repr__(self) -> str:
        return f"PolicyStore({self.engine.dialect.name})"

    def make(self, folder: Callable[[], Mapping[str, bytes]]) -> bool:
        """Bring the tables up to date; an empty store takes the files that `folder` gives as version 1.

        Returns whether it did. Raises what loading them raises.
        """
        make(self._url, self.engine)
        with changing(self.engine) as connection:
            if connection.execute(sa.select(sa.func.count()).select_from(VERSION)).scalar():
                return False
            files = folder()
            load_files(files, self._catalogue)
            made = moment(self._now())
            version = Version(1, version_of(files), BOOTSTRAP, BOOTSTRAP, None, "the policy folder", made)
            self._add_version(connection, version, files)
            names = {"author": BOOTSTRAP, "approver": BOOTSTRAP, "account": BOOTSTRAP}
            self._add_activation(connection, [], Activation(1, 1, None, version.hash, starts=made, made=made, **names))
        return True

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()

    # What is in force.

    def standing(self, now: dt.datetime | None = None) -> Activation:
        """The activation in force, without its files: what a running hub asks each second."""
        with reading(self.engine) as connection:
            return self._standing(self._chain(connection), moment(now or self._now()))

    def in_force(self, now: dt.datetime | None = None) -> InForce:
        """The version in force with its files, each seal and the content hash checked."""
        with reading(self.engine) as connection:
            return self._in_force(connection, moment(now or self._now()))

    def files(self, number: int) -> dict[str, bytes]:
        """The files of a version as they were drafted; ChangeRefused if there is no such version."""
        with reading(self.engine) as connection:
            return self._files(connection, self._version(connection, number))

    def history(self) -> list[Past]:
        """Every version, oldest first, with what became of it."""
        with reading(self.engine) as connection:
            versions = _read(connection, sa.select(VERSION).order_by(VERSION.c.number), Version)
            approvals = _read(connection, sa.select(APPROVAL), Approval)
            chain = self._chain(connection)
        for version in versions:
            check_seal(self._key, version)
        for approval in approvals:
            check_seal(self._key, approval)
        now = moment(self._now())
        return [past(each, approvals, chain, now) for each in versions]

    # What changes.

    def draft(
        self,
        files: Mapping[str, bytes],
        author: str,
        base: int | None = None,
        note: str = "",
        signed: str = "",
        within: Within | None = None,
    ) -> Version:
        """A new version made from `base` (default: the one in force), not in force yet; `within` changes with it.

        Raises YamlFileError if it does not load, ChangeRefused if a check of it finds an error, if the author is no
        steward, or not one of the owner of what it touches, or if nothing is changed, and Conflict if `base` is not the
        version in force.
        """
        after = self._sound(files, self._now())
        with changing(self.engine) as connection:
            now = moment(self._now())
            current = self._in_force(connection, now)
            person = self._person(current, author, Role.STEWARD)
            if base is not None and base != current.version.number:
                raise self._conflict(connection, base, current, files)
            if version_of(files) == current.version.hash:
                raise ChangeRefused(f"nothing is changed: this is version {current.version.number}, which is in force")
            self._check_ownership(current, person, after)
            number = (connection.execute(sa.select(sa.func.max(VERSION.c.number))).scalar() or 0) + 1
            names = {"author": author, "person": person.person, "note": note, "signed": signed}
            draft = Version(number, version_of(files), base=current.version.number, made=now, **names)
            if within is not None:
                within(connection, draft)
            return self._add_version(connection, draft, files)

    def rollback(self, number: int, author: str, note: str = "", signed: str = "", base: int | None = None) -> Version:
        """A new draft with an old content, made from `base` as `draft` says; it needs approval like any other."""
        return self.draft(self.files(number), author, base, note or f"back to version {number}", signed)

    def approve(self, number: int, content: str, account: str, signed: str = "") -> Approval:
        """A second person's approval of version `number` with exactly the hash `content`.

        Raises ChangeRefused if the hash is another, the account is no steward's or the author's own, or a check finds
        an error by now; Conflict if its base is not in force any more: it could never be activated.
        """
        self._sound(self.files(number), self._now())
        with changing(self.engine) as connection:
            now = moment(self._now())
            current = self._in_force(connection, now)
            version = self._version(connection, number)
            given = without_odd_signs(content).casefold()
            if given != version.hash:
                raise ChangeRefused(why_another_hash(number, version.hash, given))
            files = self._files(connection, version)
            self._not_activated(number, self._chain(connection), now)
            if version.base not in {None, current.version.number}:
                raise self._conflict(connection, version.base or 0, current, files, number)
            person = self._second(connection, current, version, account).person
            approval = Approval(number, version.hash, account, person, now, signed=signed)
            if any(each.account == account for each in self._approvals(connection, version)):
                raise ChangeRefused(f"{account} approved version {number} already")
            approval = replace(approval, seal=seal(self._key, approval))
            connection.execute(sa.insert(APPROVAL).values(**_columns(approval)))
            self._witness(approval)
        return approval

    def activate(self, number: int, account: str, starts: dt.datetime | None = None, signed: str = "") -> Activation:
        """Put an approved version in force, now or from `starts` (aware) on.

        Raises ChangeRefused without a standing approval of exactly its content, and Conflict if its base will not be
        the version in force then.
        """
        if starts is not None and starts < self._now():
            when = both_times(moment(starts), self._now().tzinfo)
            raise ChangeRefused(f"an activation cannot start in the past, at {when}; leave the time out for now")
        # Checked before the lock is taken: rows never change, and a check takes longer than others should wait.
        self._sound(self.files(number), starts.astimezone(self._now().tzinfo) if starts else self._now())
        with changing(self.engine) as connection:
            chain = self._chain(connection)
            # Read under the lock, and never behind an earlier activation's: clocks of several machines differ.
            now = max([moment(self._now()), *(each.made for each in chain)])
            begins = now if starts is None else max(now, moment(starts))
            current = self._in_force(connection, now)
            self._person(current, account, Role.STEWARD, Role.APPROVER)
            version = self._version(connection, number)
            self._not_activated(number, chain, now)
            approver = self._approver(connection, current, version)
            files = self._files(connection, version)
            then = self._in_force(connection, begins)
            if version.base != then.version.number:
                raise self._conflict(connection, version.base or 0, then, files, number)
            names = {"author": version.author, "approver": approver, "account": account, "signed": signed}
            row = Activation(len(chain) + 1, number, version.base, version.hash, begins, made=now, **names)
            return self._add_activation(connection, chain, row)

    # Who may do what.

    def _person(self, current: InForce, account: str, *roles: Role) -> Steward:
        """Whoever is behind the account; ChangeRefused if they have none of the roles."""
        stewards = stewards_of(current.files)
        if account not in stewards:
            known = f"known: {', '.join(stewards)}" if stewards else "it names none: add `stewards:` to the folder"
            raise ChangeRefused(f"{account!r} is no steward of the version in force; {known}")
        steward = stewards[account]
        if not set(roles) & set(steward.roles):
            raise ChangeRefused(
                f"{account!r} has not the role {' or '.join(roles)} in the version in force; it has:"
                f" {', '.join(steward.roles) or 'none'}"
            )
        return steward

    def _second(self, connection: sa.Connection, current: InForce, version: Version, account: str) -> Steward:
        """The person behind `account`: another than the author, by then and by now, and none who asked for it."""
        person = self._person(current, account, Role.APPROVER)
        author = stewards_of(current.files).get(version.author)
        if account == version.author or any(
            person.same_person(each) for each in (version.person, author.person if author else "")
        ):
            raise ChangeRefused("nobody approves their own draft, with any of their accounts; ask another steward")
        after, stewards = self._files(connection, version), stewards_of(current.files)
        before = self._files(connection, self._version(connection, version.base)) if version.base else {}
        if gives_what_they_asked(connection, person, stewards, before, after):
            raise ChangeRefused("nobody approves what they asked for, with any of their accounts; ask another steward")
        return person

    def _check_ownership(self, current: InForce, author: Steward, after: PolicySet) -> None:
        """Refuse a draft that touches types whose owner, by the version in force, the author does not answer for."""
        try:
            before = load_files(current.files, self._catalogue)
        except YamlFileError:
            # A version that loads no longer can be mended by whoever answers for all that the draft names.
            before = None
        if why := why_not_theirs(before, after, author):
            raise ChangeRefused(why)

    def _approver(self, connection: sa.Connection, current: InForce, version: Version) -> str:
        for approval in self._approvals(connection, version):
            if approval.hash != version.hash:
                continue
            try:
                if self._second(connection, current, version, approval.account).same_person(approval.person):
                    return approval.account
            except ChangeRefused:
                continue  # no steward any more
        raise ChangeRefused(
            f"version {version.number} is not approved: a second steward runs "
            f"`sluicegate policy approve {version.number} {version.hash}`"
        )

    def _sound(self, files: Mapping[str, bytes], when: dt.datetime) -> PolicySet:
        policy = load_files(files, self._catalogue)
        wrong = [each for each in check(self._catalogue, policy, when.date()) if each.level == ERROR]
        if wrong:
            raise ChangeRefused("\n".join(f"{each.place}: {each.text}" for each in wrong))
        return policy

    # Rows.

    def _standing(self, chain: list[Activation], now: str) -> Activation:
        # A clock that was set back does not undo what was put in force: time goes on from the newest row at least.
        found = activation_in_force(chain, max([now, *(each.made for each in chain)]))
        if found is None:
            raise Tampered("the policy store names no version in force")
        return found

    def _in_force(self, connection: sa.Connection, now: str) -> InForce:
        activation = self._standing(self._chain(connection), now)
        version = self._version(connection, activation.version)
        if version.hash != activation.hash:
            raise Tampered(f"the policy store was changed from outside: version {version.number}")
        return InForce(version, activation, self._files(connection, version))

    def _chain(self, connection: sa.Connection) -> list[Activation]:
        chain = _read(connection, sa.select(ACTIVATION).order_by(ACTIVATION.c.id), Activation)
        check_chain(self._key, chain)
        return chain

    def _version(self, connection: sa.Connection, number: int) -> Version:
        query = sa.select(VERSION).where(VERSION.c.number == number)
        found = _read(connection, query, Version) if number <= LARGEST_VERSION else ()
        if not found:
            raise ChangeRefused(f"there is no version {number}; see `sluicegate policy history`")
        check_seal(self._key, found[0])
        return found[0]

    def _approvals(self, connection: sa.Connection, version: Version) -> list[Approval]:
        query = sa.select(APPROVAL).where(APPROVAL.c.version == version.number).order_by(APPROVAL.c.made)
        found = _read(connection, query, Approval)
        for each in found:
            check_seal(self._key, each)
        return found

    def _files(self, connection: sa.Connection, version: Version) -> dict[str, bytes]:
        rows = connection.execute(sa.select(FILE).where(FILE.c.version == version.number).order_by(FILE.c.name))
        files = {row.name: bytes(row.content) for row in rows}
        if version_of(files) != version.hash:
            raise Tampered(f"the policy store was changed from outside: files of version {version.number}")
        return files

    def _add_version(self, connection: sa.Connection, version: Version, files: Mapping[str, bytes]) -> Version:
        version = replace(version, seal=seal(self._key, version))
        connection.execute(sa.insert(VERSION).values(**_columns(version)))
        rows = [{"version": version.number, "name": name, "content": content} for name, content in files.items()]
        connection.execute(sa.insert(FILE), rows)
        self._witness(version)
        return version

    def _add_activation(self, connection: sa.Connection, chain: list[Activation], row: Activation) -> Activation:
        row = replace(row, seal=seal(self._key, row, chain[-1].seal if chain else ""))
        connection.execute(sa.insert(ACTIVATION).values(**_columns(row)))
        self._witness(row)
        return row

    def _conflict(
        self,
        connection: sa.Connection,
        base: int,
        current: InForce,
        files: Mapping[str, bytes],
        number: int | None = None,
    ) -> Conflict:
        before = self._files(connection, self._version(connection, base))
        when = "is" if current.activation.starts <= moment(self._now()) else "will then be"
        same = version_of(files) == current.version.hash
        text = what_to_do(number, base, current.version.number, when, same=same)
        return Conflict(text, "" if same else three_way(before, current.files, files))

    def _not_activated(self, number: int, chain: Sequence[Activation], now: str) -> None:
        """Raises ChangeRefused for a version that is, was or will be in force: it is activated once."""
        found = next((each for each in chain if each.version == number), None)
        if found is None:
            return
        if found.starts > now:
            raise ChangeRefused(
                f"version {number} is activated and begins {both_times(found.starts, self._now().tzinfo)}; whatever is "
                f"activated before then makes it lapse, such as a draft of the same content: policy rollback {number}"
            )
        raise ChangeRefused(f"version {number} was activated already; to return to it: policy rollback {number}")


def _read(connection: sa.Connection, query: sa.Select[Any], row: type[_Row]) -> list[_Row]:
    return [row(**found) for found in connection.execute(query).mappings()]


def _columns(row: Version | Approval | Activation) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(row)}
