"""The catalogue of an installation: the spine, and the slices that `SLUICEGATE_SLICES` names or its home holds.

Whatever is wrong in a slice, mask ladders included, refuses all of them, with file, line and what to write.
"""

from __future__ import annotations

from hub.home.settings import Settings
from policies.ladders import faults_of_ladders
from schema import SPINE
from schema.catalogue import Catalogue
from schema.slices import compose, read_slices, read_spine


def catalogue_of(settings: Settings) -> Catalogue:
    """All types, edges and fields that this installation has; raises YamlFileError.

    Files are read anew each time: a process asks once, and hands on what it got.
    """
    folder = settings.slice_folder
    if folder is None:
        return SPINE
    composed = compose((*read_spine(), *read_slices(folder)))
    composed.raise_faults(faults_of_ladders(composed.catalogue))
    return composed.catalogue
