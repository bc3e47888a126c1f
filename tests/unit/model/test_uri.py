"""URIs: what is built is read back, and nothing is opened that could start a program."""

import os
import random
import string
from pathlib import Path

import pytest

from vmdesk.model import uri as uris
from vmdesk.model.errors import VirtError
from vmdesk.model.uri import Uri, build, check, parse, warnings

GOOD = [
    "qemu:///system",
    "qemu:///session",
    "test:///default",
    "qemu+unix:///system?socket=/run/user/1000/vmdesk/a.sock",
    "qemu+ssh://host/system",
    "qemu+ssh://alice@host.example.com:2222/system?keyfile=/home/a/.ssh/id&no_tty=1&mode=legacy",
    "qemu+ssh://alice%40corp@[2001:db8::1]:22/session?sshauth=agent,privkey",
    "qemu://host/system?pkipath=/etc/pki/x&tls_priority=NORMAL:%2BVERS-ALL",
    "qemu+tls://10.0.0.1/system",
    "qemu+tcp://lab-2/system",
    "xen:///",
    "xen+ssh://root@xen/system",
    "lxc:///",
    "lxc:///system",
    "ch:///session",
    "bhyve:///system",
    "vz:///system",
    "vbox:///session",
    "vmwareplayer:///session",
    "vmwarews:///session",
    "vmwarefusion:///session",
    "openvz:///system",
    "esx://root@esx.example.com/?auto_answer=1",
    "vpx://admin%40vsphere.local@vc/Data%20Center/cluster/esx1?auto_answer=0",
    "gsx://root@old/",
    "hyperv://CORP%5Cadmin@win/",
]

HOSTILE = [
    "",
    " ",
    "qemu",
    "/system",
    "//host/system",
    "qemu:system",
    "qemu:/system",
    "qemu://",
    "qemu:///",
    "qemu:///embed",
    "qemu:///embed?root=/tmp/x",
    "qemu:///system#x",
    "qemu:///system?",
    "qemu:///system?x",
    "qemu:///system??socket=/x",
    "qemu:///system?socket=relative",
    "qemu:///system?socket=/a&socket=/b",
    "qemu:///system?mode=x",
    "qemu:///system?no_tty=yes",
    "QEMU:///system",
    "qemu+SSH://host/system",
    "http://host/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "qemu+ssh://h/system?command=/tmp/evil",
    "qemu+ssh://h/system?Command=/tmp/evil",
    "qemu+ssh://h/system?%63ommand=/tmp/evil",
    "qemu+ssh://h/system?no_tty=1;command=/tmp/evil",
    "qemu+ssh://h/system?no_tty=1%26command=/tmp/evil",
    "qemu+ssh://h/system?&command=/tmp/evil",
    "qemu+ssh://h/system?netcat=/tmp/evil",
    "qemu+ssh://h/system?proxy=netcat",
    "qemu+ssh://h/system?name=qemu:///session",
    "qemu+ext://h/system?command=/tmp/evil",
    "qemu+ext:///system",
    "qemu+libssh://h/system",
    "qemu+libssh2://h/system",
    "qemu+ssh+ssh://h/system",
    "qemu+://h/system",
    "qemu+ssh:///system",
    "qemu+tls:///system",
    "qemu+tcp:///system",
    "qemu+unix://host/system",
    "qemu+ssh://-oProxyCommand=x/system",
    "qemu+ssh://%2DoProxyCommand/system",
    "qemu+ssh://-oProxyCommand=x@host/system",
    "qemu+ssh://%2DoProxyCommand@host/system",
    "qemu+ssh://user:secret@host/system",
    "qemu+ssh://user%3Asecret@host/system",
    "qemu+ssh://@host/system",
    "qemu+ssh://a@b@host/system",
    "qemu+ssh://a b@host/system",
    "qemu+ssh://a%20b@host/system",
    "qemu+ssh://a'b@host/system",
    "qemu+ssh://host$(id)/system",
    "qemu+ssh://host`id`/system",
    "qemu+ssh://host;id/system",
    "qemu+ssh://host:0/system",
    "qemu+ssh://host:65536/system",
    "qemu+ssh://host:/system",
    "qemu+ssh://host:22x/system",
    "qemu+ssh://[nonsense]/system",
    "qemu+ssh://[::1/system",
    "qemu+ssh://ho..st/system",
    "qemu+ssh://user@/system",
    "qemu://:22/system",
    "qemu+ssh://host/../system",
    "qemu+ssh://host/%2e%2e/system",
    "qemu:///system\n",
    "qemu:///system\x00",
    "qemu:///sys%00tem",
    "qemu:///sys%0atem",
    "qemu:///sys%ZZtem",
    "qemu:///sys%ff",
    "qemu:///system?socket=/a%0ab",
    "qemu:///système",
    "qemu+tls://h/system?tls_priority=a%20b",
    "qemu+tls://h/system?no_verify=1",
    "qemu+tls://h/system?no_verify=true",
    "qemu:///system?auto_answer=1",
    "esx:///",
    "esx+ssh://root@h/",
    "esx://root@h/?proxy=http://evil",
    "esx://root@h/?vcenter=evil",
    "esx://root@h/?transport=http",
    "hyperv://h/?auto_answer=1",
    "test://",
    "test:///",
    "test:///no/such/file",
    "test:///dev/zero",
    "test:///tmp",
    "test+ssh://host/etc/passwd",
    "test://host/etc/passwd",
    "qemu:///system?" + "a" * 5000,
]


@pytest.mark.parametrize("uri", GOOD)
def test_good_ones_pass_and_come_back(uri: str) -> None:
    check(uri)
    assert parse(build(parse(uri))) == parse(uri)


@pytest.mark.parametrize("uri", HOSTILE)
def test_hostile_ones_are_refused_in_words(uri: str) -> None:
    with pytest.raises(VirtError) as error:
        check(uri)
    problem = error.value.problem
    assert problem.name == "refused-uri"
    assert str(problem.why)
    assert "secret" not in str(problem) + problem.details


def test_fields_are_decoded() -> None:
    uri = parse("qemu+ssh://alice%40corp@[2001:db8::1]:2222/system?keyfile=/a%20b")
    assert uri == Uri("qemu", "ssh", "alice@corp", "2001:db8::1", 2222, "/system", (("keyfile", "/a b"),))
    assert uri.parameter("keyfile") == "/a b" and uri.parameter("mode") == ""
    assert uri.remote and not parse("qemu:///system").remote


def test_no_verify_needs_consent_and_warns() -> None:
    uri = "qemu+tls://h/system?no_verify=1"
    check(uri, allow_no_verify=True)
    assert uris.switches_off_checks(uri)
    assert len(warnings(uri)) == 1
    check("qemu+tls://h/system?no_verify=0")
    assert warnings("qemu+tls://h/system?no_verify=0") == []


def test_consent_does_not_open_anything_else() -> None:
    with pytest.raises(VirtError):
        check("qemu+ssh://h/system?no_verify=1&command=/x", allow_no_verify=True)


def test_tcp_warns() -> None:
    assert any("encrypted" in str(warning) for warning in warnings("qemu+tcp://h/system"))
    assert warnings("qemu+ssh://h/system") == []


def test_a_test_file_must_be_a_plain_file(tmp_path: Path) -> None:
    file = tmp_path / "Nguyễn's lab #1.xml"
    file.write_text("<node/>")
    check(uris.of_file(file))
    assert parse(uris.of_file(file)).path == str(file)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for other in (pipe, tmp_path, tmp_path / "missing"):
        with pytest.raises(VirtError):
            check(uris.of_file(other))


def test_what_a_person_types_is_tidied() -> None:
    assert uris.tidy("  qemu:///system\n") == "qemu:///system"
    assert parse(uris.tidy("test:///tmp/Tệp thử.xml")).path == "/tmp/Tệp thử.xml"


def test_passwords_are_hidden() -> None:
    assert uris.hide_password("esx://root:pw@host/") == "esx://root:***@host/"


def test_random_fields_come_back() -> None:
    """Whatever passes the check is read back as what was put in."""
    chance = random.Random(20)
    letters = string.ascii_letters + string.digits + "._-@\\$+ /;&=%?#'\"ễ:[]"

    def word(longest: int) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(0, longest)))

    passed = 0
    for _ in range(20_000):
        fields = Uri(
            chance.choice(uris.DRIVERS),
            chance.choice(uris.TRANSPORTS),
            word(4) if chance.random() < 0.5 else "root",
            word(6) if chance.random() < 0.5 else "host",
            chance.choice((0, 22, 65535)),
            chance.choice(("/system", "/session", "/", "", "/" + word(5))),
            tuple({name: "/" + word(6) for name in chance.sample(("socket", "keyfile", "pkipath"), 2)}.items()),
        )
        built = build(fields)
        try:
            check(built)
        except VirtError:
            continue
        passed += 1
        assert parse(built) == fields
    assert passed > 50


def test_random_damage_never_smuggles_a_program_in() -> None:
    """Mutated URIs are refused, or hold only what is on the list; nothing else is ever raised."""
    chance = random.Random(9)
    seeds = [*GOOD, *HOSTILE[:-1]]
    pieces = [
        "command=/x",
        "&",
        ";",
        "?",
        "netcat=x",
        "+ext",
        "%",
        "%00",
        "-",
        "@",
        ":",
        "[",
        "\x01",
        "é",
        "no_verify=1",
    ]
    for _ in range(30_000):
        uri = chance.choice(seeds)
        for _ in range(chance.randint(1, 3)):
            at = chance.randint(0, len(uri))
            uri = uri[:at] + chance.choice(pieces) + uri[at + chance.randint(0, 2) :]
        try:
            check(uri)
        except VirtError:
            continue
        fields = parse(uri)
        assert {name for name, _ in fields.parameters} <= set(uris.PARAMETERS)
        assert fields.transport in uris.TRANSPORTS and fields.driver in uris.DRIVERS
        assert not fields.host.startswith("-") and not fields.user.startswith("-")
        assert fields.parameter("no_verify") != "1"
