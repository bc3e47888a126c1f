"""Secrets are never in what is shown, and never lost."""

import pytest

from vmdesk.virtxml.masks import MARK, Vault, hide, stand_in

XML = """<domain xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>a</name>
  <devices>
    <disk type='network'><source protocol='https' name='x'>
      <cookies><cookie name='a'>c00kie</cookie></cookies>
    </source></disk>
    <graphics type='vnc' passwd='se&quot;sa&amp;me' autoport='yes'/>
    <graphics type="spice" passwd="o'pen"/>
    <graphics type='vnc' passwd=''/>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-object'/>
    <qemu:arg value='secret,id=s,data=h1dden'/>
    <qemu:arg value='password=first,x=y'/>
    <qemu:env name='DB_PASSWORD' value='pg'/>
    <qemu:env name='LANG' value='C'/>
  </qemu:commandline>
</domain>
"""
SECRETS = ("c00kie", "sesame", "sa&amp;me", "o'pen", "h1dden", "first", "'pg'")


def test_nothing_secret_is_shown_and_nothing_is_lost() -> None:
    vault = Vault()
    shown = vault.hide(XML)
    assert not any(secret in shown for secret in SECRETS)
    assert (
        shown.count(MARK) == 6
        and "passwd=''" in shown
        and "value='C'" in shown
        and "value='-object'" in shown
        and ",x=y'" in shown
    )
    assert vault.problems(shown) == ()
    assert vault.reveal(shown).replace("&apos;", "'") == XML
    assert vault.hide(shown) == shown
    assert hide(XML) == shown


def test_what_is_between_may_change() -> None:
    vault = Vault()
    shown = vault.hide(XML)
    spice = next(line for line in shown.splitlines() if "spice" in line)
    changed = shown.replace(spice + "\n", "").replace("<name>a</name>", "<name>b</name>\n" + spice)
    assert 'passwd="o&apos;pen"' in vault.reveal(changed)
    assert "se&quot;sa&amp;me" in vault.reveal(changed)
    new = vault.reveal(shown.replace(f"passwd='{MARK}2'", "passwd='another'"))
    assert "passwd='another'" in new and "c00kie" in new


def test_a_changed_secret_has_another_mark() -> None:
    vault = Vault()
    one, two = vault.hide(XML), vault.hide(XML.replace("c00kie", "other"))
    assert one != two and vault.hide(XML) == one
    assert vault.reveal(two) == vault.reveal(one).replace("c00kie", "other")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (f"passwd='{MARK}2'", "passwd='•••new'", "The dots stand for a password."),
        (f"passwd='{MARK}2'", f"passwd='{MARK}99'", "The dots stand for a password."),
        ("<name>a", f"<name>{MARK}", "none can stand here"),
    ],
)
def test_spoilt_marks_are_told(old: str, new: str, words: str) -> None:
    vault = Vault()
    shown = vault.hide(XML)
    assert old in shown
    wrong = shown.replace(old, new)
    (found,) = vault.problems(wrong)
    assert words in str(found.what) and "•" in wrong[found.start : found.end]


def test_comments_may_have_dots() -> None:
    vault = Vault()
    assert vault.problems(vault.hide(XML).replace("<name>", f"<!-- {MARK} --><name>")) == ()


def test_for_a_schema() -> None:
    assert stand_in(f"a='{MARK}2'") == "a='xxxxxxxx2'"


def test_words_of_others_without_secrets() -> None:
    vault = Vault()
    vault.hide(XML)
    told = vault.censor("libvirt: bad password o'pen in <graphics passwd='se&quot;sa&amp;me'/>, also se\"sa&me; pg")
    assert "o'pen" not in told and "sa&amp;me" not in told and "sa&me" not in told and told.count(MARK) == 3
