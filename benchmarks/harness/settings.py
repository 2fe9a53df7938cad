"""How long and how often things are measured."""
import os
from dataclasses import dataclass


@dataclass
class Settings:
    folder: str
    quick: bool

    @property
    def rounds(self):
        return 1 if self.quick else 3

    def seconds(self, usual):
        return min(1.0, usual) if self.quick else usual

    def place(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path
