"""The page's types are those of the API as it is."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESCRIPTION = ROOT / "web/src/api/openapi.json"
TYPES = ROOT / "web/src/api/schema.ts"


def test_the_description_the_page_is_made_from_is_the_apis() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "appliance.api.openapi"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    assert printed.stdout == DESCRIPTION.read_bytes(), (
        "run: .venv/bin/python -m appliance.api.openapi > web/src/api/openapi.json && cd web && npm run generate"
    )


def test_the_types_are_made_from_that_description() -> None:
    path = f"{ROOT / '.venv/node'}:{os.environ['PATH']}"
    printed = subprocess.run(
        ["npm", "run", "--silent", "types"],
        cwd=ROOT / "web",
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert printed.stdout.decode() == TYPES.read_text(), "run: cd web && npm run generate"
