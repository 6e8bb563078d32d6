"""Holds a graph and the key of its surrogates together: the graph knows a digest of the key that filled it.

A pull with another key, or with a key file that is lost, is refused before anything is written: it would give every
node a new surrogate, and whatever applications and the log know of the old ones would be void.
"""

from __future__ import annotations

import hashlib

from hub.graph.constraints import ensure_constraints
from hub.graph.driver import GraphWriter
from hub.graph.loaded_catalogue import note_catalogue, require_fit
from hub.home.key_files import KeyRefused
from hub.home.seals import load_key
from hub.home.settings import Settings
from schema.catalogue import Catalogue

_READ = "MATCH (k:SurrogateKey) RETURN k.digest AS digest"
_NOTE = "MERGE (k:SurrogateKey {digest: $digest})"


def open_to_write(settings: Settings, writer: GraphWriter, catalogue: Catalogue) -> bytes:
    """The key of a graph that is to be written for a catalogue; it fits it then, and is made ready if it is empty.

    Raises CatalogueMisfit and KeyRefused before anything is written, and GraphWriteError.
    """
    require_fit(writer, catalogue)
    key = key_of_graph(settings, writer)
    ensure_constraints(writer, catalogue)
    note_catalogue(writer, catalogue)
    return key


def key_of_graph(settings: Settings, writer: GraphWriter) -> bytes:
    """The key of the surrogates of this graph; made, and noted in the graph, if the graph knows none.

    Raises KeyRefused, and GraphWriteError where the graph cannot be asked.
    """
    known = {row["digest"] for row in writer.read(_READ)}
    if known and not settings.graph_key.exists():
        raise KeyRefused(
            f"{settings.graph_key} is missing, and the graph was filled with it; restore it from its backup, or empty "
            "the graph and pull all sources anew"
        )
    key = load_key(settings.graph_key)
    digest = hashlib.sha256(b"sluicegate surrogates\x00" + key).hexdigest()
    if not known:
        writer.write(lambda transaction: transaction.run(_NOTE, digest=digest))
    elif known != {digest}:
        raise KeyRefused(
            f"{settings.graph_key} is not the key with which the graph was filled; restore that one, or empty the "
            "graph and pull all sources anew"
        )
    return key
