"""Run as a program: twenty annotators, each a process, killed again and again in the middle of what they do.

``crowd.py <home> <job> <acknowledged>``: whoever gets an answer acknowledged appends ``object worker label`` to the file.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

PEOPLE = 20


def label(home: str, job: str, file: str, name: str) -> None:
    from clary.home import Home
    from clary.labeling.session import Session
    from clary.labeling.work.errors import SessionError

    session = Session(Home.locate(home), None, None, job, name, False)
    acknowledged = os.open(file, os.O_WRONLY | os.O_APPEND)
    while True:
        result = session.call("next", {"n": 2})
        if not result["items"]:
            if not result["progress"]["left"]:
                return
            time.sleep(0.01)
        for item in result["items"]:
            chosen = random.choice(["cat", "dog"])
            act = {"action": "answer", "object": item["id"], "answer": {"label": chosen}, "seconds": 1.0}
            try:
                session.call("act", {**act, "nonce": os.urandom(8).hex()})
            except SessionError as error:
                if (
                    error.code != "LeaseExpired"
                ):  # half a second is short on a busy machine: somebody else has it now
                    raise
                continue
            os.write(acknowledged, f"{item['id']} {name} {chosen}\n".encode())


def main(home: str, job: str, file: str) -> None:
    import clary.labeling.session
    import clary.labeling.tasks.classification  # noqa: F401 - so that forked people begin at once

    alive: dict[int, str] = {}
    waiting = [f"person-{number}" for number in range(PEOPLE)]
    kills = 0
    while alive or waiting:
        while waiting:
            name = waiting.pop()
            pid = os.fork()
            if pid == 0:
                random.seed(os.getpid())
                label(home, job, file, name)
                os._exit(0)
            alive[pid] = name
        time.sleep(random.uniform(0.001, 0.02))
        pid = random.choice(list(alive))
        os.kill(pid, signal.SIGKILL)
        kills += 1
        while alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            name = alive.pop(pid)
            if os.WIFSIGNALED(status):
                waiting.append(name)
            elif os.WEXITSTATUS(status):
                sys.exit(f"{name} failed")
    print(kills)


if __name__ == "__main__":
    main(*sys.argv[1:])
