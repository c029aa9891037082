"""`python -m amanat_verifier` is `amanat-verify`."""

import sys

from amanat_verifier.cli import main

sys.exit(main())
