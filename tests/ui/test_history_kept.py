"""The window as a whole: whatever changes a definition, it is in the history afterwards."""

import asyncio
import stat
from pathlib import Path
from typing import Any

from tests.ui.test_app_inside import Play, play, until  # noqa: F401
from vmdesk.app import App
from vmdesk.core import redefining
from vmdesk.core.definitions import time_line
from vmdesk.virtxml import difference


def test_a_definition_written_anew_is_kept_and_the_one_before_it(play: Play, tmp_path: Path) -> None:  # noqa: F811
    lines: list[str] = []

    async def script(app: App) -> None:
        await until(lambda: app._watcher is not None and len(app.store.domains) == 30)
        domain = next(one for one in app.store.domains.values() if one.active and one.definition.max_vcpus == 4)
        history = app._watcher.definitions

        async def seen(count: int) -> Any:
            kept = await history.all_of(domain.key)
            return kept if len(kept) >= count else None

        app.window.open_machine(domain.key)  # a machine that is looked at is kept at once
        kept: Any = None
        while not (kept := await seen(1)):
            await asyncio.sleep(0.02)
        parts = app.window._parts
        begun = await redefining.begin(parts.context.sessions, domain.key)
        plan = redefining.plan(begun, begun.shown.replace("<vcpu placement='static'>4<", "<vcpu placement='static'>3<"))
        assert plan.words
        await redefining.apply(parts.context, domain, begun, plan)
        while not (kept := await seen(2)):
            await asyncio.sleep(0.02)
        lines.extend(str(difference.plain(one)) for moment in time_line(kept) for one in moment.differences)
        app.end()

    assert play(script) == 0
    assert lines == ["Virtual processors: 4 → 3"]
    assert stat.S_IMODE((tmp_path / "definitions.sqlite").stat().st_mode) == 0o600
