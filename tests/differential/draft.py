"""A statement while it is being made up: chance, and the parameters it has so far."""
import random

from parameters import Parameter


class Draft:
    """One generated statement. The same seed gives the same statement."""

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
        self.parameters.append(Parameter(kind, value, is_declared))
        return f"${len(self.parameters)}"
