"""A pytest plugin that sends itself a signal at the very moment a certain module is about to be imported.

Loaded by `-p tests.plugin.interrupter`; the variables name the signal and the module.
"""

import importlib.abc
import os
import signal
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

AT = "INTERRUPTED_AT"
BY = "INTERRUPTED_BY"


class _Interrupter(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /
    ) -> ModuleSpec | None:
        del path, target
        if fullname == os.environ.get(AT):
            signal.raise_signal(signal.Signals[os.environ[BY]])
        return None


sys.meta_path.insert(0, _Interrupter())
