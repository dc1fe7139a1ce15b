"""Judges a compose file by the Compose specification, and prints its services. The file is named first."""

import pathlib
import re
import sys

from compose_spec import PyCompose

text = pathlib.Path(sys.argv[1]).read_text()
# ${NAME}, ${NAME:-default} and ${NAME:?} are replaced first, as Compose does.
filled = re.sub(r"\$\{[A-Z_]+(?::-([^}]*)|:\?)?\}", lambda found: found[1] or "/here", text)
print("\n".join(sorted(PyCompose.from_yaml(filled).service_names())))
