"""The settings file: whatever stands in it, the program starts; whoever writes it, nothing is lost."""

import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import pytest

from vmdesk.core.settings import LIMITS, Settings, SettingsFile, decode, encode, new_host_id
from vmdesk.model.host import HostConfig

HOST = HostConfig("lab", "Lab", "qemu+ssh://root@lab/system", readonly=True)
OTHER = HostConfig("here", "Here", "qemu:///system", connect_at_start=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "vmdesk" / "settings.json"


def load(file: Path) -> SettingsFile:
    settings = SettingsFile(file)
    settings.load()
    return settings


def test_round_trip() -> None:
    full = Settings(
        hosts=(HOST, OTHER),
        language="vi",
        theme="dark",
        looked=2.0,
        shortcuts={"domain.start": "Ctrl+1"},
        confirmations={"domain.reset": False},
        columns=("name", "cpu"),
        ssh_user="bình",
        archive=False,
    )
    assert decode(json.loads(json.dumps(encode(full)))) == (full, [])
    assert decode({}) == (Settings(), [])
    assert not full.confirms("domain.reset")
    assert full.confirms("domain.poweroff")


def test_missing_file_is_no_news(file: Path) -> None:
    settings = load(file)
    assert settings.current == Settings()
    assert settings.notices == []


def test_kept_and_told(file: Path) -> None:
    settings, heard = load(file), list[Settings]()
    settings.subscribe(heard.append)
    assert settings.set(theme="dark") is None
    assert settings.set(theme="dark") is None
    assert load(file).current.theme == "dark"
    assert [one.theme for one in heard] == ["dark"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_two_writers_lose_nothing(file: Path) -> None:
    window, cli = load(file), load(file)
    window.set(theme="dark")
    cli.save(lambda now: replace(now, hosts=(*now.hosts, HOST)))
    window.set(language="vi")
    for settings in (window.current, load(file).current):
        assert (settings.theme, settings.language, settings.hosts) == ("dark", "vi", (HOST,))
    assert cli.refresh()
    assert cli.current.language == "vi"
    assert not cli.refresh()


def _add_hosts(file: Path, name: str) -> None:
    settings = load(file)
    for n in range(10):
        host = HostConfig(f"{name}{n}", name, "qemu:///system")
        settings.save(lambda now, host=host: replace(now, hosts=(*now.hosts, host)))  # type: ignore[misc]


def test_processes_at_the_same_time_lose_nothing(file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_add_hosts, args=(file, name)) for name in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(load(file).current.hosts) == 30


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"nonsense", b"{" * 100_000, None])
def test_a_broken_file_is_set_aside(file: Path, content: bytes | None) -> None:
    load(file).set(hosts=(HOST,), theme="dark")
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content is None else content)
    settings = load(file)
    assert settings.current == Settings()
    [notice] = settings.notices
    assert notice.name == "settings-broken"
    [aside] = file.parent.glob("settings.json.broken-*")
    assert str(aside) in str(notice)
    settings.set(theme="light")
    assert load(file).notices == []


def test_a_folder_in_its_place_is_set_aside(file: Path) -> None:
    file.mkdir(parents=True)
    settings = load(file)
    assert [notice.name for notice in settings.notices] == ["settings-broken"]
    assert settings.set(theme="dark") is None


def test_a_folder_that_is_not_ours_is_told_with_its_path_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_arguments: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied", str(path), None, f"{path}.broken")

    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{}")
    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr(Path, "rename", refuse)
    settings = SettingsFile(file)
    assert settings.load() == Settings()
    (notice,) = settings.notices
    assert notice.details == "Permission denied"
    told = " ".join(str(part) for part in (notice.what, notice.why, notice.what_next, notice.details) if part)
    assert told.count(str(file.parent)) == 1


def test_one_bad_field_does_not_lose_the_others(file: Path) -> None:
    file.parent.mkdir()
    tree = encode(Settings(hosts=(HOST, OTHER), theme="dark"))
    tree |= {"looked": "often", "language": "tlh", "columns": [1], "shortcuts": {"a": 1}, "archive": 0}
    tree["hosts"] += [
        {"id": "x", "name": "Evil", "uri": "qemu+ssh://h/system?command=/tmp/x"},
        {"id": "y"},
        7,
        {"id": "lab", "name": "Twice", "uri": "qemu:///system"},
    ]
    file.write_text(json.dumps(tree))
    settings = load(file)
    assert settings.current == Settings(hosts=(HOST, OTHER), theme="dark")
    [notice] = settings.notices
    for word in ("looked", "language", "columns", "shortcuts", "archive", "hosts[Evil]", "hosts[3]", "hosts[Twice]"):
        assert word in str(notice)
    assert "theme" not in str(notice.what)
    [copy] = file.parent.glob("settings.json.broken-*")
    assert json.loads(copy.read_text()) == tree
    load(file)
    assert len(list(file.parent.glob("settings.json.broken-*"))) == 1


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, 1e9, True, None, "1", [], {}])
def test_numbers_out_of_range(name: str, value: object) -> None:
    settings, wrong = decode({name: value})
    assert wrong == [name]
    assert settings == Settings()


def test_a_practice_file_that_is_gone_stays_remembered() -> None:
    host = {"id": "p", "name": "Practice", "uri": "test:///nowhere/demo.xml"}
    assert decode({"hosts": [host]})[0].hosts[0].name == "Practice"


def test_what_a_newer_version_wrote_stays(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(json.dumps({"version": 9, "theme": "dark", "future": {"a": [1]}}))
    load(file).set(language="vi")
    tree = json.loads(file.read_text())
    assert (tree["future"], tree["theme"], tree["language"], tree["version"]) == ({"a": [1]}, "dark", "vi", 9)


def test_unwritable_folder_is_told_and_the_choice_holds_for_this_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = load(tmp_path / "file" / "settings.json")
    problem = settings.set(theme="dark")
    assert problem is not None
    assert problem.name == "settings-unwritable"
    assert settings.current.theme == "dark"
    assert problem in settings.notices


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_read_only_folder(file: Path) -> None:
    load(file).set(theme="dark")
    file.parent.chmod(0o500)
    try:
        assert load(file).set(theme="light") is not None
    finally:
        file.parent.chmod(0o700)
    assert load(file).current.theme == "dark"


def test_host_is_found_by_name_id_or_uri() -> None:
    settings = Settings(hosts=(HOST, OTHER, HostConfig("x", "here", "qemu:///session")))
    assert settings.host("Lab") == settings.host("lab") == settings.host(HOST.uri) == HOST
    assert settings.host("here") is settings.hosts[2]
    assert settings.host("nobody") is None


def test_new_host_ids_are_readable_and_free() -> None:
    assert new_host_id("Lab 2 (Hà Nội)", ()) == "lab-2-h-n-i"
    assert new_host_id("!", ()) == "host"
    assert new_host_id("Lab", (HOST,)) == "lab-2"
    assert new_host_id("Lab", {"lab": 1, "lab-2": 1}) == "lab-3"
