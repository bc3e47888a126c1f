"""The picture of a host's networks: its interfaces, the networks on them, the machines on these."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from vmdesk.core.networks import ADDRESSED, DIRECT, kind_words, on_network
from vmdesk.model.domain import Domain, DomainKey, State
from vmdesk.model.network import Card, NetworkDetails
from vmdesk.model.text import Text, text
from vmdesk.model.wish import Forward

ROUTES = "uplink:"  # the host's own way out, whichever interface that is


class Column(IntEnum):
    HOST = 0
    NETWORK = 1
    MACHINE = 2


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in the picture. kind: uplink, interface, network, bridge, direct, user, machine.

    name  what to go to: a network's name, a machine's UUID is in `key`
    row   its place in the column, from the top; rows are those of the machines
    """

    id: str
    column: Column
    kind: str
    title: str
    detail: Text | str = ""
    on: bool = True
    name: str = ""
    key: DomainKey | None = None
    state: State | None = None
    row: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """From left to right. on: packets can pass now."""

    left: str
    right: str
    on: bool = True
    words: tuple[str, ...] = ()
    forwards: tuple[Forward, ...] = ()
    filter: str = ""


@dataclass(frozen=True, slots=True)
class NetworkMap:
    """rows: how many lines it is high. without: machines that have no card."""

    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    rows: float = 0.0
    without: int = 0

    def node(self, id_: str) -> Node:
        return next(node for node in self.nodes if node.id == id_)

    def beside(self, id_: str) -> frozenset[str]:
        """What a node hangs together with: all the way to the left and to the right."""
        found = {id_}
        for forwards in (True, False):
            edge, front = self.edges, {id_}
            while front:
                front = {
                    (one.right if forwards else one.left)
                    for one in edge
                    if (one.left if forwards else one.right) in front
                } - found
                found |= front
        return frozenset(found)


def draw(
    networks: Sequence[NetworkDetails],
    interfaces: Iterable[tuple[str, str]],
    domains: Iterable[Domain],
    cards: Sequence[Card],
) -> NetworkMap:
    """Everything in its place. interfaces: (name, kind) of the host's own."""
    machines = {domain.uuid: domain for domain in domains}
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], Edge] = {}
    for name, kind in interfaces:
        nodes[f"if:{name}"] = Node(f"if:{name}", Column.HOST, "interface", name, kind)
    for one in networks:
        _network(nodes, edges, one)
    for card in cards:
        if card.machine in machines:
            _card(nodes, edges, networks, machines[card.machine], card)
    with_card = {card.machine for card in cards}
    without = sum(uuid not in with_card for uuid in machines)
    return _placed(nodes, list(edges.values()), without)


def _network(nodes: dict[str, Node], edges: dict[tuple[str, str], Edge], one: NetworkDetails) -> None:
    network = one.network
    address = str(_subnet(one))
    words = text("{kind}, {subnet}", kind=kind_words(one.kind), subnet=address) if address else kind_words(one.kind)
    id_ = f"net:{network.name}"
    nodes[id_] = Node(id_, Column.NETWORK, "network", network.name, words, network.active, network.name)
    for left in _left_of(nodes, one):
        _join(edges, Edge(left, id_, network.active))


def _subnet(one: NetworkDetails) -> str:
    found = one.of(4) or one.of(6)
    return found.address if found else ""


def _left_of(nodes: dict[str, Node], one: NetworkDetails) -> list[str]:
    if one.kind == "isolated" or one.kind not in (*ADDRESSED, *DIRECT, "bridge"):
        return []
    names = (one.network.bridge,) if one.kind == "bridge" else one.devices
    if not names:
        return [_uplink(nodes)] if one.kind in ADDRESSED else []
    return [_interface(nodes, name) for name in names if name]


def _uplink(nodes: dict[str, Node]) -> str:
    nodes.setdefault(ROUTES, Node(ROUTES, Column.HOST, "uplink", str(text("The host's way out"))))
    return ROUTES


def _interface(nodes: dict[str, Node], name: str) -> str:
    id_ = f"if:{name}"
    nodes.setdefault(id_, Node(id_, Column.HOST, "interface", name))
    return id_


def _card(
    nodes: dict[str, Node],
    edges: dict[tuple[str, str], Edge],
    networks: Sequence[NetworkDetails],
    domain: Domain,
    card: Card,
) -> None:
    left = _left_of_card(nodes, edges, networks, card)
    if not left:
        return
    right = f"vm:{domain.uuid}"
    nodes.setdefault(
        right,
        Node(right, Column.MACHINE, "machine", domain.name, "", domain.active, key=domain.key, state=domain.state),
    )
    on = nodes[left].on and domain.active
    _join(edges, Edge(left, right, on, (card.mac,), card.forwards, card.filter))


def _left_of_card(
    nodes: dict[str, Node],
    edges: dict[tuple[str, str], Edge],
    networks: Sequence[NetworkDetails],
    card: Card,
) -> str:
    network = next((one for one in networks if on_network(one, card)), None)
    if network is not None:
        return f"net:{network.network.name}"
    if card.kind == "user":
        nodes.setdefault(
            "user:", Node("user:", Column.NETWORK, "user", str(text("User-mode")), text("no rights needed"))
        )
        _join(edges, Edge(_uplink(nodes), "user:"))
        return "user:"
    if card.kind in ("bridge", "direct") and card.source:
        id_ = f"{card.kind}:{card.source}"
        words = text("bridge of the host") if card.kind == "bridge" else text("macvtap")
        nodes.setdefault(id_, Node(id_, Column.NETWORK, card.kind, card.source, words))
        _join(edges, Edge(_interface(nodes, card.source), id_))
        return id_
    if card.kind == "network" and card.source:
        id_ = f"net:{card.source}"
        nodes.setdefault(
            id_, Node(id_, Column.NETWORK, "network", card.source, text("not defined on this host"), False)
        )
        return id_
    return ""


def _join(edges: dict[tuple[str, str], Edge], edge: Edge) -> None:
    """Two cards of a machine on one network are one line."""
    old = edges.get((edge.left, edge.right))
    if old is not None:
        words = tuple(dict.fromkeys((*old.words, *edge.words)))
        edge = replace(
            edge,
            on=old.on or edge.on,
            words=words,
            forwards=tuple(dict.fromkeys((*old.forwards, *edge.forwards))),
            filter=edge.filter or old.filter,
        )
    edges[edge.left, edge.right] = edge


# ---------------------------------------------------------------- where everything is


def _placed(nodes: Mapping[str, Node], edges: list[Edge], without: int) -> NetworkMap:
    """Machines below each other by their first network; all else as near to what hangs on it as can be."""
    order = {
        id_: at
        for at, id_ in enumerate(
            sorted(
                (one.id for one in nodes.values() if one.column is Column.NETWORK),
                key=lambda id_: (-sum(edge.left == id_ for edge in edges), nodes[id_].title),
            )
        )
    }
    left_of: dict[str, list[int]] = {}
    for edge in edges:
        if edge.left in order:
            left_of.setdefault(edge.right, []).append(order[edge.left])
    machines = sorted(
        (one for one in nodes.values() if one.column is Column.MACHINE),
        key=lambda one: (min(left_of.get(one.id, [0])), sum(left_of.get(one.id, [0])), one.title),
    )
    rows: dict[str, float] = {one.id: float(at) for at, one in enumerate(machines)}
    for column in (Column.NETWORK, Column.HOST):
        members = [one for one in nodes.values() if one.column is column]
        wish = {
            one.id: _beside([rows[edge.right] for edge in edges if edge.left == one.id and edge.right in rows])
            for one in members
        }
        rows |= _apart(members, wish)
    lowest = min(rows.values(), default=0.0)
    rows = {id_: row - lowest for id_, row in rows.items()}
    height = max(rows.values(), default=-1.0) + 1
    return NetworkMap(tuple(replace(one, row=rows[one.id]) for one in nodes.values()), tuple(edges), height, without)


NEAR = 4.0  # rows below the first of those that hang on it
GAP = 1.35  # rows that networks and interfaces keep between each other: they are higher


def _apart(members: list[Node], wish: Mapping[str, float | None]) -> dict[str, float]:
    """Near to where each wants to be, in that order, none on another. Those that do not care come last."""
    caring = sorted((one for one in members if wish[one.id] is not None), key=lambda one: (wish[one.id], one.title))
    rows: dict[str, float] = {}
    groups: list[tuple[list[Node], float]] = []  # neighbours that touch, and the row of the first
    for one in caring:
        groups.append(([one], wish[one.id] or 0.0))
        while len(groups) > 1 and groups[-1][1] < groups[-2][1] + GAP * len(groups[-2][0]):
            (upper, _), (lower, _) = groups[-2:]
            together = upper + lower
            mean = sum((wish[each.id] or 0.0) - GAP * at for at, each in enumerate(together)) / len(together)
            groups[-2:] = [(together, mean)]
    for together, first in groups:
        rows |= {one.id: first + GAP * at for at, one in enumerate(together)}
    last = max(rows.values(), default=-GAP)
    for one in sorted((one for one in members if wish[one.id] is None), key=lambda one: one.title):
        last += GAP
        rows[one.id] = last
    return rows


def _beside(rows: list[float]) -> float | None:
    """In the middle of what hangs on it; of many near the first, so that both are seen together."""
    return min((min(rows) + max(rows)) / 2, min(rows) + NEAR) if rows else None
