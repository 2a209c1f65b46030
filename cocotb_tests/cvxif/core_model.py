# SPDX-License-Identifier: Apache-2.0
"""A RISC-V core with several harts in front of CV-X-IF: what it does, and what must come of it."""

import random
from collections import deque
from dataclasses import dataclass, field

from alpine_models.isa import OPERANDS, CmOperation, encode, riscv_encode, riscv_operands
from alpine_models.reference_tile import ReferenceTile

__all__ = ["IDS", "XLEN", "CoreModel", "Result", "Transaction"]

XLEN = 32
IDS = 16
OPERATIONS = [*OPERANDS, *[CmOperation.QUEUE] * 4, *[CmOperation.DEQUEUE] * 3]
STRANGE_WORDS = (0x0000700B, 0x0200000B, 0x00000033)
"""Not of the custom-0 opcode, or with a bit that no CM instruction has."""

COMMITTED, KILLED = "committed", "killed"


@dataclass
class Transaction:
    """One issue transaction: id, hart, instruction, operands, and what became of it."""

    id: int
    hart: int
    word: int
    operation: CmOperation | None
    chosen: dict[str, int]
    values: dict[str, int]
    fate: str | None = None
    issued: bool = False

    @property
    def response(self) -> tuple[int, int, int]:
        """Accept, register_read and writeback of the issue response."""
        if self.operation is None:
            return 0, 0, 0
        *reads, writes = riscv_operands(self.operation)
        return 1, sum(read << i for i, read in enumerate(reads)), int(writes)


@dataclass(frozen=True)
class Result:
    """What the result interface must show; register and data only where it writes."""

    id: int
    hart: int
    writes: int
    register: int | None
    data: int | None


@dataclass
class CoreModel:
    """Draw issue, commit and kill transactions, and work out their results.

    Every hart counts its ids on its own, so that different harts' instructions under way often have
    the same id. The tile does what was committed in the order in which it was issued.

    Members
    -------
    rng : of every choice.
    reference : the tile behind the interface.
    harts : how many.
    kill : share of kills among commit transactions.
    """

    rng: random.Random
    reference: ReferenceTile
    harts: int
    kill: float = 0.3
    transactions: deque[Transaction] = field(default_factory=deque)
    expected: deque[Result] = field(default_factory=deque)
    results: int = 0
    killed: int = 0
    inherited: int = 0
    """Requests that took the place of one with the same id, about which a decision had fallen."""

    def __post_init__(self):
        self._issued = [0] * self.harts

    def present(self) -> Transaction:
        """Begin a transaction: from now on it is decided about."""
        harts = range(self.harts)
        # Half of them go to the hart that is behind, which keeps the ids of all close together.
        behind = min(harts, key=self._issued.__getitem__)
        return self._present(self.rng.choice([behind] * len(harts) + [*harts]))

    def reconsider(self, waiting: Transaction) -> Transaction:
        """Return the request of the next cycle where one waits: the same, or another hart's.

        Another hart takes its place more often once the core has decided about it, and one with the
        same id where possible: that is when the two may be taken for each other.
        """
        if self.rng.random() > (0.6 if waiting.fate else 0.1):
            return waiting
        assert self.transactions.pop() is waiting
        others = [hart for hart in range(self.harts) if hart != waiting.hart]
        same = [hart for hart in others if self._issued[hart] % IDS == waiting.id]
        self.inherited += bool(same) and waiting.fate is not None
        return self._present(self.rng.choice(same or others))

    def issue(self, transaction: Transaction) -> None:
        """The request was taken."""
        transaction.issued = True
        self._issued[transaction.hart] += 1
        self._settle()

    def decide(self) -> tuple[int, int, bool] | None:
        """Commit or kill some of one hart's instructions: return id, hart and whether it kills."""
        undecided = [entry for entry in self.transactions if entry.fate is None]
        if not undecided:
            return None
        last = self.rng.choice(undecided)
        of_hart = [entry for entry in undecided if entry.hart == last.hart]
        position = of_hart.index(last)
        kill = self.rng.random() < self.kill
        for entry in of_hart[position:] if kill else of_hart[: position + 1]:
            entry.fate = KILLED if kill else COMMITTED
            self.killed += kill
        self._settle()
        return last.id, last.hart, kill

    def result(self, number: int, hart: int, writes: int, register: int, data: int) -> None:
        """Compare a result with the next one due."""
        assert self.expected, f"a result for id {number} of hart {hart} that nobody waits for"
        shown = (register, data) if writes else (None, None)
        assert Result(number, hart, writes, *shown) == self.expected.popleft()
        self.results += 1

    @property
    def done(self) -> bool:
        """Whether everything issued is decided and answered."""
        return not self.transactions and not self.expected

    def _present(self, hart: int) -> Transaction:
        entry = Transaction(self._issued[hart] % IDS, hart, *self.instruction())
        self.transactions.append(entry)
        return entry

    def instruction(self):
        """Return a word, its operation (None for one that must be rejected), registers, values."""
        rng = self.rng
        if rng.random() < 0.1:
            return rng.choice(STRANGE_WORDS), None, {}, dict.fromkeys(("rm", "rn", "ra"), 0)
        operation = rng.choice(OPERATIONS)
        chosen = {name: rng.choice([0, 4, 31]) for name in OPERANDS[operation]}
        if operation is CmOperation.INITIALIZE:
            chosen["rd"] = chosen["ra"]
        values = {name: rng.randrange(9) for name in ("rm", "rn", "ra")}
        if operation is CmOperation.QUEUE:
            values["rm"] = rng.getrandbits(XLEN)
        values = {name: value if chosen.get(name) else 0 for name, value in values.items()}
        return riscv_encode(operation, **chosen), operation, chosen, values

    def _settle(self) -> None:
        """Execute what is decided and has nothing undecided ahead of it."""
        while self.transactions and self.transactions[0].issued and self.transactions[0].fate:
            entry = self.transactions.popleft()
            if entry.operation is None or entry.fate == KILLED:
                continue
            # x0 is XZR; any other number only has to be another one.
            used = {name: 1 if number else 31 for name, number in entry.chosen.items()}
            rd, _ = self.reference.execute(encode(entry.operation, **used), **entry.values)
            writes = riscv_operands(entry.operation)[3]
            shown = (entry.chosen["rd"], rd & (1 << XLEN) - 1) if writes else (None, None)
            self.expected.append(Result(entry.id, entry.hart, int(writes), *shown))
