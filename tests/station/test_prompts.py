"""What the booth's pages may say by ear is in the audio that headquarters makes (M-7)."""

import re
from pathlib import Path

import pytest

from amanat.hq.elections import audio
from amanat.rules import persian

WEB = Path(__file__).parents[2] / "src/amanat/station/web"
SCRIPTS = {path.name: path.read_text(encoding="utf-8") for path in (WEB / "static/js").glob("*.js")}
BOOTH = ("ballot.js", "ballot-input.js", "tray.js", "slate.js", "comfort.js")
SCREENS = ("welcome", "tray", "review", "seal", "opened", "done", "curtain")


def test_every_key_that_the_ear_plays_is_spoken() -> None:
    """Keys stand in the scripts as texts: each that looks like one of ours is in the shipped table, and none is made
    of parts but those of numbers, letters, contests, names, buttons, armed acts and helps."""
    known = audio.prompts()
    source = SCRIPTS["ear-words.js"] + SCRIPTS["ear.js"] + SCRIPTS["switches.js"]
    said = [text for call in re.findall(r"say\(([^;\n]*)\)", source) for text in re.findall(r'"([a-z][a-z-]+)"', call)]
    said += re.findall(r'"((?:do|group|letters|review-end|refused|said|armed|help|sound|tests)-[a-z-]+)"', source)
    said += [key for line in source.splitlines() if "=>" in line for key in re.findall(r'\["([a-z-]+)"', line)]
    assert len(set(said)) > 40
    assert sorted(set(said) - set(known)) == []
    assert {f"help-{screen}" for screen in SCREENS} <= set(known)
    assert {"armed-cast", "armed-leave"} <= set(known)


def test_every_letter_of_the_board_has_its_name() -> None:
    """The board's letters, the space, and the digits."""
    letters = re.search(r'LETTERS = \[\.\.\."([^"]+)"', SCRIPTS["tray-view.js"])
    assert letters is not None
    assert [letter for letter in f"{letters[1]} " if f"letter-{ord(letter):04x}" not in audio.prompts()] == []
    names = [f"letter-{ord(letter):04x}" for letter in persian.search_key("آیینه")]
    assert set(names) <= set(audio.prompts())


def test_every_button_of_the_booth_has_its_name() -> None:
    """Each data-do of the booth's page and scripts; a button without one would be announced as a button and no more."""
    source = (WEB / "templates/ballot.html").read_text(encoding="utf-8") + "".join(SCRIPTS[name] for name in BOOTH)
    acts = set(re.findall(r'data-do="([a-z-]+)"', source)) | set(re.findall(r'"data-do": "([a-z-]+)"', source))
    assert acts
    assert sorted(act for act in acts if f"do-{act}" not in audio.prompts()) == []


@pytest.mark.parametrize("name", BOOTH)
def test_every_whole_sentence_of_the_screens_is_spoken_word_for_word(name: str) -> None:
    """A sentence that the page says in words of its own (`say: "…"`) is a prompt; others are announced as a message."""
    spoken = set(audio.prompts().values()) | {"نامی با این حروف نیست"}  # an event of its own
    said = re.findall(r'say\w*: "([^"$]+)"|say = "([^"]+)"|STILL_GOOD = "([^"]+)"', SCRIPTS[name])
    sentences = {next(filter(None, groups)) for groups in said}
    assert sorted(sentences - spoken) == []
