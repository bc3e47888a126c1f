"""What ssh says and asks, in the words of the OpenSSH versions that are about."""

import shlex
import subprocess

import pytest

from vmdesk.model.errors import VirtError
from vmdesk.model.prompt import Kind
from vmdesk.model.uri import parse
from vmdesk.virt import ssh_words

URI = parse("qemu+ssh://alice@lab-2:2222/system")
NEW_KEY = """The authenticity of host '[lab-2]:2222 ([10.0.0.7]:2222)' can't be established.
ED25519 key fingerprint is SHA256:9RyXTmtIVpD0mHhS0FVxU8xOfYnYbJIt9mYcXoFpF3k.
This key is not known by any other names.
Are you sure you want to continue connecting (yes/no/[fingerprint])? """
CHANGED = """@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
Host key for [lab-2]:2222 has changed and you have requested strict checking.
Host key verification failed."""


def test_host_key_question() -> None:
    prompt = ssh_words.prompt_of(NEW_KEY, "", URI)
    assert prompt.kind is Kind.HOST_KEY and prompt.host == "alice@lab-2:2222"
    assert prompt.key_type == "ED25519"
    assert prompt.fingerprint == "SHA256:9RyXTmtIVpD0mHhS0FVxU8xOfYnYbJIt9mYcXoFpF3k"


@pytest.mark.parametrize(
    ("words", "hint", "kind", "subject"),
    [
        ("alice@lab-2's password: ", "", Kind.PASSWORD, "alice@lab-2"),
        ("(alice@lab-2) Password: ", "", Kind.PASSWORD, "alice@lab-2"),
        ("(alice@lab-2) Password for alice@lab-2: ", "", Kind.PASSWORD, "alice@lab-2"),
        ("Enter passphrase for key '/home/alice/.ssh/id_rsa': ", "", Kind.PASSPHRASE, "/home/alice/.ssh/id_rsa"),
        ("(alice@lab-2) Verification code: ", "", Kind.ANSWER, ""),
        ("Confirm user presence for key ED25519-SK SHA256:x", "none", Kind.NOTICE, ""),
        ("Enter PIN for ED25519-SK key: ", "", Kind.ANSWER, ""),
        ("Please type 'yes', 'no' or the fingerprint (yes/no): ", "", Kind.HOST_KEY, ""),
    ],
)
def test_other_questions(words: str, hint: str, kind: Kind, subject: str) -> None:
    prompt = ssh_words.prompt_of(words, hint, URI)
    assert (prompt.kind, prompt.subject) == (kind, subject)


@pytest.mark.parametrize("words", ["(alice@lab-2) One-time password: ", "(alice@lab-2) New Password: ", "(a) Code: "])
def test_a_kept_password_never_answers_something_else(words: str) -> None:
    assert not ssh_words.prompt_of(words, "", URI).secret


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (CHANGED, "host-key"),
        ("Host key verification failed.", "host-key"),
        ("alice@lab-2: Permission denied (publickey,password).", "auth"),
        ("Received disconnect from 10.0.0.7: 2: Too many authentication failures", "auth"),
        ("ssh: Could not resolve hostname lab-2: Name or service not known", "unreachable"),
        ("ssh: connect to host lab-2 port 2222: Connection refused", "unreachable"),
        ("ssh: connect to host lab-2 port 2222: Connection timed out", "unreachable"),
        ("kex_exchange_identification: Connection closed by remote host", "unreachable"),
        ("", "unreachable"),
    ],
)
def test_failures(said: str, name: str) -> None:
    problem = ssh_words.failure(URI, said)
    assert problem.name == name and str(problem.why) and str(problem.what_next) and problem.details == said


def test_changed_key_names_the_line_to_remove() -> None:
    assert "ssh-keygen -R '[lab-2]:2222'" in str(ssh_words.failure(URI, CHANGED).what_next)


def test_login_options_hold_only_what_was_given() -> None:
    assert ssh_words.login_options(parse("qemu+ssh://h/system")) == []
    uri = parse("qemu+ssh://a@h:22/system?keyfile=/k%25d&known_hosts=/a%20b&sshauth=privkey,agent,password&no_verify=1")
    assert ssh_words.login_options(uri) == [
        "-p", "22", "-l", "a", "-i", "/k%%d", "-o", "IdentitiesOnly=yes", "-o", 'UserKnownHostsFile="/a b"',
        "-o", "StrictHostKeyChecking=no", "-o", "PreferredAuthentications=publickey,password",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ['/a"b', "/a${HOME}"])
def test_paths_that_ssh_would_change_are_refused(path: str) -> None:
    uri = parse("qemu+ssh://h/system?keyfile=/x")
    with pytest.raises(VirtError):
        ssh_words.login_options(type(uri)("qemu", "ssh", "", "h", 0, "/system", (("keyfile", path),)))


@pytest.mark.parametrize("address", ["qemu+ssh://h/system", "qemu+ssh://h/session", "xen+ssh://h/system?mode=legacy"])
@pytest.mark.parametrize("readonly", [False, True])
def test_search_is_one_plain_command(address: str, readonly: bool) -> None:
    command = ssh_words.search(parse(address), readonly)
    assert "\n" not in command and "!" not in command
    shell, option, script = shlex.split(command.removeprefix("exec "))
    assert (shell, option) == ("sh", "-c") and "'" not in script
    assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0


def test_search_looks_for_the_right_sockets() -> None:
    assert "in virtqemud-sock libvirt-sock;" in ssh_words.search(parse("qemu+ssh://h/system"), False)
    assert "in libvirt-sock;" in ssh_words.search(parse("qemu+ssh://h/system?mode=legacy"), False)
    assert "in virtxend-sock;" in ssh_words.search(parse("xen+ssh://h/system?mode=direct"), False)
    assert "in libvirt-sock;" in ssh_words.search(parse("test+ssh://h/default"), False)
    assert "virtqemud-sock-ro libvirt-sock-ro virtqemud-sock" in ssh_words.search(parse("qemu+ssh://h/system"), True)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("vmdesk-socket:/run/libvirt/libvirt-sock\n", ("socket", "/run/libvirt/libvirt-sock")),
        ("Welcome!\nvmdesk-denied:/a\nvmdesk-socket:/b\n", ("socket", "/b")),
        ("vmdesk-denied:/a\nvmdesk-none\n", ("denied", "/a")),
        ("vmdesk-none\n", ("none", "")),
        ("sh: not found", ("none", "")),
        ("vmdesk-socket:relative\n", ("none", "")),
        ("vmdesk-socket:/with:colon\n", ("none", "")),
        ("", ("none", "")),
    ],
)
def test_answers_of_the_search(output: str, found: tuple[str, str]) -> None:
    assert ssh_words.found_socket(output) == found


def test_forwarding_is_read_by_ssh_as_meant() -> None:
    assert ssh_words.forwarding("/run/a:b", "127.0.0.1:5900") == "/run/a\\:b:127.0.0.1:5900"
    assert ssh_words.forwarding("/run/a", "[::1]:5900") == "/run/a:[::1]:5900"
    assert ssh_words.forwarding("/run/50%", "/var/x:y/vnc.sock") == "/run/50%%:/var/x\\:y/vnc.sock"


@pytest.mark.parametrize(
    "target",
    ["", "host", "host:", "host:x", "a b:1", "host:1:2", "[::1]:1:2", "-x:1\n", "/a/${HOME}", "/a\nb", "a:123456"],
)
def test_a_forwarding_that_says_more_is_refused(target: str) -> None:
    with pytest.raises(VirtError):
        ssh_words.forwarding("/run/a", target)


@pytest.mark.parametrize(
    ("target", "said", "why"),
    [
        (
            "127.0.0.1:5900",
            "channel 2: open failed: connect failed: Connection refused",
            "Nothing answers at 127.0.0.1:5900",
        ),
        (
            "127.0.0.1:5900",
            "channel 2: open failed: administratively prohibited: open failed",
            "does not allow forwarding",
        ),
        ("/var/x.sock", "channel 2: open failed: connect failed: open failed", "may not open the display's socket"),
    ],
)
def test_no_way_through(target: str, said: str, why: str) -> None:
    problem = ssh_words.no_answer(URI, target, said)
    assert why in str(problem.why) and problem.what_next and problem.details == said
