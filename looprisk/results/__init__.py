"""Answers as labelled, frozen values: rows, tables, the text of the terminal, the result JSON."""
