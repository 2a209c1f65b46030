"""Settings of the whole suite, made before anything imports numpy."""

import os

# OpenBLAS's threads wait for each other busily: with a second process on the processors, a product
# with one vector takes ten times as long as without threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
