"""A statement while it is being made up: chance, and the parameters it has so far."""
import dataclasses
import random

from parameters import Parameter


_OTHERS = {"int2": ["1", "2", "3", "5", "-5"], "int4": ["1", "2", "3", "6", "-77"], "int8": ["1", "2", "3", "7", "5000000000"],
           "text": ["", "new", "it's", "u5@x.org", "007"], "numeric": ["1", "2.5", "-3"]}


class Draft:
    """One generated statement. The same seed gives the same statement."""

    parameter_type, others = Parameter, _OTHERS

    def __init__(self, seed):
        self._random = random.Random(seed)
        self.parameters = []
        self.is_ordered = False

    def maybe(self, probability):
        return self._random.random() < probability

    def one_of(self, *choices):
        return self._random.choice(choices)

    def weighted(self, **weights):
        """One of the names; the weights need no sum."""
        return self._random.choices(list(weights), list(weights.values()))[0]

    def some(self, choices, least=1, most=3):
        """A few different ones, in their order."""
        choices = list(choices)
        count = min(len(choices), self._random.randint(least, most))
        return [choices[i] for i in sorted(self._random.sample(range(len(choices)), count))]

    def number(self, low, high):
        return self._random.randint(low, high)

    def parameter(self, kind, value, is_declared=True):
        """The mark of a new parameter. value: text or None."""
        self.parameters.append(self.parameter_type(kind, value, is_declared))
        return f"${len(self.parameters)}"

    def other_value(self, parameter):
        """A parameter of the same type; NULL and arrays stay as they are."""
        others = self.others.get(parameter.type)
        return parameter if parameter.value is None or not others else dataclasses.replace(parameter, value=self.one_of(*others))
