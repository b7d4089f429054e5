"""``invprior help TOPIC``: what to do about a picture, in plain sentences."""

from __future__ import annotations

from invprior.errors import InvpriorError

TOPICS = {
    "too large": """The picture does not fit into memory, or takes too long.
  invprior denoise photo.jpg -o out.jpg                  takes the best that two minutes are enough for
  invprior denoise photo.jpg -o out.jpg --prior tv       0.3 GB and a few seconds for a megapixel
  invprior denoise photo.jpg -o out.jpg --prior dip --tile 1024   a network in tiles: hours, in a few GB
Of a hole only the surroundings are solved: invprior inpaint takes large pictures as they are.""",
    "too slow": """  --time 30s            the best that half a minute is enough for
  --prior tv            seconds
  --iterations 50       a first look; --preview look.png shows it while it runs
  Ctrl-C                writes the best so far""",
    "too smooth": """Detail is gone with the noise.
  --strength 0.6        40 % of the picture as it was comes back, its grain with it
  --sigma 5dn           the noise is weaker than was found: give its standard deviation in values of the file
  --time 15m            a better prior""",
    "still noisy": """The noise is stronger than was found, or of another kind.
  --sigma 25dn          its standard deviation in values of the file
  --noise flat:LEFT,TOP,WIDTH,HEIGHT   noise that is soft or blotchy: measured in an even part of the picture
A JPEG's blocks and rings are no noise: invprior dejpeg.""",
    "blotches": """Soft noise of a demosaiced or resized picture looks like texture.
  --noise flat:LEFT,TOP,WIDTH,HEIGHT   an even part of 16×16 pixels or more, such as a wall or the sky
A JPEG's blocks and rings: invprior dejpeg photo.jpg -o better.png. A raw file is better: invprior develop photo.dng""",
    "mask": """White or coloured marks are the hole; --invert-mask turns that round.
  --grow 3              the marks are too narrow, and their edge stays
  --mask alpha          what is transparent in the picture
  --mask auto:scratches, --mask auto:text   a proposal, written beside OUT: look at it, correct it, give it as the mask
A large hole is filled with something plausible by --prior dip, and with something smooth by --prior tv.""",
    "raw": """The raw file of a camera holds more than the JPEG beside it, and its noise is known.
  invprior develop photo.dng -o photo.tif     colours and noise at once; a minute for every 0.1 megapixels
  --prior tv:chroma=3   sooner, and less fine""",
    "jpeg": """  invprior dejpeg photo.jpg -o better.png     within what the file states
  --strength 0.5        of fine texture at a high quality, half of it is often better""",
}


def topic(words: list[str]) -> str:
    """What is said of a topic, or the list of topics for none.

    Raises
    ------
    InvpriorError
        If there is no such topic.
    """
    if not words:
        return "invprior help TOPIC, one of: " + ", ".join(TOPICS)
    asked = " ".join(words).lower()
    found = [name for name in TOPICS if name == asked or name in asked or asked in name]
    if not found:
        raise InvpriorError(f"there is no topic {asked!r}; choose among {', '.join(TOPICS)}")
    return f"{found[0]}\n\n{TOPICS[found[0]]}"
