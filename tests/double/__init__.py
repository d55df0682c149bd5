"""A double of the Ollama server: real sockets, exact bytes, scripted answers, chosen faults."""

from tests.double import faults
from tests.double.faults import Fault
from tests.double.models import Model, default_models
from tests.double.received import Received
from tests.double.script import HELLO, Script
from tests.double.server import OllamaDouble

__all__ = [
    "HELLO",
    "Fault",
    "Model",
    "OllamaDouble",
    "Received",
    "Script",
    "default_models",
    "faults",
]
