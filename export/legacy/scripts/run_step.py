"""Runs one step: python run_step.py STEP FOLDER.

FOLDER holds request.json; the step's answer is written beside it as answer.json: {"answer": ...},
{"fault": "a sentence"} where the step failed, {"missing": "name"} where a package is not there.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def main(step: str, folder: Path) -> None:
    """Read the request, run the step, write the answer."""
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    (folder / "answer.json").write_text(json.dumps(_answer(step, request)), encoding="utf-8")


def _answer(step: str, request: Any) -> Any:
    try:
        return {"answer": importlib.import_module(step).main(request)}
    except ImportError as error:
        return {"missing": str(error)}
    except Exception as error:  # whatever the old libraries raise, the caller wants their words
        return {"fault": str(error) or type(error).__name__}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
