# SPDX-License-Identifier: Apache-2.0
"""`python -m alpine_rtl.formal`: prove everything and print what held.

python -m alpine_rtl.formal [--long] [--write-docs FILE]
"""

import argparse
import sys
from pathlib import Path

from alpine_models.errors import AlpineError
from alpine_models.files import write_text

from .claims import CLAIMS, LONG_CLAIMS, prove_all
from .page import formal_page


def main() -> int:
    """Return the exit status: 0 if every claim holds."""
    parser = argparse.ArgumentParser(prog="python -m alpine_rtl.formal")
    parser.add_argument("--long", action="store_true", help="prove the long claims as well")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the page and stop")
    options = parser.parse_args()
    if options.write_docs:
        write_text(options.write_docs, formal_page())
        print(f"{options.write_docs}: written")
        return 0
    failed = 0
    for result in prove_all(CLAIMS + (LONG_CLAIMS if options.long else ())):
        word = "holds" if result.verdict.holds else "FAILS"
        claim = result.claim
        print(
            f"{word}  {result.seconds:6.1f} s  {claim.method.value}, depth {claim.depth}: "
            f"{claim.name}",
            flush=True,
        )
        if not result.verdict.holds:
            failed += 1
            print(f"       refuted: {', '.join(result.verdict.refuted)}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AlpineError as error:
        sys.exit(f"formal: {error}")
