"""A study whose cells run in this process."""

from __future__ import annotations

import pytest

from tests.study.helpers import Here


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Here:
    here = Here()
    here.install(monkeypatch)
    return here
