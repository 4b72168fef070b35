"""How a SemVer is spelled in each system that a release reaches."""

from semver import Version


def deb(version: Version) -> str:
    """A Debian version (deb-version(7))."""
    return _packaged(version)


def rpm(version: Version) -> str:
    """An RPM version (the Release tag is always 1)."""
    return _packaged(version)


def file_name(version: Version) -> str:
    """The version inside a file name or an object key: without `+`, which S3 reads as a space.

    SemVer has no underscore, so no two versions share a spelling.
    """
    return str(version).replace("+", "_")


def oci_tag(version: Version) -> str:
    """An image tag (OCI distribution specification, "Pulling manifests": no `+`)."""
    return str(version).replace("+", "_")


def _packaged(version: Version) -> str:
    text = f"{version.major}.{version.minor}.{version.patch}"
    if version.prerelease:
        text += "~" + version.prerelease.replace("-", ".")
    if version.build:
        text += "+" + version.build.replace("-", ".")
    return text
