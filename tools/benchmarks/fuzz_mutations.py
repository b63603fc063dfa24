"""Seeded damage to files: bytes, words, structure, and hostile pickles."""

import io
import pickle
import random
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
from fuzz_targets import TARGETS, Target

HEADER_BYTES = 64
PNG_HEAD = 8


def mutate(path: Path, target: Target, rng: random.Random, marker: Path):
    """Damage a sound file.

    Args:
        path (Path): The file.
        target (Target): Its kind.
        rng (random.Random): Decides everything.
        marker (Path): File that a pickled object would make.
    """
    if path.suffix == '.npz' and rng.random() < 0.6:
        _mutate_archive(path, rng, marker)
    elif rng.random() < 0.02:
        path.write_bytes(pickle.dumps(Bomb(marker)))
    elif path.suffix == '.png' and rng.random() < 0.5:
        path.write_bytes(_mutate_chunk(path.read_bytes(), rng))
    else:
        path.write_bytes(_mutate_bytes(path.read_bytes(), target, rng))


def _mutate_bytes(data: bytes, target: Target, rng: random.Random) -> bytes:
    """One or more random changes."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change = rng.choice(_CHANGES)
        data = change(bytearray(data), target, rng)
    return bytes(data)


def _place(data: bytearray, rng: random.Random) -> int:
    """A position, often in the header."""
    if rng.random() < 0.5:
        return rng.randint(0, min(len(data), HEADER_BYTES))
    return rng.randint(0, len(data))


def _flip(data, _, rng):
    """Flip some bits."""
    for _ in range(rng.randint(1, 8)):
        if data:
            place = min(_place(data, rng), len(data) - 1)
            data[place] ^= 1 << rng.randrange(8)
    return data


def _cut(data, _, rng):
    """Keep the beginning."""
    return data[: _place(data, rng)]


def _drop(data, _, rng):
    """Take a stretch out."""
    place = _place(data, rng)
    del data[place : place + rng.choice((1, 3, 17, 200))]
    return data


def _double(data, _, rng):
    """Repeat a stretch."""
    place = _place(data, rng)
    stretch = data[place : place + rng.randint(1, 60)]
    return data[:place] + stretch * rng.choice((1, 2, 40)) + data[place:]


def _noise(data, _, rng):
    """Put random bytes in."""
    place = _place(data, rng)
    return data[:place] + rng.randbytes(rng.randint(1, 20)) + data[place:]


def _word(data, target, rng):
    """Put a word of the kind in, over what is there or before it."""
    place = _place(data, rng)
    word = rng.choice(target.words)
    behind = place + (len(word) if rng.random() < 0.5 else 0)
    return data[:place] + word + data[behind:]


def _swap_token(data, target, rng):
    """Replace a word of the text by another."""
    tokens = bytes(data).split()
    if not tokens:
        return data
    token = rng.choice(tokens)
    return bytes(data).replace(token, rng.choice(target.words), 1)


def _foreign(_, __, rng):
    """Take another kind's file under this name."""
    other = rng.choice(TARGETS)
    return rng.choice((b'', b'\0' * 100, other.name.encode() * 9))


_CHANGES = (
    *(_flip, _cut, _drop, _double, _noise),
    *(_word, _word, _word, _swap_token, _swap_token, _foreign),
)


def _mutate_chunk(data: bytes, rng: random.Random) -> bytes:
    """Damage one chunk of a PNG and mend its checksum."""
    chunks, place = [], PNG_HEAD
    while place + 12 <= len(data):
        (length,) = struct.unpack('>I', data[place : place + 4])
        kind = data[place + 4 : place + 8]
        body = bytearray(data[place + 8 : place + 8 + length])
        chunks.append((kind, body))
        place += 12 + length
    kind, body = rng.choice(chunks)
    if kind == b'IHDR' and rng.random() < 0.5:
        struct.pack_into('>I', body, rng.choice((0, 4)), rng.getrandbits(20))
    elif body:
        body[rng.randrange(len(body))] = rng.getrandbits(8)
    else:
        chunks = [chunk for chunk in chunks if chunk[0] != kind]
    text = data[:PNG_HEAD]
    for kind, body in chunks:
        check = struct.pack('>I', zlib.crc32(kind + bytes(body)))
        text += struct.pack('>I', len(body)) + kind + bytes(body) + check
    return text


def _mutate_archive(path: Path, rng: random.Random, marker: Path) -> None:
    """Damage the arrays of an archive and mend its checksums."""
    if rng.random() < 0.15:
        _pickled_archive(path, marker)
        return
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    name = rng.choice(sorted(members))
    data = bytearray(members[name])
    change = rng.randrange(5)
    if change == 0:
        del members[name]
    elif change == 1:
        members[name] = rng.choice(sorted(members.values()))
    elif change == 2:
        members[name] = _reshaped(bytes(data), rng)
    else:
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(6, len(data))
            data[place] = rng.getrandbits(8)
        members[name] = bytes(data)
    _write_archive(path, members)


def _reshaped(data: bytes, rng: random.Random) -> bytes:
    """Change the shape or type in an array's header, its length kept."""
    nasty = (
        (b"'<f2'", rng.choice((b"'|O8'", b"'<f8'", b"'<c8'", b"'|V2'"))),
        (b"'<i8'", rng.choice((b"'|O8'", b"'<f8'", b"'<M8'", b"'|S8'"))),
        (b'(2,', rng.choice((b'(-2', b'(9' + b'9' * 9 + b',', b'(0,'))),
        (b'False', b'True '),
        (b'descr', b'DESCR'),
    )
    old, new = rng.choice(nasty)
    return data.replace(old, new, 1)


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, marker: Path):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), 'w')


def _pickled_archive(path: Path, marker: Path) -> None:
    """Put a pickled object in the place of one array of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {n: archive.read(n) for n in archive.namelist()}
    name = sorted(members)[0]
    file = io.BytesIO()
    np.save(file, np.array([Bomb(marker)], dtype=object), allow_pickle=True)
    members[name] = file.getvalue()
    _write_archive(path, members)


def _write_archive(path: Path, members: dict[str, bytes]) -> None:
    """Write a zip archive with right checksums."""
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in members.items():
            archive.writestr(name, data)
