"""Parses aws commands, one a line on stdin, as the real aws CLI does, and sends nothing.

Names what is wrong with each that the CLI does not take, and exits 1 then. Files
that commands name are in the working directory.
"""
import contextlib
import io
import shlex
import sys

from awscli.clidriver import create_clidriver


class Answered:
    status_code = 200
    headers = {}


def words(command):
    """The words of the first of a pipeline's commands."""
    out = []
    for word in shlex.split(command):
        if word in ("|", ">", "&&"):
            break
        out.append(word)
    return out[1:]


def wrong(command):
    """What the CLI says against a command; nothing if it takes it."""
    sent = []

    def answer(**_):
        sent.append(True)
        return Answered(), {}

    driver = create_clidriver()
    driver.session.register("before-call", answer)
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        try:
            code = driver.main(words(command))
        except SystemExit as e:
            code = e.code
    return "" if sent else f"status {code}: {told.getvalue().strip()[-300:]}"


def main():
    bad = 0
    for command in sys.stdin.read().splitlines():
        why = wrong(command)
        if why:
            bad += 1
            print(f"{command}\n    {why}")
    sys.exit(1 if bad else 0)


main()
