"""What an editor of XML adds by itself while one types. Pure: text and place in, text out."""

from vmdesk.virtxml.source import Source, place, read

STEP = "  "  # libvirt's indentation


def closing_tag(words: str, offset: int) -> str:
    """The end tag that is to follow a start tag whose > has just been written before `offset`; "" for none."""
    source = read(words)
    made = next((one for one in source.elements if one.head_end == offset and not one.empty), None)
    if made is None:
        return ""
    # The new one may have taken the end tag of an outer one of the same name.
    same = [one for one in _ancestors(source, made.start) if one == made.name]
    lacking = made.open or any(one.open and one.name == made.name and one.start < offset for one in source.elements)
    return f"</{made.name}>" if made.open or (lacking and same) else ""


def _ancestors(source: Source, start: int) -> list[str]:
    found = []
    element = next(one for one in source.elements if one.start == start)
    while element.parent >= 0:
        element = source.elements[element.parent]
        found.append(element.name)
    return found


def closing_name(words: str, offset: int) -> str:
    """What completes the </ before `offset`; "" for nothing."""
    if words[offset : offset + 1].isalpha():
        return ""
    found = place(words, offset)
    return f"{found.path[-1][0]}>" if found.kind == "close" and found.path and not found.written else ""


def new_line(line: str, at: int) -> tuple[str, str]:
    """What Enter writes in `line` before and after the cursor at `at`: the next line's indentation."""
    before, after = line[:at], line[at:]
    indent = before[: len(before) - len(before.lstrip())]
    tail = before.rstrip()
    opens = tail.endswith(">") and not tail.endswith(("/>", "-->", "?>", "]]>"))
    head = tail.rfind("<")
    opens = opens and head >= 0 and tail[head + 1 : head + 2] not in ("/", "!", "?", "")
    if not opens:
        return "\n" + indent, ""
    return "\n" + indent + STEP, "\n" + indent if after.lstrip().startswith("</") else ""


def outdent(line: str) -> int:
    """How many signs at the beginning of a line are one step of indentation."""
    if line.startswith("\t"):
        return 1
    return min(len(STEP), len(line) - len(line.lstrip(" ")))
