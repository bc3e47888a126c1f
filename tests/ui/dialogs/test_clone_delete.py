"""The dialogs of cloning and deleting: what they say before anything is done, and what they let through."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.fakes.layers import POOL, files_of, needed_by_clone, tree, view_of
from tests.ui.desk import full_machine
from vmdesk.core.chains import delete_plan
from vmdesk.core.snapshots.desk import View
from vmdesk.model.chain import Image, Role, Use
from vmdesk.model.domain import Domain, State
from vmdesk.model.snapshot import Kind
from vmdesk.model.text import text
from vmdesk.ui.dialogs.clone import CloneDialog, free_name
from vmdesk.ui.dialogs.delete import DeleteDialog

OFF = {"state": State.SHUTOFF, "reason": "shutdown"}


def off() -> Domain:
    return full_machine(**OFF)


def clone_dialog(qtbot: QtBot, view: View) -> CloneDialog:
    dialog = CloneDialog(None, view, (text("The folder {path}, which both of them see.", path="/srv"),))
    qtbot.addWidget(dialog)
    return dialog


def delete_dialog(qtbot: QtBot, view: View) -> DeleteDialog:
    dialog = DeleteDialog(None, view)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def lines(dialog: CloneDialog) -> str:
    return "\n".join(dialog.lines.item(row).text() for row in range(dialog.lines.count()))


def rows(dialog: DeleteDialog) -> dict[str, tuple[bool, str]]:
    """File -> whether it can be ticked, and what becomes of it."""
    found = {}
    for number in range(dialog.files.topLevelItemCount()):
        row = dialog.files.topLevelItem(number)
        assert row is not None
        may = bool(row.flags() & Qt.ItemFlag.ItemIsUserCheckable)
        found[row.text(0).rpartition("/")[2]] = (may, row.text(3))
    return found


def tick(dialog: DeleteDialog, file: str, on: bool) -> None:
    for number in range(dialog.files.topLevelItemCount()):
        row = dialog.files.topLevelItem(number)
        if row is not None and row.text(0).endswith(file):
            row.setCheckState(0, Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


def test_a_full_clone_says_what_is_copied_and_shared(qtbot: QtBot) -> None:
    dialog = clone_dialog(qtbot, view_of(off()))
    assert dialog.name() == "web-01-clone" and not dialog.linked()
    assert f"Copied: vda, {POOL}/web-01.qcow2 (1.0 GB)" in lines(dialog)
    assert "debian.iso, which all of them have" in lines(dialog) and "/srv" in lines(dialog)
    dialog._count.setValue(3)
    assert "3 machines: web-01-clone-01, web-01-clone-02, web-01-clone-03" in lines(dialog)
    assert "Takes 3.0 GB in all" in lines(dialog)
    dialog._name.setText("lab-{1..2}")
    assert not dialog._count.isEnabled() and "2 machines: lab-1, lab-2" in lines(dialog)


def test_a_linked_clone_says_that_its_source_goes_on_with_overlays(qtbot: QtBot) -> None:
    dialog = clone_dialog(qtbot, view_of(off()))
    dialog.linked_.click()
    assert dialog.linked()
    assert f"Stood upon: vda, {POOL}/web-01.qcow2" in lines(dialog)
    assert "web-01 goes on with overlays of its own" in lines(dialog) and "Takes" not in lines(dialog)


def test_what_cannot_be_cloned_says_why(qtbot: QtBot) -> None:
    dialog = clone_dialog(qtbot, view_of(off(), tree(0.0, Kind.INTERNAL)))
    assert dialog.action.isEnabled()
    dialog.linked_.click()
    assert not dialog.action.isEnabled() and "internal snapshots" in dialog._wrong.text()
    dialog.full.click()
    for wrong in ("db-01", "a/b", "", "web-01"):
        dialog._name.setText(wrong)
        assert not dialog.action.isEnabled() and dialog._wrong.text()


def test_free_names() -> None:
    assert free_name("web", []) == "web-clone"
    assert free_name("web", ["web-clone", "web-clone-2"]) == "web-clone-3"


def test_deleting_lists_what_goes_and_what_stays(qtbot: QtBot) -> None:
    dialog = delete_dialog(qtbot, view_of(off(), tree(0.0)))
    found = rows(dialog)
    assert found["debian.iso"] == (False, "stays: a medium")
    assert found["debian-12.qcow2"] == (False, "stays: a base image (also of the machine db-01)")
    assert found["web-01.fresh.qcow2"] == (True, "is deleted")
    assert len(dialog.chosen()) == 6 and "6 files go: 9.0 GB are freed." in dialog.sum.text()
    assert dialog.action.isEnabled() and not dialog.action.isDefault() and dialog.cancel.isDefault()


def test_a_file_below_one_that_stays_stays_too(qtbot: QtBot) -> None:
    dialog = delete_dialog(qtbot, view_of(off(), tree(0.0)))
    tick(dialog, "web-01.try-php.qcow2", False)
    found = rows(dialog)
    assert found["web-01.try-php.qcow2"] == (True, "stays: not ticked")
    assert {path.rpartition("/")[2] for path in dialog.chosen()} == {
        "web-01.before-certificate.qcow2",
        "web-01.try-nginx.qcow2",
    }
    view = dialog._view
    assert set(dialog.chosen()) == {one.path for one in delete_plan(view.files, dialog._uuid, dialog.chosen()).gone}
    for file in ("before-certificate.qcow2", "try-nginx.qcow2"):
        tick(dialog, file, False)
    assert dialog.chosen() == () and dialog.action.text() == "Delete definition"


def test_what_breaks_something_is_refused_with_the_reason(qtbot: QtBot) -> None:
    view = view_of(off())
    dialog = delete_dialog(qtbot, replace(view, files=needed_by_clone(view.files, view.domain)))
    assert dialog.chosen() == () and not any(may for may, _fate in rows(dialog).values())
    assert "needed by the machine shop-02" in dialog._wrong.text()
    assert dialog.action.text() == "Delete definition" and dialog.action.isEnabled()


def test_what_others_do_not_need_of_it_may_go(qtbot: QtBot) -> None:
    view = view_of(off())
    data = f"{POOL}/data.qcow2"
    files = needed_by_clone(view.files, view.domain)
    use = Use(data, Role.DISK, view.domain.uuid, "vdb", "qcow2", writable=True)
    image = Image(data, "qcow2", 10, 10, pool="default", volume="data.qcow2")
    files = replace(files, images={**files.images, data: image}, uses=(*files.uses, use))
    dialog = delete_dialog(qtbot, replace(view, files=files))
    assert dialog.chosen() == () and rows(dialog)["data.qcow2"] == (True, "stays: not ticked")
    assert "All files stay" in dialog._wrong.text()
    tick(dialog, "data.qcow2", True)
    assert dialog.chosen() == (data,) and not dialog._wrong.isVisible()
    assert rows(dialog)["web-01.qcow2"] == (False, "stays: needed by the machine shop-02")


def test_a_base_image_of_nobody_else_may_go_and_stays_unless_ticked(qtbot: QtBot) -> None:
    view = view_of(off())
    files = replace(view.files, uses=tuple(use for use in view.files.uses if use.machine == view.domain.uuid))
    files = replace(files, images={path: one for path, one in files.images.items() if "db-01" not in path})
    dialog = delete_dialog(qtbot, replace(view, files=files))
    base, top = f"{POOL}/debian-12.qcow2", f"{POOL}/web-01.qcow2"
    assert dialog.chosen() == (top,)
    assert rows(dialog)["debian-12.qcow2"] == (True, "stays: a base image, needed by nobody else")
    tick(dialog, "debian-12.qcow2", True)
    assert dialog.chosen() == (top, base) and rows(dialog)["debian-12.qcow2"] == (True, "is deleted")
    assert "2 files go" in dialog.sum.text() and not dialog._wrong.isVisible()
    tick(dialog, "web-01.qcow2", False)  # what stays stands on it
    assert dialog.chosen() == () and "debian-12.qcow2 can only go with what stands on it" in dialog._wrong.text()
    assert dialog.files.geometry().bottom() < dialog.sum.geometry().top()  # the dialog has grown by that line
    assert dialog.sum.geometry().bottom() < dialog._wrong.geometry().top()
    tick(dialog, "web-01.qcow2", True)
    assert dialog.chosen() == (top,) and not dialog._wrong.isVisible()


def test_a_template_with_clones_is_not_deleted_at_all(qtbot: QtBot) -> None:
    view = view_of(off())
    files = needed_by_clone(view.files, view.domain)
    owner = replace(files.owners[view.domain.uuid], template=True)
    files = replace(files, owners={**files.owners, view.domain.uuid: owner})
    dialog = delete_dialog(qtbot, replace(view, files=files))
    assert not dialog.findChild(QPushButton, "action").isEnabled() and "shop-02" in dialog._wrong.text()


def test_what_is_shared_is_never_ticked(qtbot: QtBot) -> None:
    view = view_of(off())
    path = f"{POOL}/shared.raw"
    files = files_of(view.domain)
    use = Use(path, Role.DISK, view.domain.uuid, "vdb", "raw", writable=True, shared=True)
    image = Image(path, "raw", 10, 10, pool="default", volume="shared.raw")
    files = replace(files, images={**files.images, path: image}, uses=(*files.uses, use))
    dialog = delete_dialog(qtbot, replace(view, files=files))
    assert rows(dialog)["shared.raw"] == (False, "stays: shared with other machines")
    assert path not in dialog.chosen()


def test_one_that_runs_is_not_deleted(qtbot: QtBot) -> None:
    dialog = delete_dialog(qtbot, view_of(full_machine()))
    assert not dialog.action.isEnabled() and "not off" in dialog._wrong.text()


def test_of_a_template_linked_clones_are_proposed(qtbot: QtBot) -> None:
    seen = view_of(off())
    uuid = seen.domain.uuid
    owners = {**seen.files.owners, uuid: replace(seen.files.owners[uuid], template=True)}
    seen = replace(seen, files=replace(seen.files, owners=owners))
    dialog = clone_dialog(qtbot, seen)
    assert dialog.linked() and "overlays of its own" not in lines(dialog)
    raw = {path: replace(one, format="vmdk") for path, one in seen.files.images.items()}
    uses = tuple(replace(use, format="vmdk") for use in seen.files.uses)
    dialog = clone_dialog(qtbot, replace(seen, files=replace(seen.files, images=raw, uses=uses)))
    assert not dialog.linked()  # it cannot be stood on


def test_what_becomes_of_a_file_is_read_whole(qtbot: QtBot) -> None:
    view = view_of(off(), tree(0.0))
    long = {uuid: replace(owner, name=f"{owner.name}-upstairs") for uuid, owner in view.files.owners.items()}
    dialog = delete_dialog(qtbot, replace(view, files=replace(view.files, owners=long)))
    tree_, metrics = dialog.files, dialog.files.fontMetrics()
    assert dialog.width() > dialog.minimumWidth()  # as wide as it needs to be
    for number in range(tree_.topLevelItemCount()):
        row = tree_.topLevelItem(number)
        assert row is not None
        for column in range(4):
            assert tree_.columnWidth(column) > metrics.horizontalAdvance(row.text(column)), row.text(column)
    dialog.resize(dialog.minimumWidth(), dialog.height())
    base = next(row for row in map(tree_.topLevelItem, range(8)) if row is not None and "also of" in row.text(3))
    assert tree_.columnWidth(3) > metrics.horizontalAdvance(base.text(3))  # the path gives way, not this


def test_of_many_that_need_a_file_the_first_is_named(qtbot: QtBot) -> None:
    view = view_of(off(), tree(0.0))
    (base,) = (path for path in view.files.images if path.endswith("debian-12.qcow2"))
    owner = next(iter(view.files.owners.values()))
    names = [f"lab-{number:02}" for number in range(1, 31)]
    uses = tuple(Use(base, Role.DISK, name, "vda", "qcow2") for name in names)
    owners = {**view.files.owners, **{name: replace(owner, uuid=name, name=name) for name in names}}
    files = replace(view.files, uses=(*view.files.uses, *uses), owners=owners)
    dialog = delete_dialog(qtbot, replace(view, files=files))
    row = next(
        row for row in map(dialog.files.topLevelItem, range(8)) if row is not None and "debian-12" in row.text(0)
    )
    assert row.text(3).endswith("and 30 more)") and "lab-30" not in row.text(3) and "lab-30" in row.toolTip(3)
