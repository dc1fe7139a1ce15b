"""Writes the parts of the client that follow from the OpenAPI document. Not in the wheel."""
