"""Generated speech, for want of a voice: vowels as a throat makes them, one a letter. Nobody will take it for a person."""

from __future__ import annotations

import numpy as np

RATE = 24_000
#: The first two formants of each vowel, in Hz.
FORMANTS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870)}
PITCH = 120
SYLLABLE_SECONDS = 0.14
PAUSE_SECONDS = 0.06


def speak(text: str, longest_seconds: float) -> np.ndarray:
    """Samples, 16-bit mono at `RATE`."""
    pieces = []
    for word in text.lower().split():
        pieces += [_vowel(letter) for letter in word if letter in FORMANTS]
        pieces.append(np.zeros(int(RATE * PAUSE_SECONDS)))
    sound = np.concatenate(pieces) if pieces else np.zeros(RATE)
    return (sound[: int(RATE * longest_seconds)] * 32_767).astype(np.int16)


def _vowel(letter: str) -> np.ndarray:
    time = np.arange(int(RATE * SYLLABLE_SECONDS)) / RATE
    sound = np.zeros_like(time)
    for harmonic in range(1, 25):
        frequency = PITCH * harmonic
        strength = sum(np.exp(-(((frequency - formant) / 180) ** 2)) for formant in FORMANTS[letter])
        sound += strength / harmonic**0.3 * np.sin(2 * np.pi * frequency * time)
    envelope = np.sin(np.pi * time / time[-1]) ** 0.5
    return 0.3 * envelope * sound / max(1e-9, float(np.abs(sound).max()))
