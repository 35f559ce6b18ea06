"""Checks that the data are the files that tdro wrote.

    python check_files.py
"""

import hashlib
import json
from pathlib import Path

HERE = Path(__file__).parent


def check_files(folder):
    content = json.loads((folder / "project.json").read_text(encoding="utf-8"))
    for path, expected in content["files"].items():
        digest = hashlib.sha256()
        with open(folder / path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        assert digest.hexdigest() == expected, f"{path} is not the file that tdro wrote"


if __name__ == "__main__":
    check_files(HERE)
    print("the data are as tdro wrote them")
