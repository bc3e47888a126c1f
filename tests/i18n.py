"""Reads every text for people out of the source and compares it with a catalogue.

`python -m tests.i18n [vi]` lists what is missing (as JSON, ready to be filled in), what is stale, whose {fields}
differ, and calls whose text is not a literal. Exit 1 if there is anything to list.

A text is the first argument of tr(), text() and Text() and the first two of trn() and textn(), where those names come
from vmdesk.model.text. A literal is a string, or one of two strings chosen by a condition. `other.source` is let pass:
it repeats a Text that was a literal somewhere else.
"""

import ast
import json
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "resources" / "i18n"
MODULE = "vmdesk.model.text"
TEXTS = {"tr": 1, "text": 1, "Text": 1, "trn": 2, "textn": 2}  # how many leading arguments are texts


@dataclass(slots=True)
class Findings:
    """`sources`: each text and where it first stands; `wrong`: sentences about calls that cannot be translated."""

    sources: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def fields(source: str) -> set[str]:
    """The names in braces; raises ValueError for braces that do not pair."""
    return {name for _, name, _, _ in string.Formatter().parse(source) if name is not None}


def _names(tree: ast.Module) -> dict[str, str]:
    """What this module calls our functions: {"tr": "tr", "message": "text", "words.tr": "tr"}."""
    result: dict[str, str] = {}
    package, _, module = MODULE.rpartition(".")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == MODULE:
            result |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in TEXTS}
        elif isinstance(node, ast.ImportFrom) and node.module == package:
            for alias in node.names:
                if alias.name == module:
                    result |= {f"{alias.asname or alias.name}.{name}": name for name in TEXTS}
    return result


def _literals(node: ast.expr) -> list[str] | None:
    """The strings that it may be; None if that cannot be read off."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        one, other = _literals(node.body), _literals(node.orelse)
        return None if one is None or other is None else one + other
    return None


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Every call of one of ours, and which one it is."""
    names = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (called := names.get(ast.unparse(node.func))):
            yield node, called


def _fields_given(call: ast.Call, called: str) -> set[str] | None:
    """The fields that the call fills in; None where they are not to be seen (a `**mapping`, a template)."""
    if called == "Text" or any(keyword.arg is None for keyword in call.keywords):
        return None
    return {keyword.arg for keyword in call.keywords if keyword.arg} | ({"n"} if called in ("trn", "textn") else set())


def read(folder: Path) -> Findings:
    """All texts of the Python files below `folder`."""
    findings = Findings()
    for file in sorted(folder.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
        for call, called in _calls(tree):
            where = f"{file.relative_to(folder.parent)}:{call.lineno}"
            given = _fields_given(call, called)
            for node in call.args[: TEXTS[called]]:
                if isinstance(node, ast.Attribute) and node.attr == "source":
                    continue
                found = _literals(node)
                if found is None:
                    findings.wrong.append(f"{where}: {called}({ast.unparse(node)}): not a literal")
                    continue
                for source in found:
                    findings.sources.setdefault(source, where)
                    try:
                        unfilled = fields(source) - given if given is not None else set()
                    except ValueError as error:
                        findings.wrong.append(f"{where}: {source!r}: {error}")
                        continue
                    if unfilled and (given or called == "tr"):  # text("… {name}") alone is a template
                        findings.wrong.append(f"{where}: {source!r}: {', '.join(sorted(unfilled))} not given")
    return findings


def catalogue(language: str) -> dict[str, str]:
    """What `resources/i18n` has of a language."""
    file = CATALOGUES / f"{language}.json"
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


def missing(findings: Findings, translations: dict[str, str]) -> list[str]:
    """Texts without a translation, in the order of the source."""
    return [source for source in findings.sources if source and not translations.get(source)]


def stale(findings: Findings, translations: dict[str, str]) -> list[str]:
    """Translations of nothing."""
    return [source for source in translations if source not in findings.sources]


def unlike(findings: Findings, translations: dict[str, str]) -> list[str]:
    """Texts whose translation has other {fields}, or braces that do not pair."""
    result = []
    for source, where in findings.sources.items():
        if translation := translations.get(source):
            try:
                same = fields(source) == fields(translation)
            except ValueError:
                same = False
            if not same:
                result.append(f"{where}: {source!r} -> {translation!r}")
    return result


def main() -> int:
    findings = read(ROOT / "vmdesk")
    translations = catalogue(sys.argv[1] if len(sys.argv) > 1 else "vi")
    print(json.dumps(dict.fromkeys(missing(findings, translations), ""), ensure_ascii=False, indent=1))
    told = False
    for title, lines in (
        ("stale", stale(findings, translations)),
        ("other fields", unlike(findings, translations)),
        ("wrong", findings.wrong),
    ):
        for line in lines:
            told = True
            print(f"{title}: {line}", file=sys.stderr)
    count = len(missing(findings, translations))
    print(f"{len(findings.sources)} texts, {count} without translation", file=sys.stderr)
    return int(told or count > 0)


if __name__ == "__main__":
    sys.exit(main())
