"""The package formats by their names in the configuration."""

from collections.abc import Mapping
from typing import Final

from release.formats import Format, deb, rpm, tarball

FORMATS: Final[Mapping[str, Format]] = {"tarball": tarball, "deb": deb, "rpm": rpm}
