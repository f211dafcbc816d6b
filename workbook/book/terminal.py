"""Run commands as a reader does: in a terminal."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import termios
import threading
import tty

from workbook.processes import wait_until

ESCAPE = re.compile(r'\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>])')


class Terminal:
    """A script in a terminal of its own, 80 columns wide."""

    def __init__(self, script: str, piped: bool = False) -> None:
        outer, inner = pty.openpty()
        tty.setraw(inner)
        termios.tcsetwinsize(inner, (24, 80))
        self.process = subprocess.Popen(
            # A reader's shell stays: what was left running is not hung up on.
            ['bash', '-c', f"trap '' HUP\n{script}"],
            env={},
            stdin=subprocess.PIPE if piped else inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        os.close(inner)
        self.printed = bytearray()
        self.taken = 0
        self.reader = threading.Thread(target=self._read, args=[outer], daemon=True)
        self.reader.start()

    def _read(self, outer: int) -> None:
        with contextlib.suppress(OSError):  # That is how a terminal ends.
            while chunk := os.read(outer, 65536):
                self.printed += chunk
        os.close(outer)

    @property
    def ended(self) -> bool:
        """Whether the script has come to its end."""
        return self.process.poll() is not None

    def settle(self, seconds: float, lines: int = 0, limit: float = 0) -> None:
        """Wait until nothing has been printed for so long.

        On a busy machine that can be so too early. So so many lines are waited for
        first, up to a limit in seconds.
        """

        def enough() -> bool:
            return self.ended or self.printed.count(b'\n', self.taken) >= lines

        wait_until(enough, limit)
        size = -1
        while size != (size := len(self.printed)):
            self.reader.join(seconds)

    def waits(self) -> bool:
        """Return whether the REPL waits for a line, or has ended."""
        if self.printed[self.taken :].endswith((b'>>> ', b'... ')):
            size = len(self.printed)
            self.reader.join(0.01)
            return size == len(self.printed)
        return self.ended

    def take(self) -> str:
        """Return what has been printed since the last time, as a terminal shows it."""
        start, self.taken = self.taken, len(self.printed)
        text = self.printed[start : self.taken].decode(errors='replace')
        text = ESCAPE.sub('', text.replace('\r\n', '\n'))
        return re.sub(r'[^\n]*\r', '', text)

    def type(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None  # noqa: S101
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(f'{line}\n'.encode())
            self.process.stdin.flush()

    def send(self, number: int) -> bool:
        """Send a signal to all that runs in the terminal; return whether it did."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)
            return True
        return False

    def end(self, number: int = signal.SIGINT) -> None:
        """End all that runs in the terminal."""
        # The REPL goes on after Ctrl-C; a server ends.
        if not self.ended and not self.process.stdin and self.send(number):
            wait_until(lambda: self.ended, 5)
        self.send(signal.SIGKILL)
        self.process.wait()
        self.reader.join(1)
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
