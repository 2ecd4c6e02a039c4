"""Extra headers: read from their places, never repeated."""

from pathlib import Path

import pytest

from runner.headers import BadHeaders, read_headers

PLANTED = "planted-secret-77"


def test_headers_come_from_environment_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFY_HEADERS", f"Authorization: Bearer {PLANTED}\n\n# a remark\nX-A: b:c")
    (tmp_path / "headers").write_text("X-A: d\n", encoding="utf-8")
    assert read_headers("COMFY_HEADERS") == {"Authorization": f"Bearer {PLANTED}", "X-A": "b:c"}
    assert read_headers("COMFY_HEADERS", str(tmp_path / "headers"))["X-A"] == "d"
    assert read_headers(None) == {}


@pytest.mark.parametrize(
    "text", [PLANTED, f"Bad Name: {PLANTED}", f"Origin: {PLANTED}", f"A: {PLANTED}\x00", f": {PLANTED}"]
)
def test_what_is_no_header_is_named_by_line_and_not_repeated(text: str, tmp_path: Path) -> None:
    (tmp_path / "headers").write_text(f"A: b\n{text}", encoding="utf-8")
    with pytest.raises(BadHeaders, match="line 2") as raised:
        read_headers(None, str(tmp_path / "headers"))
    assert PLANTED not in str(raised.value)


def test_a_missing_variable_or_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadHeaders, match="NOT_SET_ANYWHERE"):
        read_headers("NOT_SET_ANYWHERE")
    with pytest.raises(BadHeaders, match="cannot be read"):
        read_headers(None, str(tmp_path / "nothing"))
