"""What a client returned and raised, for the test to look at: JSON on standard output."""

import json
import sys

settings = json.load(sys.stdin)
_outcome = {"returned": {}, "raised": {}}


def returned(name, value):
    _outcome["returned"][name] = value


def raised(name, call, describe):
    """Calls, and keeps what the exception says of itself."""
    try:
        call()
    except Exception as error:
        _outcome["raised"][name] = {"class": type(error).__name__, **describe(error)}
    else:
        _outcome["raised"][name] = None


def finish():
    json.dump(_outcome, sys.stdout)
