"""Time: the step of a cascade, its phases, and what each leaves on record.

Arrays inside, the path axis first and accounts last. Nothing here writes into a system. From a
system and a scenario with ``time``, :mod:`compiling` makes a ``Plan`` of indices and :mod:`begin` a
``State``; :mod:`step` takes the state through ten phases (:mod:`accrue`, :mod:`stages`,
:mod:`prices`, :mod:`readings`, :mod:`perps`, :mod:`lending`, :mod:`issuers`, :mod:`book`,
:mod:`queues`, :mod:`record`); :mod:`valuation` clears each record with all triggers off, and
:mod:`run` goes from the first step to the last. :mod:`fears` sets a run beside its absence and
beside the greatest and least clearing of the record at which it strikes.
"""
