"""The same verbs without a window."""

VERBS = (
    "list",
    "show",
    "start",
    "shutdown",
    "reboot",
    "reset",
    "poweroff",
    "destroy",
    "pause",
    "resume",
    "save",
    "discard-save",
    "autostart",
    "rename",
    "undefine",
    "stats",
    "tag",
    "open",
    "host",
)


def main(argv: list[str]) -> int:
    """Run `vmdesk ARGUMENTS` without a window; the exit code."""
    raise NotImplementedError
