"""Slack of shared stake: the published bound, and every coalition counted again."""

import json
from fractions import Fraction
from functools import cache
from itertools import combinations
from random import Random

import pytest

import looprisk as lr

F = Fraction


def network(stakes, services):
    """Issuers with a pile of stake each; ``services`` maps a name to (prize, threshold, behind)."""
    return lr.System(
        issuers={
            f"v{k}": lr.Issuer(
                outside={"stake": stake},
                depends_on={f"at-{name}": name for name, (_, _, at) in services.items() if k in at},
            )
            for k, stake in enumerate(stakes)
        }
    )


def terms(services):
    return {name: {"prize": p, "threshold": t} for name, (p, t, _) in services.items()}


def drawn(seed):
    """Up to five validators, up to four services, each behind some of them."""
    random = Random(seed)
    stakes = [random.randint(20, 100) for _ in range(random.randint(2, 5))]
    services = {}
    for k in range(random.randint(1, 4)):
        at = random.sample(range(len(stakes)), random.randint(1, len(stakes)))
        threshold = random.choice([F(1, 3), F(1, 2), F(2, 3), F(1)])
        least = sum(stakes[v] for v in at) * threshold
        services[f"s{k}"] = (round(least * F(random.randint(10, 60), 100), 2), threshold, at)
    # everybody is behind something
    services["all"] = (random.randint(1, 9), F(2, 3), list(range(len(stakes))))
    return stakes, services


def sets(items):
    return [c for size in range(1, len(items) + 1) for c in combinations(items, size)]


def attackable(coalition, taken, stakes, services):
    return all(
        sum(stakes[v] for v in services[s][2] if v in coalition)
        >= services[s][1] * sum(stakes[v] for v in services[s][2])
        for s in taken
    )


def least_slack(stakes, services):
    """Over every pair of a coalition and the services that it takes, written again."""
    found = []
    for coalition in sets(range(len(stakes))):
        for taken in sets(services):
            prizes = sum(services[s][0] for s in taken)
            if prizes and attackable(coalition, taken, stakes, services):
                found.append(F(sum(stakes[v] for v in coalition)) / prizes - 1)
    return min(found, default=None)


def worst(stakes, services, lost):
    """The most stake gone in all when ``lost`` validators go first: attacks in every order."""

    @cache
    def more(left, open_):
        most = F(0)
        here = [F(stakes[v]) if v in left else F(0) for v in range(len(stakes))]
        for coalition in sets(sorted(left)):
            cost = sum(here[v] for v in coalition)
            for taken in sets(sorted(open_)):
                if sum(services[s][0] for s in taken) <= cost:
                    continue
                if attackable(coalition, taken, here, services):
                    after = more(left - frozenset(coalition), open_ - frozenset(taken))
                    most = max(most, cost + after)
        return most

    left = frozenset(range(len(stakes))) - frozenset(lost)
    return sum(stakes[v] for v in lost) + more(left, frozenset(services))


@pytest.mark.parametrize("seed", range(30))
def test_the_least_slack_is_that_of_every_coalition(seed):
    stakes, services = drawn(seed)
    found = lr.restaking(network(stakes, services), terms(services))
    assert F(found.slack_exact) == least_slack(stakes, services)
    assert found.slack <= float(F(found.slack_exact)) * (1 + 1e-12)


@pytest.mark.parametrize("seed", [s for s in range(14) if least_slack(*drawn(s)) > 0])
def test_no_cascade_of_attacks_loses_more_than_the_bound(seed):
    """Where an attack pays at once nothing is certified, and those networks are left out."""
    stakes, services = drawn(seed)
    found = lr.restaking(network(stakes, services), terms(services))
    slack = F(found.slack_exact)
    for lost in sets(range(len(stakes))):
        first = sum(stakes[v] for v in lost)
        assert worst(stakes, services, lost) < (1 + 1 / slack) * first
        if found.multiplier is not None:
            assert worst(stakes, services, lost) <= found.multiplier * first * (1 + 1e-12)


def test_a_slack_of_a_tenth_turns_a_thousandth_into_eleven():
    """Durvasula and Roughgarden 2024, abstract: 10 % and .1 % give 1.1 %."""
    services = {"S": (100, 1, [0, 1])}
    found = lr.restaking(network([55, 55], services), terms(services))
    assert F(found.slack_exact) == F(1, 10)
    assert found.multiplier * 0.001 == pytest.approx(0.011, rel=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_stakes_that_fall_alike_are_attacked_at_slack_over_one_and_slack(seed):
    stakes, services = drawn(seed)
    slack = least_slack(stakes, services)
    losses = {f"v{k}": "100%" for k in range(len(stakes))}
    found = lr.restaking(network(stakes, services), terms(services), loss=losses)
    assert F(found.break_exact) == max(F(0), slack / (1 + slack))


@pytest.mark.parametrize("seed", range(8))
def test_where_one_stake_falls_an_attack_pays_just_beyond_and_not_before(seed):
    stakes, services = drawn(seed + 100)
    found = lr.restaking(network(stakes, services), terms(services), loss={"v0": "100%"})

    def slack(s):
        return least_slack([stakes[0] * (1 - s), *stakes[1:]], services)

    if found.break_exact is None:
        assert all(slack(F(k, 50)) >= 0 for k in range(50))
        return
    s = F(found.break_exact)
    assert slack(s + F(1, 10**6)) < 0 or s == 1
    assert all(slack(s * F(k, 20)) >= 0 for k in range(20)) or s == 0


def test_a_stake_is_what_is_left_after_all_losses():
    """A validator's stake in another token falls with what backs that."""
    system = lr.System(
        issuers={
            "LRT": lr.Issuer(outside={"eth": 200}, issues={"lrt": lr.Share(supply=200)}),
            "v": lr.Issuer(owns={"lrt": 150}, depends_on={"avs": "S"}),
        }
    )
    found = lr.restaking(system, {"S": {"prize": "$100", "threshold": "50%"}}, loss={"LRT": "100%"})
    # 150 of stake against 100: pays once the token has lost a third
    assert found.break_exact == "1/3"
    assert found.attack.stake_usd == pytest.approx(100)
    # carried: 100 / 50 % of the one stake; the cheap condition certifies nothing here
    assert found.slack == pytest.approx(-0.25)
    assert found.multiplier is None
    assert "no slack is certified" in found.headline


def test_it_is_one_document_with_the_bound_and_its_source():
    services = {"S": (100, 1, [0, 1])}
    found = lr.restaking(network([55, 55], services), terms(services), loss={"v0": "100%"})
    document = json.loads(found.to_json())
    assert document["schema"] == "looprisk/restaking/1"
    assert document["multiplier"] == pytest.approx(11)
    assert document["break_exact"] == "2/11"
    assert "2407.21785" in document["source"]


@pytest.mark.parametrize(
    ("services", "message"),
    [
        ({}, "services: none"),
        ({"T": {"prize": 1, "threshold": 1}}, "nobody stands behind `T`"),
        ({"S": {"prize": 1}}, "a service has a prize and a threshold"),
        ({"S": {"prize": "1M", "threshold": "33%"}}, "services: S: "),
        ({"S": {"prize": "$1M", "threshold": "0%"}}, "above nothing"),
    ],
)
def test_what_is_no_service_is_refused(services, message):
    with pytest.raises(lr.ModelError) as refused:
        lr.restaking(network([55], {"S": (1, 1, [0])}), services)
    assert message in str(refused.value)
