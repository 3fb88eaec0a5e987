"""From an address to a system: everything found is read, then written; nothing half."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from looprisk.errors import AddressError, Problem, UnreadableError
from looprisk.model.system import System
from looprisk.onchain.aave import AaveAccount
from looprisk.onchain.aave_claim import READER as AAVE_CLAIM
from looprisk.onchain.aave_market import READER as AAVE_MARKET
from looprisk.onchain.aave_market import AaveMarket
from looprisk.onchain.aave_parts import READER as AAVE
from looprisk.onchain.aave_terms import dollar_prices, tokens_of_sources
from looprisk.onchain.abi import NOBODY, Call, call
from looprisk.onchain.access import Access, opened
from looprisk.onchain.address import chain as chain_id_of
from looprisk.onchain.address import chain_name
from looprisk.onchain.books import put_books
from looprisk.onchain.borrowers import Watch
from looprisk.onchain.comet import CometAccount
from looprisk.onchain.comet_parts import ACCOUNT as COMET_ACCOUNT
from looprisk.onchain.comet_parts import MARKET as COMET_MARKET
from looprisk.onchain.ctoken import READER as CTOKEN
from looprisk.onchain.ctoken import CTokenMarket, valued
from looprisk.onchain.draft import Book, Draft, dollars
from looprisk.onchain.erc20 import asks as token_asks
from looprisk.onchain.erc20 import tokens
from looprisk.onchain.euler import EulerAccount
from looprisk.onchain.euler_parts import ACCOUNT as EULER_ACCOUNT
from looprisk.onchain.euler_parts import VAULT as EULER_VAULT
from looprisk.onchain.feed import READER as FEED
from looprisk.onchain.history import flags_since
from looprisk.onchain.holdings import Holding, holdings
from looprisk.onchain.metamorpho_parts import READER as METAMORPHO
from looprisk.onchain.morpho import MorphoAccount
from looprisk.onchain.morpho_market import READER as MORPHO_MARKET
from looprisk.onchain.morpho_market import Whole
from looprisk.onchain.morpho_parts import READER as MORPHO
from looprisk.onchain.pendle_parts import READER as PENDLE
from looprisk.onchain.places import Places, known
from looprisk.onchain.provider import Provider
from looprisk.onchain.reached import Reached, even_claims
from looprisk.onchain.reader import AnyReader, Look, Opened
from looprisk.onchain.snapshot import FINALIZED, Pin, Snapshot
from looprisk.onchain.sources import aggregators, sources
from looprisk.onchain.sources import asks as source_asks
from looprisk.onchain.target import Target, is_market, place, target
from looprisk.onchain.vault import READER as VAULT
from looprisk.onchain.wrapper import READER as WRAPPER
from looprisk.onchain.wrapper import rates_of

READERS: tuple[AnyReader, ...] = (
    AAVE,
    AAVE_MARKET,
    AAVE_CLAIM,
    MORPHO,
    MORPHO_MARKET,
    COMET_ACCOUNT,
    COMET_MARKET,
    CTOKEN,
    EULER_ACCOUNT,
    EULER_VAULT,
    METAMORPHO,
    PENDLE,
    VAULT,
    WRAPPER,
    FEED,
)
MARKETS: tuple[AnyReader, ...] = (AAVE_MARKET, MORPHO_MARKET)
"""Those that find something inside of a contract that is named with it."""
ACCOUNTS: tuple[AnyReader, ...] = (AAVE, COMET_ACCOUNT, EULER_ACCOUNT)
"""Those that find what an address has in a contract without a search through its past."""
OWNED = (AaveAccount, MorphoAccount, CometAccount, EulerAccount)
"""What is read of an address that has something, and is nothing itself."""
WHOLE = (AaveMarket, Whole)
"""What is read where borrowers can be listed."""
MOST_OPENED = 100
"""Tokens that are opened behind one address."""
DEEPEST = 16
"""Receipts of receipts that are opened, one behind the other."""


@dataclass(frozen=True, slots=True)
class Import:
    """What was found at an address, at which block, and what it was checked against."""

    system: System
    pin: Pin
    checks: tuple[str, ...]
    readers: tuple[str, ...]
    books: Mapping[str, Book]
    """Tables of accounts that the system names, to stand beside its file."""
    resumed: bool
    """An earlier run that did not end was gone on with, at its block."""
    flags: tuple[str, ...] = ()
    """What to be wary of."""
    unknowns: tuple[str, ...] = ()
    """The paths of what nobody knows."""


def import_(
    address: str,
    *,
    chain: str | int | None = None,
    block: int | str = FINALIZED,
    rpc: str | None = None,
    provider: Provider | None = None,
    look_in: Sequence[str] = (),
    borrowers: str | Path | None = None,
    since: int | None = None,
    replay: str | Path | None = None,
) -> System:
    """Return the system behind an address: positions, markets, oracles, and the books behind.

    ``address`` is ``0x…``, ``eth:0x…``, ``eip155:1:0x…`` or ``ethereum:0x…``: an account, a vault,
    a pool of Aave; 64 digits are a market of Morpho Blue; ``POOL/TOKEN`` is a reserve of a pool. A
    wrong checksum is refused. ``chain`` is a name or a number, where the address does not say.

    ``block`` is a number, ``latest``, ``safe`` or ``finalized``; all is read at its hash. The node
    is ``rpc``, or a ``provider`` of web3, else what ``LOOPRISK_RPC_<chain id>``, ``ETH_RPC_URL`` or
    ``WEB3_PROVIDER_URI`` says.

    ``look_in`` names pools, protocols or markets to look in, instead of all that are known on the
    chain, and tokens that vaults are to be asked for. With ``borrowers``, the folder in which the
    file is to stand, all who borrow in a market are listed, 200 and more in tables below it.

    ``since`` is an earlier block, below 0 so many before: shares whose price jumped since, and
    vaults that were sent tokens, are flagged by tags. ``replay`` is a recording (``--record`` of
    the command line) that answers instead of a node: nothing is asked of any network.

    What nobody can know is written ``unknown``. Raises AddressError where the address is none, and
    another DataError where something could not be read: of the node, the block or the contracts.

    >>> import looprisk as lr
    >>> pool = lr.import_("eth:0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4e2")
    Traceback (most recent call last):
    ...
    looprisk.errors.AddressError: `0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4e2`: the checksum is ...
      help: if it is right: 0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2
    """
    named = None if chain is None else str(chain)
    tape = None if replay is None else Path(replay)
    access = access_to(address, chain=named, block=block, rpc=rpc, provider=provider, replay=tape)
    if borrowers is None:
        return import_at(address, access, look_in, since=since).system
    made = import_at(address, access, look_in, _unwatched, since=since)
    put_books(made.books, Path(borrowers))
    return made.system


def _unwatched(text: str, done: int, total: int) -> None:
    """Nobody watches."""


def access_to(
    address: str,
    *,
    chain: str | None,
    block: int | str,
    rpc: str | None,
    provider: Provider | None = None,
    offline: bool = False,
    record: Path | None = None,
    replay: Path | None = None,
) -> Access:
    """Return how to reach the chain of an address, named there or beside it, not both."""
    written = target(address).chain_id
    given = None if chain is None else chain_id_of(chain)
    if written is not None and given is not None and written != given:
        message = f"{address} is on {chain_name(written)}, and --chain says {chain_name(given)}"
        raise AddressError([Problem((), message, "leave out one of the two")])
    return Access(
        chain_id=written if written is not None else given,
        block=block,
        rpc=rpc,
        provider=provider,
        offline=offline,
        record=record,
        replay=replay,
    )


def import_at(
    address: str,
    access: Access,
    look_in: Sequence[str] = (),
    watch: Watch | None = None,
    *,
    since: int | None = None,
) -> Import:
    """Return what is behind an address on a chain reached by ``access``.

    All borrowers of a market are listed where somebody is to ``watch``.
    """
    wanted = target(address)
    named = list(map(place, look_in))
    if watch is not None:
        access = replace(access, task=f"{access.block} {wanted} borrowers")
    with opened(access, os.environ) as snapshot:
        everywhere = known(snapshot.pin.chain_id)
        places = _meant(wanted, _narrowed(everywhere, named) if named else everywhere)
        parts, wallet = _found(snapshot, wanted, places, watch)
        pools = (*places.contracts, *everywhere.contracts)
        return _written(snapshot, wanted, parts, tuple(dict.fromkeys(pools)), since, wallet)


def _narrowed(everywhere: Places, named: Sequence[str]) -> Places:
    """Return only what was named; a market stands in the protocol's known contract."""
    markets = tuple(one for one in named if is_market(one))
    contracts = tuple(one for one in named if one not in markets)
    known_there = set(contracts) <= set(everywhere.contracts)
    return Places(
        contracts or everywhere.contracts, everywhere.first_block if known_there else 0, markets
    )


def _meant(wanted: Target, places: Places) -> Places:
    """Return the places with what is meant inside of the target."""
    markets = tuple(one for one in wanted.inside if is_market(one))
    tokens = tuple(one for one in wanted.inside if one not in markets)
    return replace(places, markets=(*places.markets, *markets), tokens=tokens)


def _found(
    snapshot: Snapshot, wanted: Target, places: Places, watch: Watch | None
) -> tuple[list[Opened], str]:
    """Open the address, then every token met on the way, each once: loops close by themselves.

    Returns the address too, where it is a wallet.
    """
    # a market without its contract is in one of those where markets are looked for
    begins = [wanted.address] if wanted.address else list(places.contracts)
    readers = MARKETS if wanted.inside else READERS
    issued: set[str] = set()
    looks = [Look(snapshot, one, places, watch) for one in begins]
    snapshot.read_all(_first(looks, readers))
    parts = _opened(looks, readers, issued)
    if not parts and wanted.address:
        # some readers are not asked about what has accounts: it may be a token all the same
        parts = _opened([Look(snapshot, wanted.address)], readers, issued)
    if watch is not None and not any(isinstance(one.reading, WHOLE) for one in parts):
        raise UnreadableError(
            f"{wanted} is no market whose borrowers can be listed",
            "name a pool of Aave v3, POOL/TOKEN in one, or the id of a market of Morpho Blue",
        )
    is_wallet = not wanted.inside and all(isinstance(one.reading, OWNED) for one in parts)
    wallet = wanted.address if is_wallet and watch is None else ""
    reached = Reached(snapshot, places, frozenset(begins), watch is not None, wallet)
    parts += _behind(wanted, parts, issued, reached)
    if not parts:
        where = chain_name(snapshot.pin.chain_id)
        raise UnreadableError(
            f"no reader finds anything at {wanted} on {where} in block {snapshot.pin.number}",
            "name the pool, the market or the token it has something of: --in 0x…",
        )
    return parts, wallet


def _behind(
    wanted: Target, first: Sequence[Opened], issued: set[str], reached: Reached
) -> list[Opened]:
    """Open what stands behind some parts, wave by wave: tokens, and accounts of issuers."""
    snapshot, places = reached.snapshot, reached.places
    # of Morpho Blue only markets that are named: else they are searched for in its logs
    holders = (*ACCOUNTS, MORPHO) if places.markets else ACCOUNTS
    seen, parts = {*reached.begun}, [*first]
    wave, kept, depth = [*first], list[str](), 0
    if reached.wallet and not first:
        kept = reached.kept(reached.balances(reached.wallet))
    while wave or kept:
        told = (token for part in wave for token in part.reading.tokens)
        # what its issuer was read with, beside another token, need not be opened again
        named = (one for one in dict.fromkeys((*told, *kept)) if one not in issued)
        new = [token for token in named if token not in seen]
        seen.update(new)
        _limited(wanted, len(seen), depth)
        looks = [Look(snapshot, token) for token in new]
        accounts, held = reached.by(part.reading for part in wave)
        # the tokens, what issuers have, and the feeds of what was opened last, in one
        asked = [*_first(looks, READERS), *_first(accounts, holders), *held]
        snapshot.read_all([*asked, *token_asks(new), *source_asks(_feeds(wave))])
        found = _opened(looks, READERS, issued)
        found += [
            part
            for part in _opened(accounts, holders, issued)
            if all(part.reading != one.reading for one in (*parts, *found))
        ]
        kept = [one for one in reached.kept(held) if one not in seen]
        wave, depth = found, depth + 1
        parts += wave
    return parts[len(first) :]


def _limited(wanted: Target, seen: int, depth: int) -> None:
    """Raise UnreadableError where too much stands behind an address."""
    if seen > MOST_OPENED:
        raise UnreadableError(
            f"more than {MOST_OPENED} tokens stand behind {wanted}",
            "import one of the markets or vaults it holds by itself",
        )
    if depth > DEEPEST:
        raise UnreadableError(
            f"more than {DEEPEST} receipts stand one behind the other at {wanted}",
            "import one of those behind by itself",
        )


def _first(looks: Sequence[Look], readers: Sequence[AnyReader]) -> list[Call]:
    """Return what all readers ask first, so that it is asked at once."""
    return [asked for look in looks for reader in readers for asked in reader.asks(look)]


def _opened(looks: Sequence[Look], readers: Sequence[AnyReader], issued: set[str]) -> list[Opened]:
    """Let each reader open each address. An issuer is read once, by the first that knows it."""
    parts: list[Opened] = []
    for look in looks:
        for reader in readers:
            for part in reader.open(look):
                if part.reading.issues not in issued:
                    parts.append(part)
                if part.reading.issues is not None:
                    issued.add(part.reading.issues)
    return parts


def _feeds(parts: Sequence[Opened]) -> list[str]:
    named = dict.fromkeys(feed for part in parts for feed in part.feeds)
    return [feed for feed in named if feed != NOBODY]


def _written(
    snapshot: Snapshot,
    wanted: Target,
    parts: list[Opened],
    pools: Sequence[str],
    since: int | None,
    wallet: str,
) -> Import:
    read = sources(snapshot, _feeds(parts))
    bases = tokens_of_sources(snapshot, pools, aggregators(read.values()))
    told = (token for part in parts for token in part.reading.tokens)
    named = dict.fromkeys((*told, *bases.values()))
    issued = {part.reading.issues: part.reader for part in parts if part.reading.issues}
    draft = Draft(
        snapshot.pin,
        tokens(snapshot, named),
        issued,
        _holdings(snapshot, issued, list(named), parts, wallet),
        sources=read,
        bases=bases,
        rates=rates_of(part.reading for part in parts),
        wallet=wallet,
    )
    for part in parts:
        part.prepare(draft)
    for part in parts:
        part.write(draft)
    met = dict.fromkeys((*pools, *draft.touched))
    for token, (price, unit) in dollar_prices(snapshot, [*met], draft.unpriced).items():
        draft.priced(token, dollars(price, unit))
    supplies = [call(token, "totalSupply()(uint256)") for token in draft.stubs]
    for token, supply in zip(draft.stubs, snapshot.read_all(supplies), strict=True):
        if supply.ok:
            draft.supplies[token] = supply.integer()
    if since is not None:
        draft.flags += flags_since(snapshot, since, parts, draft)
    readers = tuple(dict.fromkeys(part.reader for part in parts))
    where = f"{chain_name(snapshot.pin.chain_id)} block {snapshot.pin.number}"
    system = draft.system(f"{wanted}, read at {where}.", readers)
    checks, flags = (tuple(map(str, all_)) for all_ in (draft.checks, draft.flags))
    books, resumed = draft.books, snapshot.resumed
    return Import(system, snapshot.pin, checks, readers, books, resumed, flags, draft.unknowns)


def _holdings(
    snapshot: Snapshot,
    issued: Mapping[str, str],
    named: Sequence[str],
    parts: Sequence[Opened],
    wallet: str,
) -> dict[str, dict[str, Holding]]:
    """Return what issuers have in their wallets; of a wallet by itself, the receipts in it."""
    even = even_claims(part.reading for part in parts)
    markets = [part.reading for part in parts if isinstance(part.reading, CTokenMarket)]
    pairs = [(issuer, token) for issuer in issued for token in named]
    if wallet:
        pairs += [(wallet, token) for token in named if token in issued or token in even]
    found = holdings(snapshot, pairs, even)
    owners = [one for one in (*issued, wallet) if one]
    return valued(snapshot, found, markets, owners)
