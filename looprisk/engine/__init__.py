"""A system compiled to arrays, cleared exactly, and traced along a shock."""
