"""What must hold in every system, beyond what the other properties say."""

from hypothesis import given, settings
from hypothesis import strategies as st

from looprisk import System
from looprisk.engine.clear import clear, leaks, outside
from tests.engine.systems import build, random_parts
from tests.proof.plain import Plain
from tests.proof.right_side import RightSide
from tests.proof.test_ends import compared
from tests.semantics.build import DOLLAR, F, account, case, market, solved

amounts = st.integers(1, 60).map(F)


@settings(max_examples=60)
@given(
    units=amounts,
    debt=amounts,
    price=st.integers(1, 40).map(lambda n: F(n, 10)),
    read=st.one_of(st.none(), st.integers(1, 40).map(lambda n: F(n, 10))),
    terms=st.sampled_from([("70%", "10%"), ("86%", "5%"), ("91.5%", "2%"), ("50%", "0%")]),
)
def test_a_loan_is_split_whole_and_jumps_only_at_its_trigger(units, debt, price, read, terms):
    """Lender, owner and liquidator have all there is; the owner alone jumps, by (phi x/o - 1) d."""
    lltv, incentive = F(terms[0][:-1]) / 100, F(terms[1][:-1]) / 100
    oracle = {"kind": "fixed", "price": read} if read else {"kind": "market"}
    system = System(
        assets={**DOLLAR, "C": {"price": price}},
        oracles={"o": oracle},
        markets={"m": market("C", lltv=terms[0], incentive=terms[1], oracle="o")},
        positions={"p": account("m", "C", units, debt)},
    )
    start = solved(system).start
    lender, owner = start.claim("p/debt"), start.claim("p/equity")
    gain = units * price - lender - owner
    seen, phi = read or price, 1 + incentive
    acts = lltv * units * seen < debt and phi * price >= seen
    assert ("liquidated" in start.state_of("p")) == acts
    assert gain >= 0
    repaid = min(debt, units * seen / phi) if acts else min(debt, units * price)
    assert lender == repaid <= debt
    assert gain == (repaid * (phi * price / seen - 1) if acts else 0)
    if not acts:
        assert owner == max(F(0), units * price - debt)


@settings(max_examples=80)
@given(st.integers(0, 100_000))
def test_outside_values_are_those_of_every_solution_where_nothing_leaks(seed):
    """Greatest and least may differ inside, only by what goes round."""
    form = build(*random_parts(seed))
    high, low = clear(form, "greatest"), clear(form, "least")
    lost = [sum(leaks(form, end.y, end.z)) for end in (high, low)]
    if lost == [0, 0]:
        assert (outside(form, high.z) == outside(form, low.z)).all()
    assert sum(outside(form, high.z)) + lost[0] == sum(outside(form, low.z)) + lost[1]
    assert (high.z == low.z).all() == (high.y == low.y).all()


def test_without_cycles_one_pass_in_order_is_the_answer():
    """Applied once for each node, the right side has told everybody what reaches them."""
    passed = 0
    for seed in range(90):
        both = compared(seed)
        if both is None or both[0].scaled.moved_at is not None:
            continue
        found, plain, s = both
        side = RightSide(plain.moment(s))
        names = set(plain.solve(s, greatest=True))
        z = dict.fromkeys(names, F(0))
        for _ in found.end.compiled.skeleton.nodes:
            z = side.claims(z)
        if side.claims(z) != z:
            continue
        passed += 1
        for selection in ("greatest", "least"):
            point = found.scaled.at(s, selection)
            assert {c: point.claim(c) for c in point.compiled.index.claim}.items() <= z.items()
    assert passed >= 20


def test_the_pieces_of_the_response_are_the_solutions_of_the_rules():
    """Along the whole stage, greatest and least, inside its first pieces."""
    looked = 0
    for seed in range(1200, 1230):
        both = compared(seed)
        if both is None or not both[0].segments:
            continue
        found, plain, _ = both
        for selection in ("greatest", "least"):
            for segment in found.scaled.segments(selection):
                for piece in [p for p in segment.pieces if p.lo < 1][:2]:
                    s = (piece.lo + min(piece.hi, F(1))) / 2
                    wanted = plain.solve(s, greatest=selection == "greatest")
                    index, z = segment.compiled.index.claim, piece.z(s)
                    assert {c: z[at] for c, at in index.items()}.items() <= wanted.items(), seed
                    looked += 1
    assert looked >= 30


def test_a_system_and_its_copy_in_other_words_agree():
    """A promise held in dollars, in units or as a share of its supply is the same promise."""
    ends = []
    for amount in ("10", "$5", "25%"):
        system = System(
            assets=DOLLAR,
            issuers={
                "A": {
                    "outside": {"pile": "$15"},
                    "issues": {"p": {"kind": "par", "par": "$0.5", "supply": 40}},
                },
                "B": {"owns": {"p": amount}},
            },
        )
        ends.append(solved(system).start.claim("B/equity"))
        plain = Plain(case(system).system, None).solve(F(0), greatest=True)
        assert plain["B/equity"] == ends[-1]
    assert ends == [F(15, 4)] * 3
