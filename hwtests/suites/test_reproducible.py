import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]


@pytest.mark.soak
def test_two_builds_of_the_image_give_the_same_bytes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "image.compare", "--build"], cwd=TREE, check=False, text=True, stdout=subprocess.PIPE
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout
