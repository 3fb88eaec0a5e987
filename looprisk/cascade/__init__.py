"""Time: the step of a cascade, its phases, and what each leaves on record.

Arrays inside, the path axis first and accounts last. Nothing here writes into a system.
"""
