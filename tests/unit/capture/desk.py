"""A desk without a terminal, whose keys are pressed by a test, and a keeper without a disk."""

from pathlib import Path


class ScriptedDesk:
    """Presses keys when told; keeps what it is told.

    Args:
        script: called with the last state, gives the keys pressed since; None presses nothing.
    """

    def __init__(self, script=None, *, live=True, answers=()):
        self.is_live = live
        self.said = []
        self.states = []
        self.blocks = 0
        self._script = script
        self._answers = list(answers)

    def pressed(self):
        return self._script(self) if self._script else ""

    def show(self, state):
        self.states.append(state)

    def block(self, source, block):
        self.blocks += 1

    def say(self, text):
        self.said.append(text)

    def ask(self, question):
        self.said.append(question)
        return self._answers.pop(0)


class Keys:
    """Keys by the number of recordings that were said to be kept: each is pressed once."""

    def __init__(self, **keys):
        self.left = {int(name.removeprefix("after_")): key for name, key in keys.items()}

    def __call__(self, desk):
        kept = sum(": " in text and " samples, " in text for text in desk.said)
        return self.left.pop(kept, "")


def leftovers(folder: Path):
    return sorted(path.name for path in (folder / ".recording").glob("*")) if (folder / ".recording").is_dir() else []
