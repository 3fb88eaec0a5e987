"""A first file, and the schema that editors complete it from."""

from pathlib import Path

from looprisk.cli.emit import Color, Format, Out, note, out, write, write_file
from looprisk.cli.failure import RefusedError

FIRST_FILE = """\
# yaml-language-server: $schema=looprisk.schema.json
# The line above completes and checks this file in an editor; to write the schema beside it:
#   looprisk schema -o looprisk.schema.json
looprisk: 1                                  # the format; always the first key
about: A fund, its lender, and a leveraged loop. Every number is made up.
sources:
  example: {class: assumed, title: round numbers to start from}
  # observed on chain, attested by a third party, declared by the issuer, derived, or assumed
source: example                              # covers every value here that names no other

assets:                                      # tokens priced from outside
  ETH:    {price: $3_000}
  wstETH: {price: 1.2 ETH}

issuers:                                     # whoever owes money or issues a token
  Fund:
    outside: {strategies: $10M}              # what it has that is not itself in this file
    owes:    {Lender: $6M}                   # a loan is written by who owes it
    issues:
      fUSD: {kind: share, supply: 3.5M}      # a share is the rest; a promise: {kind: par, par: $1}
    pays: [debts, fUSD]                      # first to last; [a, b] inside shares equally
  Lender:
    outside: {cash: $2M}
    issues:
      lUSD: {kind: share, supply: 8M}

markets:
  wsteth-eth:
    rules: morpho-blue                       # fixes close factor, bad debt and the incentive
    lends: {ETH: {cash: 5_000}}
    collateral: {wstETH: {lltv: 94.5%, oracle: market}}

positions:
  my-loop: {market: wsteth-eth, loop: {equity: 100, ltv: 90%}}  # 100 wstETH, borrowed against again

scenarios:                                   # looprisk run FILE::fund-loses
  fund-loses:
    stages:
      - loss: {Fund: $5M}                    # backing is gone
    expect:                                  # looprisk check FILE
      - {of: fUSD, metric: loss_usd, is: $4M, name: holders lose all}
      - {of: lUSD, metric: loss_usd, is: $1M, name: the lender loses the rest}
      - {of: Fund, metric: break_at, event: insolvent, is: $4M}
  wsteth-slips:
    stages:
      - price: {wstETH: -10%}
    expect:
      - {of: my-loop, metric: break_at, event: liquidated, is: 4.762%, within: 0.001pp}
"""


def init(path: Path, *, quiet: bool) -> int:
    """Write the first file, never over another."""
    if path.exists():
        raise RefusedError(
            f"{path} exists and is left as it is", help_="name another file: looprisk init FILE"
        )
    write_file(path, FIRST_FILE)
    note(f"wrote {path}\nnext: looprisk check {path}", quiet=quiet)
    return 0


def words(name: str, to: Out) -> int:
    """Show what a word of the language means, or the words of a page."""
    from looprisk.cli.pages import write_table
    from looprisk.files.words import words as meanings

    write_table(meanings(name), to)
    return 0


def schema(document: str | None, path: Path | None, *, quiet: bool) -> int:
    """Write the JSON Schema of the language, or of a document that looprisk writes."""
    import json

    from looprisk.files.schema import json_schema
    from looprisk.results.schemas import DOCUMENTS

    if document is not None and document not in DOCUMENTS:
        raise RefusedError(
            f"no schema of `{document}`", help_=f"name one of {', '.join(DOCUMENTS)}, or none"
        )
    found = json_schema() if document is None else DOCUMENTS[document]()
    to = out(form=Format.json, path=path, color=Color.never, width=None, quiet=quiet)
    write(to, json.dumps(found, indent=2, ensure_ascii=True))
    return 0
