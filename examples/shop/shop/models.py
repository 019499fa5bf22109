"""What the shop sells."""

from dataclasses import dataclass


@dataclass
class Order:
    number: int
    customer: str
