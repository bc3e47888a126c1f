"""What the window offers and says about a host: its menu, and what is wrong with its connection."""

from typing import Protocol

from PySide6.QtWidgets import QMenu, QWidget

from vmdesk.core.store import Changes, Store
from vmdesk.model.errors import Problem
from vmdesk.model.host import Host, Link
from vmdesk.model.text import text, tr
from vmdesk.ui.actions import Actions
from vmdesk.ui.icons import icon
from vmdesk.ui.parts import Level, Notice
from vmdesk.ui.widgets.notice_bar import NoticeBar


class Hosts(Protocol):
    """What can be done to hosts (vmdesk/ui/hosts.py)."""

    def add(self) -> None: ...
    def edit(self, host_id: str) -> None: ...
    def remove(self, host_id: str) -> None: ...
    def connect(self, host_id: str) -> None: ...
    def disconnect(self, host_id: str) -> None: ...
    def open_practice(self) -> None: ...
    def reset_practice(self) -> None: ...
    def is_practice(self, host_id: str) -> bool: ...


class Pages(Protocol):
    """What a host's menu opens."""

    def open_new(self, host_id: str = "") -> None: ...
    def open_host(self, host_id: str) -> None: ...
    def copy(self, text_: str) -> None: ...


def host_menu(host: Host | None, hosts: Hosts, pages: Pages, actions: Actions, parent: QWidget) -> QMenu:
    """What can be done to a host; None for none in particular."""
    menu = QMenu(parent)
    menu.setObjectName("host-menu")
    if host:
        _fill(menu, host, hosts, pages)
        menu.addSeparator()
    menu.addAction(actions["window.screens-running"])
    menu.addSeparator()
    menu.addActions([actions["window.add-host"], actions["window.practice"]])
    return menu


def _fill(menu: QMenu, host: Host, hosts: Hosts, pages: Pages) -> None:
    if host.link is Link.UP and not host.config.readonly:
        menu.addAction(icon("add"), tr("New machine on this host"), lambda: pages.open_new(host.id))
    menu.addAction(icon("host"), tr("Host page"), lambda: pages.open_host(host.id))
    if host.link in (Link.OFF, Link.FAILED, Link.LOST):
        menu.addAction(icon("link"), tr("Connect"), lambda: hosts.connect(host.id))
    if host.link is not Link.OFF:
        menu.addAction(icon("link-off"), tr("Disconnect"), lambda: hosts.disconnect(host.id))
    menu.addSeparator()
    if hosts.is_practice(host.id):
        menu.addAction(icon("reset"), tr("Reset the practice host…"), hosts.reset_practice)
    else:
        menu.addAction(icon("edit"), tr("Edit…"), lambda: hosts.edit(host.id))
    menu.addAction(icon("delete"), tr("Remove from the list…"), lambda: hosts.remove(host.id))
    menu.addAction(icon("copy"), tr("Copy its address"), lambda: pages.copy(host.config.uri))


class LinkNotices:
    """Tells in the notice bar what is wrong with hosts' connections, and takes back what no longer is."""

    def __init__(self, store: Store, hosts: Hosts, bar: NoticeBar) -> None:
        self._store, self._hosts, self._bar = store, hosts, bar
        self._links: dict[str, Link] = {}

    def take(self, changes: Changes) -> None:
        """Hosts changed."""
        for host_id in changes.hosts:
            host = self._store.hosts.get(host_id)
            old = self._links.pop(host_id, None)
            if host is not None:
                self._links[host_id] = host.link
                if host.link is not old:
                    self._on_link(host)

    def _on_link(self, host: Host) -> None:
        self._bar.withdraw(lambda notice: notice.subject == f"host:{host.id}")
        if host.link is Link.FAILED and host.problem is not None:
            again = (tr("Try again"), lambda: self._hosts.connect(host.id))
            edit = (tr("Edit…"), lambda: self._hosts.edit(host.id))
            buttons = (again,) if self._hosts.is_practice(host.id) else (again, edit)
            self._bar.tell(Notice(host.problem, Level.ERROR, buttons, subject=f"host:{host.id}"))
        elif host.link is Link.LOST:
            problem = Problem(
                text("The connection to {name} is lost.", name=host.config.name),
                host.problem.why if host.problem else None,
                text("Its machines run on. VMDesk keeps trying."),
                host.problem.details if host.problem else "",
            )
            self._bar.tell(Notice(problem, Level.WARNING, subject=f"host:{host.id}"))
