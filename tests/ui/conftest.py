"""The browser, which is installed once for all tests that open one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ui.browsers import install_browser


@pytest.fixture(scope="session")
def browser_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of `programs/` with a browser; a file that asks for it so goes to the worker of all that do."""
    return install_browser(tmp_path_factory.mktemp("browser"))
