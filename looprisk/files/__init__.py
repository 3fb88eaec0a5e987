"""Files of the looprisk language: read with the place of every word, merged, checked, written."""

from looprisk.files import examples
from looprisk.files.emit import dump, save
from looprisk.files.load import File, NoScenarioError, load
from looprisk.files.schema import json_schema

__all__ = ["File", "NoScenarioError", "dump", "examples", "json_schema", "load", "save"]
