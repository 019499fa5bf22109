"""A cluster as its user sees it: work goes in, an answer comes out, or an error that says what to do about it."""

from __future__ import annotations

import asyncio
import concurrent.futures
import pickle
import time
import uuid
from itertools import count
from typing import TYPE_CHECKING, Any

from rewire.distributed.connect import connect, leave
from rewire.distributed.errand import errand
from rewire.distributed.kinship import difference, identity, questions
from rewire.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Future

LOOK_SECONDS = 5
"""How often a run that waits looks whether there are workers at all."""

LONELY_SECONDS = 60
"""How long a run waits for a worker after the last one has gone: a nanny brings one back in two."""

ANSWER_SECONDS = 60
"""How long workers may take to say what they are."""

SAME = "install the same Python, libraries, rewire and codemods there and restart the worker: its bytes could differ"
AGAIN = "nothing was written; see to the cluster and run again, or use --executor local"
_CANCELLED = (asyncio.CancelledError, concurrent.futures.CancelledError)


class Cluster:
    """The workers behind the scheduler at ``address``. Raises ClusterError where nobody answers there."""

    def __init__(self, address: str) -> None:
        self._client = connect(address)
        self._kin: set[tuple[str, ...]] = set()
        self._keys = (f"rewire-{uuid.uuid4().hex}-{number}" for number in count())

    def threads(self) -> int:
        """How much it does at the same time."""
        return sum(self._client.nthreads().values())

    def submit(self, blob: bytes) -> Future:
        """Have an errand carried out, by any worker."""
        return self._client.submit(pickle.loads, blob, key=next(self._keys), pure=False)

    def result(self, future: Future, packages: tuple[str, ...]) -> Any:
        """What an errand gave; the cluster forgets it. ``packages`` are those whose code it needs.

        Raises KilledWorker where workers died of it, ClusterError for trouble with the cluster, and whatever the
        errand itself raised.
        """
        try:
            self.wait(future)
            return future.result()
        except (ClusterError, ModuleNotFoundError) as error:
            self._kin.clear()
            self.require_kin(packages)  # names the worker, unless it has left again
            raise ClusterError(str(error), advice=SAME) from None
        except _CANCELLED:
            raise ClusterError("the scheduler is gone", advice=AGAIN) from None
        finally:
            future.release()  # the exception of one that failed would hold on to it

    def wait(self, future: Future) -> None:
        """Wait until it is done, however it went. Raises ClusterError where no worker is left that could do it."""
        alone_since = None
        while not future.done():
            try:
                future.exception(timeout=LOOK_SECONDS)
            except TimeoutError:
                if self.threads():
                    alone_since = None
                    continue
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since > LONELY_SECONDS:
                    raise ClusterError("no worker is left on the cluster", advice=AGAIN) from None
            except _CANCELLED:
                return

    def require_kin(self, packages: tuple[str, ...]) -> None:
        """Ask every worker whether it runs the code that this process runs. Raises ClusterError, naming one."""
        if packages in self._kin:
            return
        asked = questions(packages)
        try:
            answers = self._client.sync(
                self._client.run,
                pickle.loads,
                errand(identity, asked),
                on_error="return",
                callback_timeout=ANSWER_SECONDS,
            )
        except TimeoutError:
            raise ClusterError(f"a worker does not answer within {ANSWER_SECONDS} s", advice=AGAIN) from None
        found = {worker: _difference(identity(asked), answer) for worker, answer in sorted(answers.items())}
        wrong = [f"the worker {worker} {words}" for worker, words in found.items() if words]
        if wrong:
            more = f", and {len(wrong) - 1} more differ" if len(wrong) > 1 else ""
            raise ClusterError(wrong[0] + more, advice=SAME)
        self._kin.add(packages)

    def close(self) -> None:
        """Let go of it; what the scheduler still has of ours is forgotten there."""
        leave(self._client)


def _difference(expected: dict[str, str], answer: Any) -> str:
    """What keeps a worker from giving our bytes, as the rest of a sentence about it; "" if nothing does."""
    if isinstance(answer, ModuleNotFoundError):
        return f"has no {answer.name or 'rewire'}"
    if isinstance(answer, Exception):
        return f"could not say what it runs ({type(answer).__name__}: {answer})"
    return difference(expected, answer)
