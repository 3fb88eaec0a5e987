"""Files of the looprisk language: read with the place of every word, merged, checked, written."""
