# SPDX-License-Identifier: Apache-2.0
"""An empty cache that holds what all models share, which takes longer to build than a model."""

from pathlib import Path

from alpine_cosim.binding.cache import cache_directory


def link_shared_builds(folder: Path) -> None:
    """Link the user's finished builds, but for the models, into a folder that becomes a cache."""
    for made in cache_directory().iterdir():
        # A lock is a file, and what another process is just making has a suffix.
        if made.is_dir() and not made.suffix and not made.name.startswith("model-"):
            (folder / made.name).symlink_to(made)
