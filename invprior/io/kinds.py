"""The kinds of picture files, by the suffixes of their names."""

from __future__ import annotations

import invprior.io.fits as fits
import invprior.io.modern as modern

FITS = "FITS"
# Those that are read and written.
KINDS = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    **modern.SUFFIXES,
    **dict.fromkeys(fits.SUFFIXES, FITS),
}
SUFFIXES = frozenset(KINDS)
# Files of what a sensor saw, which are developed.
RAW = frozenset(
    {
        *(".3fr", ".arw", ".cr2", ".cr3", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw"),
        *(".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
    }
)
