"""How the public sample of deals is read: by the mappings that the README of lifecycle shows."""

import re
from pathlib import Path

_README = Path(__file__).parents[2] / "services" / "lifecycle" / "README.md"

ACCOUNTS, DEALS = re.findall(r"```toml\n(.*?)```", _README.read_text(), re.DOTALL)
