"""Generated speech, for lack of a voice: synthetic vowels, one for each letter. Nobody will take it for a person."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

RATE = 24_000
#: The first two formants of each vowel, in Hz.
FORMANTS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870)}
PITCH = 120
SYLLABLE_SECONDS = 0.14
PAUSE_SECONDS = 0.06


def speak(text: str, longest_seconds: float) -> np.ndarray:
    """The whole text as samples, 16-bit mono at `RATE`."""
    return np.concatenate(list(words(text, longest_seconds)))


def words(text: str, longest_seconds: float) -> Iterator[np.ndarray]:
    """The samples word by word, generated on demand; a text without a vowel is a second of silence."""
    left = int(RATE * longest_seconds)
    has_vowel = False
    for word in text.lower().split():
        has_vowel = has_vowel or any(letter in FORMANTS for letter in word)
        sound = _word(word)[:left]
        left -= len(sound)
        yield sound
        if left <= 0:
            return
    if not has_vowel:
        yield np.zeros(min(RATE, left), np.int16)


def _word(word: str) -> np.ndarray:
    return np.concatenate([*(vowel(letter) for letter in word if letter in FORMANTS), np.zeros(int(RATE * PAUSE_SECONDS), np.int16)])


@cache
def vowel(letter: str) -> np.ndarray:
    """The samples of one of the five vowels."""
    time = np.arange(int(RATE * SYLLABLE_SECONDS)) / RATE
    sound = np.zeros_like(time)
    for harmonic in range(1, 25):
        frequency = PITCH * harmonic
        strength = sum(np.exp(-(((frequency - formant) / 180) ** 2)) for formant in FORMANTS[letter])
        sound += strength / harmonic**0.3 * np.sin(2 * np.pi * frequency * time)
    envelope = np.sin(np.pi * time / time[-1]) ** 0.5
    loud = 0.3 * envelope * sound / max(1e-9, float(np.abs(sound).max()))
    return (loud * 32_767).astype(np.int16)
