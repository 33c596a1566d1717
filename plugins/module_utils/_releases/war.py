# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a WAR is, before anybody trusts it: checked as a zip, measured, unpacked.

The archive is someone's upload: its member names decide where bytes would land
and its headers decide how many. So every name is judged before the first byte is
unpacked, and the unpacker creates files only (no links, no devices), each exactly
as long as the header promised and with the CRC it gave.
"""

# Private to this collection.

from __future__ import annotations

import calendar
import copy
import lzma
import os
import re
import stat
import struct
import typing as t
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from ansible_collections.roundrobin.tomcat.plugins.module_utils._errors import CollectionError
from ansible_collections.roundrobin.tomcat.plugins.module_utils._file import CHUNK, digest

from .descriptors import CONTEXT, MAX_BYTES, WEB, Says, says

MAX_MEMBERS = 100_000
UTF8_FLAG = 0x800
# A block and an inode per file is what a small file costs whatever its length.
BLOCK = 4096

# What the zip module was seen to raise for crooked bytes, besides BadZipFile. OSError is among them
# (a seek to nowhere), so reading and writing are told apart.
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    IndexError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)

_CONTEXT_PART = r"[A-Za-z0-9_.~+-]+"
_CONTEXT_NAME = re.compile(rf"{_CONTEXT_PART}(#{_CONTEXT_PART})*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class WarReport:
    """What unpacking a WAR will cost."""

    members: tuple[zipfile.ZipInfo, ...]
    files: int
    unpacked_bytes: int
    disk_bytes: int


@dataclass(frozen=True)
class TreeSummary:
    """What lies below a directory: enough to notice a file that is missing, added or cut."""

    files: int
    unpacked_bytes: int


def check_context_name(name: str) -> str:
    """Return Tomcat's base name of an application, or say what one looks like."""
    if "##" in name:
        raise CollectionError(
            f"name {name!r}: Tomcat reads what follows '##' as a version of its own; give the name without it"
        )
    parts = name.split("#")
    if not _CONTEXT_NAME.fullmatch(name) or any(part in (".", "..") for part in parts):
        raise CollectionError(
            f"name {name!r} is not the base name of an application: accepted are ROOT (context path /), "
            "app (/app), a#b (/a/b), of letters, digits and _ . ~ + -"
        )
    if name.lower().endswith(".war"):
        raise CollectionError(f"name {name!r}: give the base name without .war")
    return name


def parse_checksum(text: str) -> str:
    """Return the bare lower-case sha256 of "HEX" or "sha256:HEX"."""
    value = text.strip().lower()
    if value.startswith("sha256:"):
        value = value[len("sha256:") :]
    if not _SHA256.fullmatch(value):
        raise CollectionError(
            f"checksum {text!r} is not a sha256: accepted are 64 hexadecimal digits, with or without 'sha256:' before"
        )
    return value


def sha256_of(path: str) -> str:
    """Return the sha256 of a WAR."""
    try:
        return digest(path)
    except OSError as error:
        raise CollectionError(f"{path} cannot be read: {error.strerror}") from error


def check_sha256(path: str, sha256: str, checksum: str | None) -> None:
    """Refuse a file that is not the one the caller means."""
    if checksum is not None and sha256 != parse_checksum(checksum):
        raise CollectionError(f"{path} has sha256 {sha256}, but checksum says {parse_checksum(checksum)}")


def inspect_war(path: str, *, max_unpacked_bytes: int) -> WarReport:
    """Judge a WAR by its directory, without unpacking it; CRCs are checked by unpack_war()."""
    if not os.path.exists(path):
        raise CollectionError(f"{path} does not exist")
    if not os.path.isfile(path):
        raise CollectionError(f"{path} is not a file")
    try:
        with open(path, "rb") as source:
            infos = _read_directory(path, source)
    except OSError as error:
        raise CollectionError(f"{path} cannot be read: {error.strerror}") from error
    return judge_members(path, infos, max_unpacked_bytes=max_unpacked_bytes)


def _read_directory(path: str, source: t.BinaryIO) -> list[zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(source) as archive:
            return archive.infolist()
    except _ZIP_ERRORS as error:
        raise CollectionError(f"{path} is not a WAR: it cannot be read as a zip archive ({error})") from error


def judge_members(path: str, infos: t.Sequence[zipfile.ZipInfo], *, max_unpacked_bytes: int) -> WarReport:
    """Judge the directory of an archive; path only names it in messages."""
    if len(infos) > MAX_MEMBERS:
        raise CollectionError(f"{path} has {len(infos)} members, more than the {MAX_MEMBERS} that are accepted")
    files: dict[str, zipfile.ZipInfo] = {}
    directories: set[str] = set()
    members: list[zipfile.ZipInfo] = []
    unpacked = 0
    disk = 0
    for info in map(_as_named, infos):
        # The archive's own directory, as tar-like tools write it.
        if not info.filename:
            continue
        _judge_member(path, info)
        name = info.filename.rstrip("/")
        if info.is_dir():
            directories.add(name)
        else:
            same = files.setdefault(name, info)
            if (same.file_size, same.CRC) != (info.file_size, info.CRC):
                raise CollectionError(f"{path} has the member {name!r} twice, with different contents")
            # Build tools add a file once for each place where it is named.
            if same is not info:
                continue
            unpacked += info.file_size
            disk += -(-info.file_size // BLOCK) * BLOCK
        members.append(info)
        directories.update(str(parent) for parent in PurePosixPath(name).parents if str(parent) != ".")
    clash = sorted(directories.intersection(files))
    if clash:
        raise CollectionError(f"{path} has {clash[0]!r} both as a file and as a directory")
    if unpacked > max_unpacked_bytes:
        raise CollectionError(
            f"{path} would unpack to {unpacked} bytes, more than max_unpacked_mb allows "
            f"({max_unpacked_bytes // 2**20} MiB)"
        )
    if "WEB-INF" in files:
        raise CollectionError(f"{path} is not a WAR: its WEB-INF is a file, no directory")
    if "WEB-INF" not in directories:
        # Pages alone need none.
        nested = sorted(name for name in directories if name.endswith("/WEB-INF"))
        if nested:
            raise CollectionError(
                f"{path} is not a WAR: it has {nested[0]!r} and no WEB-INF of its own, so it was packed one directory too high"
            )
    return WarReport(
        members=tuple(members),
        files=len(files),
        unpacked_bytes=unpacked,
        disk_bytes=disk + BLOCK * (len(directories) + 1),
    )


def _as_named(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return a member by the name that Tomcat has for it.

    A name without the flag for UTF-8 is in the code page of DOS by the book; what tools really write is UTF-8, as Tomcat reads it.
    A leading ./ or / says nothing.
    """
    named = copy.copy(info)
    if not info.flag_bits & UTF8_FLAG:
        named.filename = _unflagged_name(info)
    named.filename = re.sub(r"\A(\./+|/+)+", "", named.filename)
    if named.filename == ".":
        named.filename = ""
    return named


def _unflagged_name(info: zipfile.ZipInfo) -> str:
    try:
        return info.filename.encode("cp437").decode("utf-8")
    # One from the extra field, or one that is no UTF-8.
    except UnicodeError:
        return info.filename


def _judge_member(path: str, info: zipfile.ZipInfo) -> None:
    name = info.filename
    parts = name.rstrip("/").split("/")
    reason = None
    if not name.strip("/") or any(part in ("", ".", "..") for part in parts):
        reason = "leaves the archive or has an empty part"
    elif "\\" in name or re.match(r"[A-Za-z]:", name):
        reason = "is not a relative path with '/' between its parts"
    elif any(ord(char) < 32 or ord(char) == 127 for char in name):
        reason = "has a control character"
    elif any(len(part.encode("utf-8", "surrogateescape")) > 255 for part in parts):
        reason = "has a part of more than 255 bytes"
    elif info.flag_bits & 0x1:
        reason = "is encrypted"
    else:
        kind = stat.S_IFMT(info.external_attr >> 16)
        # Archives made elsewhere than on Unix carry no kind at all.
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            reason = "is a symbolic link or a special file"
    if reason:
        raise CollectionError(f"{path} is refused: its member {name!r} {reason}")


def read_descriptors(path: str, report: WarReport) -> dict[str, Says]:
    """Return what the WAR's own files say of sessions; raise where Tomcat would not start with one of them."""
    found: dict[str, Says] = {CONTEXT: {}, WEB: {}}
    with zipfile.ZipFile(path) as archive:
        for info in report.members:
            if info.filename not in found:
                continue
            # The size that the header gives is the most that is ever unpacked.
            if info.file_size > MAX_BYTES:
                raise CollectionError(
                    f"{path}: {info.filename} would unpack to {info.file_size} bytes, a file of this kind is never so large"
                )
            found[info.filename] = says(f"{path}: {info.filename}", b"".join(_read_member(path, archive, info)))
    return found


def unpack_war(
    path: str,
    report: WarReport,
    target: str,
    *,
    directory_mode: int,
    file_mode: int,
    own: t.Callable[[str], None],
) -> None:
    """Unpack into a directory that does not exist yet; own(path) is called for each thing created.

    Times are those of the archive, so that every member of a cluster gives the same
    Last-Modified and ETag for a static file.
    """
    made: set[str] = set()

    def make_directory(name: str) -> str:
        full = os.path.join(target, name) if name else target
        if name not in made:
            if name:
                make_directory(os.path.dirname(name))
            os.mkdir(full, 0o700)
            os.chmod(full, directory_mode)
            own(full)
            made.add(name)
        return full

    make_directory("")
    with zipfile.ZipFile(path) as archive:
        for info in report.members:
            name = info.filename.rstrip("/")
            if info.is_dir():
                make_directory(name)
                continue
            parent = make_directory(os.path.dirname(name))
            full = os.path.join(parent, os.path.basename(name))
            with open(full, "xb") as sink:
                for chunk in _read_member(path, archive, info):
                    sink.write(chunk)
            os.chmod(full, file_mode)
            own(full)
            when = _seconds(info.date_time)
            os.utime(full, (when, when))


def _read_member(path: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> t.Iterator[bytes]:
    """Yield a member's bytes, exactly as many as its header says; the zip module checks the CRC at the end."""
    left = info.file_size
    try:
        with archive.open(info) as source:
            for chunk in iter(lambda: source.read(CHUNK), b""):
                left -= len(chunk)
                yield chunk
    except _ZIP_ERRORS as error:
        raise CollectionError(f"{path} is damaged: member {info.filename!r}: {error}") from error
    if left:
        raise CollectionError(f"{path} is damaged: member {info.filename!r} is not as long as its header says")


def _seconds(date_time: tuple[int, int, int, int, int, int]) -> int:
    """Return a member's time; some tools write none, which reads as month 0."""
    try:
        return calendar.timegm((*date_time, 0, 0, 0))
    except ValueError:
        return calendar.timegm((1980, 1, 1, 0, 0, 0, 0, 0, 0))


def summarize_tree(path: str) -> TreeSummary:
    """Count the files below a directory and their bytes."""
    files = 0
    size = 0
    for directory, _dummy, names in os.walk(path):
        for name in names:
            files += 1
            size += os.lstat(os.path.join(directory, name)).st_size
    return TreeSummary(files=files, unpacked_bytes=size)
