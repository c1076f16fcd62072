"""What has struck so far: kept in a file after every round, so that a long run can be resumed."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """One strike as it was; `ready_seconds` counts from the healing until the system said it was ready."""

    round: int
    family: str
    what: str
    lasts_seconds: float
    at: datetime
    healed_at: datetime
    hit: bool
    open_orders: int
    ready_seconds: float


@dataclass(slots=True)
class Record:
    """A run of this seed and size in `folder`; its rounds do not wait for the last `still_open` orders.

    `found` is what dumps contradicted in the middle: a look at the end need not tell it again.
    `visits_under_way` are those of held rounds whose customers had not gone home yet.
    """

    folder: Path
    seed: int
    orders: int
    faults: int
    still_open: int
    seconds: float = 0.0
    struck: list[Struck] = field(default_factory=list)
    levels_before: dict[str, dict[str, float]] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    visits_under_way: list[int] = field(default_factory=list)

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def data_dir(self) -> Path:
        return self.folder / "var"

    def keep(self) -> None:
        unfinished = self.folder / "record.new"
        unfinished.write_text(json.dumps(self._as_json(), default=datetime.isoformat))
        unfinished.replace(self.folder / "record.json")

    def _as_json(self) -> dict[str, object]:
        return {
            "seed": self.seed,
            "orders": self.orders,
            "faults": self.faults,
            "still_open": self.still_open,
            "seconds": self.seconds,
            "struck": [asdict(one) for one in self.struck],
            "levels_before": self.levels_before,
            "found": self.found,
            "visits_under_way": self.visits_under_way,
        }


class AnotherRun(Exception):
    """The folder holds a run of another seed, size or haste."""


def take_up(folder: Path, *, seed: int, orders: int, faults: int, still_open: int) -> Record:
    """Return the record of the run in `folder`, a new one if there is none; raises AnotherRun."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "record.json"
    if not kept.exists():
        return Record(folder, seed, orders, faults, still_open)
    said = json.loads(kept.read_text())
    asked = {"seed": seed, "orders": orders, "faults": faults, "still_open": still_open}
    found = {name: said[name] for name in asked}
    if found != asked:
        raise AnotherRun(f"{folder} holds another run: {found}")
    struck = [Struck(**_with_moments(one)) for one in said.pop("struck")]
    return Record(folder, **said, struck=struck)


def _with_moments(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(str(value)) if name in ("at", "healed_at") else value
        for name, value in row.items()
    }
