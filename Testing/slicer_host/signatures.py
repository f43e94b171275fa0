"""`object.connect("clicked(bool)", slot)`: signals by their C++ signature. Called by `python_qt`.

Stand-ins for C++ classes list their signals in SIGNALS, because a Python signal cannot carry types such as
vtkMRMLNode*. An unknown signature raises; PythonQt only prints a warning and the button does nothing.
"""

from __future__ import annotations

import re

from PySide6 import QtCore

_SIGNATURE = re.compile(r"(\w+)\((.*)\)")
_plain_getattribute = QtCore.QObject.__getattribute__
_connections: list[tuple] = []  # (sender, signature, slot, relay)


def connect(self, *arguments):
    """`connect(signature, slot)`; other forms go to PySide6."""
    if not _by_signature(arguments):
        return _plain_getattribute(self, "connect")(*arguments)
    signature, slot = arguments
    signal = _signal(self, signature)
    relay = _relay(slot, accepted_count(slot, _argument_count(signature)))
    signal.connect(relay)
    _connections.append((self, signature, slot, relay))
    return True


def disconnect(self, *arguments):
    """`disconnect(signature, slot)`: False when there was no such connection, as in PythonQt."""
    if not _by_signature(arguments):
        return _plain_getattribute(self, "disconnect")(*arguments)
    signature, slot = arguments
    signal = _signal(self, signature)
    for connection in _connections:
        if connection[0] is self and connection[1:3] == (signature, slot):
            signal.disconnect(connection[3])
            _connections.remove(connection)
            return True
    return False


def accepted_count(slot, offered: int) -> int:
    """How many of the offered arguments a slot gets: as many as it can take by position."""
    function = getattr(slot, "__func__", slot)
    code = getattr(function, "__code__", None)
    if code is None or code.co_flags & 0x04:  # not written in Python, or with *args
        return offered
    return min(offered, code.co_argcount - (function is not slot))


def _argument_count(signature: str) -> int:
    arguments = signature.partition("(")[2].rstrip(") ")
    return len(arguments.split(",")) if arguments else 0


def _relay(slot, count: int):
    """A function with exactly `count` arguments: PySide6 looks at that to decide what to send."""
    return (
        lambda: slot(),
        lambda first: slot(first),
        lambda first, second: slot(first, second),
        lambda first, second, third: slot(first, second, third),
    )[count]


def _by_signature(arguments) -> bool:
    return len(arguments) == 2 and isinstance(arguments[0], str) and callable(arguments[1])


def _signal(sender, signature: str):
    match = _SIGNATURE.fullmatch(signature)
    if not match:
        raise ValueError(f"{signature!r} is not the signature of a signal, such as 'clicked(bool)'")
    declared = [each for cls in type(sender).__mro__ for each in vars(cls).get("SIGNALS", ())]
    named = [each for each in declared if each.startswith(match[1] + "(")]
    if named:
        if signature.replace(" ", "") not in named:
            raise ValueError(f"{type(sender).__name__} has no signal {signature!r}, but {', '.join(named)}")
        # a signal that is called like a virtual function of Qt has another name in Python
        name = f"_{match[1]}_signal"
        return _plain_getattribute(sender, name if hasattr(type(sender), name) else match[1])
    normalized = QtCore.QMetaObject.normalizedSignature(signature).data().decode()
    if sender.metaObject().indexOfSignal(normalized) < 0:
        raise ValueError(f"{type(sender).__name__} has no signal {signature!r}")
    return _plain_getattribute(sender, match[1])
