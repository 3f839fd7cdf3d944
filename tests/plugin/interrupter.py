"""A pytest plugin that presses Ctrl-C at the very moment a certain module is about to be imported.

Loaded by `-p tests.plugin.interrupter`; the variable names the module.
"""

import importlib.abc
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

AT = "INTERRUPTED_AT"


class _Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        del path, target
        if fullname == os.environ.get(AT):
            signal.raise_signal(signal.SIGINT)
        return None


sys.meta_path.insert(0, _Interrupter())
