"""The filter language: a parser, and what a filter says of a record.

    expression = conjunction {"or" conjunction}
    conjunction = factor {"and" factor}
    factor = "not" factor | "(" expression ")" | "exists" name
           | name ("=" | "!=" | "<" | "<=" | ">" | ">=") literal
           | name "in" "(" literal {"," literal} ")"
"""

import operator
import re

from tests.oracle.json_record import NUMBER, WHOLE_NUMBER, text_of

TOKEN = re.compile(
    r"""[ \t\n\r\f\v]*(?:
      (?P<name>[A-Za-z_][A-Za-z0-9_.-]*)
    | `(?P<quoted>[^`]+)`
    | (?P<number>-?[0-9][A-Za-z0-9_.+-]*)
    | "(?P<double>(?:[^"\\]|\\["'\\])*)"
    | '(?P<single>(?:[^'\\]|\\["'\\])*)'
    | (?P<sign><=|>=|!=|[=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
OPERATORS = {"=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le,
             ">": operator.gt, ">=": operator.ge}
KEYWORDS = ("and", "or", "not", "in", "exists", "true", "false")
INT64 = range(-(1 << 63), 1 << 63)


class Number:
    """A number literal or a field read as a number."""

    def __init__(self, text):
        self.double = float(text)  # Infinite beyond the largest double.
        self.whole = None
        if WHOLE_NUMBER.fullmatch(text) and int(text) in INT64:
            self.whole = int(text)


def number_of(value):
    """The number that a field spells, or None."""
    if value is None or isinstance(value, bool) or not NUMBER.fullmatch(value):
        return None
    return Number(value)


def compare(value, sign, literal):
    """Whether a field's value stands so to a literal (Number, or str)."""
    if value is None:
        return False
    if not isinstance(literal, Number):
        return OPERATORS[sign](text_of(value).encode(), literal.encode())
    number = number_of(value)
    if number is None:
        return False
    if number.whole is not None and literal.whole is not None:
        return OPERATORS[sign](number.whole, literal.whole)
    return OPERATORS[sign](number.double, literal.double)


class Filter:
    """A parsed filter. `fields` are the names it uses; a filter of "" is true of every record."""

    def __init__(self, text):
        self.fields = set()
        self._tokens = _tokens(text)
        self._at = 0
        self._holds = self._expression() if text else lambda fields: True
        if self._peek() is not None:
            raise ValueError(f"{self._peek()} is too much in {text!r}")

    def holds(self, fields):
        """Of a record's fields by name, None for what is missing or null."""
        return self._holds(fields)

    def _peek(self):
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *wanted):
        """The next token when it is one of the wanted, else None."""
        token = self._peek()
        if token is None or (wanted and token not in wanted):
            return None
        self._at += 1
        return token

    def _need(self, *wanted):
        token = self._take(*wanted)
        if token is None:
            raise ValueError(f"{self._peek()} instead of one of {wanted}")
        return token

    def _expression(self):
        parts = [self._conjunction()]
        while self._take(("word", "or")):
            parts.append(self._conjunction())
        return lambda fields: any(part(fields) for part in parts)

    def _conjunction(self):
        parts = [self._factor()]
        while self._take(("word", "and")):
            parts.append(self._factor())
        return lambda fields: all(part(fields) for part in parts)

    def _factor(self):
        if self._take(("word", "not")):
            inner = self._factor()
            return lambda fields: not inner(fields)
        if self._take(("sign", "(")):
            inner = self._expression()
            self._need(("sign", ")"))
            return inner
        if self._take(("word", "exists")):
            name = self._name()
            return lambda fields: fields[name] is not None
        name = self._name()
        if self._take(("word", "in")):
            self._need(("sign", "("))
            literals = [self._literal()]
            while self._take(("sign", ",")):
                literals.append(self._literal())
            self._need(("sign", ")"))
            return lambda fields: any(compare(fields[name], "=", each) for each in literals)
        sign = self._need(*(("sign", each) for each in OPERATORS))[1]
        literal = self._literal()
        return lambda fields: compare(fields[name], sign, literal)

    def _name(self):
        kind, text = self._need()
        if kind != "name" and kind != "quoted":
            raise ValueError(f"{text} is no name")
        self.fields.add(text)
        return text

    def _literal(self):
        kind, text = self._need()
        if kind == "number":
            return Number(text)
        if kind == "text" or (kind == "word" and text in ("true", "false")):
            return text
        raise ValueError(f"{text} is no literal")


def _tokens(text):
    tokens = []
    at = 0
    while text[at:].strip(" \t\n\r\f\v"):
        match = TOKEN.match(text, at)
        if not match:
            raise ValueError(f"cannot read {text[at:at + 20]!r}")
        kind = match.lastgroup
        value = match[kind]
        if kind == "name" and value in KEYWORDS:
            kind = "word"
        if kind in ("double", "single"):
            kind, value = "text", re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        if kind == "number" and (not NUMBER.fullmatch(value) or abs(float(value)) == float("inf")):
            raise ValueError(f"{value} is no number, or too large for a double")
        tokens.append((kind, value))
        at = match.end()
    return tokens
