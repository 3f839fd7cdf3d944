"""Pictures made on the spot."""

import struct
import zlib

from fixtures.clients.pictures import png


def test_each_picture_is_a_whole_png_and_another() -> None:
    """A picture that were none would be refused with reason, and one that is known could come from any cache."""
    content = png()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    rest, chunks = content[8:], {}
    while rest:
        length, kind = struct.unpack(">I4s", rest[:8])
        chunks[kind] = rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(rest[4 : 8 + length]),)
        rest = rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height, depth, colours, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, colours) == (8, 2)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + 3 * width)
    assert png() != content
