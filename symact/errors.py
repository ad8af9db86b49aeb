"""What can go wrong, in kinds: each message names the thing, the fact and the way out."""


class SymactError(Exception):
    """Any failure that symact foresees; its text is one message for a person."""


class InvalidActivation(SymactError):
    """A definition that its author can mend: an undeclared kink, a parameter outside its domain."""


class InvalidFormula(InvalidActivation):
    """A formula's text that the grammar refuses; the message names the column."""


class UnknownName(SymactError):
    """A name that is neither in the catalogue nor a formula; the message names near ones."""


class NotSupported(SymactError):
    """Well-formed, but beyond what symact does today."""


class GaveUp(SymactError):
    """Too much for the time or the memory that it was given: nothing that was asked for is known."""


class NoOutputForm(SymactError):
    """Mathematics says no: the derivative is not a function of the output (where one was asked for)."""


class StaleOutput(SymactError):
    """What lies in the output folder is not what the sources generate: run generate."""


class ToolMissing(SymactError):
    """A compiler or an optional package that this machine lacks."""
