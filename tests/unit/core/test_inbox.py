"""Events cross from any thread to the loop in order, in slices, with one wake-up a burst."""

import asyncio
import threading

from vmdesk.core.inbox import SLICE, Inbox
from vmdesk.model.event import Event, Kind


def test_burst_from_threads_comes_in_slices():
    got = []

    async def main():
        inbox = Inbox(asyncio.get_running_loop(), got.append)
        wakes = []
        loop = asyncio.get_running_loop()
        original = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *a: (wakes.append(1), original(*a))[1]

        def burst(n):
            for i in range(5000):
                inbox.post(Event("h", n, Kind.CHANGED, str(i)))

        threads = [threading.Thread(target=burst, args=(n,)) for n in (1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(wakes) == 1
        while sum(map(len, got)) < 10_000:
            await asyncio.sleep(0)

    asyncio.run(main())
    assert max(map(len, got)) == SLICE
    for generation in (1, 2):
        assert [e.uuid for part in got for e in part if e.generation == generation] == [str(i) for i in range(5000)]


def test_after_the_end_nothing_is_taken_and_nothing_raises():
    loop = asyncio.new_event_loop()
    got = []
    inbox = Inbox(loop, got.append)
    inbox.close()
    inbox.post(Event("h", 1, Kind.CHANGED))
    late = Inbox(loop, got.append)
    loop.close()
    late.post(Event("h", 1, Kind.CHANGED))
    late.post(Event("h", 1, Kind.CHANGED))
    assert got == []
