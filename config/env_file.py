"""What in a settings file is neither NAME=value nor left blank, and what is there twice."""

from collections import defaultdict
from collections.abc import Iterator
from io import StringIO

from dotenv.parser import Binding, parse_stream


def mistakes_in(text: str) -> Iterator[str]:
    """Yield a sentence for each line that would be passed over, and each name of which one value would be."""
    lines: dict[str, list[int]] = defaultdict(list)
    for binding in parse_stream(StringIO(text)):
        if binding.error:
            yield f"line {_line_of(binding)} is not NAME=value"
        elif binding.key is not None:
            lines[binding.key].append(_line_of(binding))
    for name, numbers in lines.items():
        if len(numbers) > 1:
            yield f"{name} is set more than once, in lines {' and '.join(map(str, numbers))}"


def _line_of(binding: Binding) -> int:
    """The parser counts the blank lines before one as its beginning."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")
