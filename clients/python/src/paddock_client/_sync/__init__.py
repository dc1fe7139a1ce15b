# Written by `make python-client` from _async/__init__.py: edit that.
"""The client's synchronous half, of which the other is made."""
