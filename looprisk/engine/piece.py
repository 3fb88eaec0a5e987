"""A straight piece of the response to a shock."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from looprisk.engine.block import Block
from looprisk.engine.form import Flags, Index, Numbers, Scalar


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """A straight piece of the solution between ``lo`` and ``hi``.

    ``y = y_const + y_slope * s`` [N] and ``z = z_const + z_slope * s`` [C], in USD. ``changed`` are
    the conditions that changed at ``lo``. Where the solution jumps, the value at the jump is that
    of the higher side, since conditions hold at equality: an adverse shock has pieces on ``(lo,
    hi]``.
    """

    block: Block
    lo: Scalar
    hi: Scalar
    y_const: Numbers
    y_slope: Numbers
    cells: Index
    alive: Flags
    changed: tuple[int, ...]

    @cached_property
    def z_const(self) -> Numbers:
        """[C] the claims where the piece, continued, meets ``s = 0``."""
        return self.block.claim_values(self.y_const, self.cells, 0)

    @cached_property
    def z_slope(self) -> Numbers:
        """[C] how the claims move with ``s``."""
        return self.block.claim_values(self.y_const + self.y_slope, self.cells, 1) - self.z_const

    def y(self, s: Scalar) -> Numbers:
        """Return node values at ``s``."""
        value: Numbers = self.y_const + self.y_slope * s
        return value

    def claim(self, place: int, s: Scalar) -> Scalar:
        """Return the value of one claim at ``s``."""
        form = self.block.form
        if self.block.has_faces:
            value: Scalar = self.z_const[place] + self.z_slope[place] * s
            return value
        node = form.issuer[place]
        entry = form.pay_ptr[self.cells[node]] + form.entry_offset[place]
        assets = self.y_const[node] + self.y_slope[node] * s
        paid: Scalar = (
            form.pay_const[entry] + form.pay_slope[entry] * s + (form.pay_rate[entry] * assets)
        )
        return paid

    def z(self, s: Scalar) -> Numbers:
        """Return claim values at ``s``."""
        value: Numbers = self.z_const + self.z_slope * s
        return value
