"""Who depends on whom: nodes of the valuation in an order in which each comes after what it holds."""

from tests.cascade.plain.start import supply_name


def node_of(world, claim):
    """Return the node that issues a token or a supply."""
    if claim in world.tokens:
        return ("issuer", world.tokens[claim].issuer)
    return ("reserve", claim)


def dependencies(world):
    """Return node to the nodes whose claims it reads, what it holds and what it owes in."""
    found = {}
    for name, account in world.accounts.items():
        things = [supply_name(world, c) for c, units in account.units.items() if units]
        things += [t for t, d in account.debts.items() if d]
        found["account", name] = _nodes(world, things)
    for name, reserve in world.reserves.items():
        inside = [
            ("account", a.name) for a in world.accounts.values() if a.market == reserve.market
        ]
        stock = [supply_name(world, c) for c, units in world.stock[reserve.market].items() if units]
        found["reserve", name] = inside + _nodes(world, [reserve.token, *stock])
    for name, holder in world.holders.items():
        found["issuer", name] = _of_issuer(world, name, holder)
    return found


def _of_issuer(world, name, holder):
    things = [thing for thing, units in holder.holds.items() if units]
    for trader in world.traders:
        if trader.owner == name:
            things += [token for token, units in trader.tokens.items() if units]
    things += [token for owner, _, _, tokens in world.released if owner == name for token in tokens]
    things += [loan.unit for loan in holder.loans.values() if loan.unit]
    issues = world.system.issuers[name].issues
    things += [r.par.of for r in issues.values() if r.kind == "par" and r.par.of]
    nodes = _nodes(world, things)
    nodes += [("account", a.name) for a in world.accounts.values() if a.owner == name]
    nodes += [
        ("issuer", other)
        for other, part in world.holders.items()
        if any(loan.to == name for loan in part.loans.values())
    ]
    return nodes


def _nodes(world, things):
    inside = [t for t in things if t in world.tokens or t in world.reserves]
    return [node_of(world, thing) for thing in inside]


def components(graph):
    """Return the strongly connected components, each after those it depends on (Tarjan)."""
    index, low, stack, order = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            component = []
            while True:
                component.append(stack.pop())
                if component[-1] == node:
                    break
            order.append(component)

    for node in graph:
        if node not in index:
            visit(node)
    return order


def owed_units(world, node):
    """Return the system's own tokens in which a node owes: the minus edges that enter it."""
    kind, name = node
    if kind == "account":
        units = [t for t, debt in world.accounts[name].debts.items() if debt]
    elif kind == "reserve":
        units = [world.reserves[name].token]
    else:
        units = [loan.unit for loan in world.holders[name].loans.values() if loan.unit]
        issues = world.system.issuers[name].issues
        units += [r.par.of for r in issues.values() if r.kind == "par" and r.par.of]
    return [unit for unit in units if unit in world.tokens]


def lagged(world, component):
    """Return whether a loop holds a debt in one of its own tokens: the audit refuses it."""
    return any(
        node_of(world, token) in component
        for node in component
        for token in owed_units(world, node)
    )
