"""One module for each picture: from an answer to its marks and its table, by plain functions."""
