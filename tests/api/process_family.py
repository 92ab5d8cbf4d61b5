"""A parent whose processes do no more than say who they are: `python -m … MODE PATIENCE`."""

import sys

from api.listening import open_listeners
from api.processes import Processes

ANSWERING = """
import os, signal, socket, sys, threading
number = int(sys.argv[2])
def end_with_parent():
    while os.read(0, 1):
        pass
    os._exit(0)
threading.Thread(target=end_with_parent, daemon=True).start()
listener = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = listener.accept()
    connection.sendall(f"{number} {os.getpid()}".encode())
    connection.close()
"""
CHILDREN = {
    "answering": ANSWERING,
    "stubborn": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ANSWERING,
    "failing": "raise SystemExit(1)",
    "wrong": "raise SystemExit(2)",
}


def main() -> int:
    mode, patience = sys.argv[1], float(sys.argv[2])
    listeners = open_listeners("127.0.0.1", 0, 2)
    sys.stdout.write(f"{listeners[0].getsockname()[1]}\n")
    sys.stdout.flush()
    command = [sys.executable, "-S", "-c", CHILDREN[mode]]
    return Processes(listeners, command=command, finish_seconds=patience, first_pause=0.01).run()


if __name__ == "__main__":
    sys.exit(main())
