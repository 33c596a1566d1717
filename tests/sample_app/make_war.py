# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a WAR of the sample application: any version, healthy or sick, the same bytes each time.

python3 make_war.py --version 1.0 --out shop-1.0.war
python3 make_war.py --version 1.1 --out shop-1.1.war --sick unhealthy
python3 make_war.py --version 1.1 --out shop-1.1.war --sick unhealthy --sick-on app3 --sick-after-seconds 10
"""

from __future__ import annotations

import argparse
import hashlib
import re
import typing as t
import zipfile
from pathlib import Path

from basket_class import basket_class

APP = Path(__file__).resolve().parent / "app"

SICK = {
    "none": "a healthy release",
    "unhealthy": "starts and serves, but its health page answers 503 for ever",
    "broken": "web.xml names a listener that is not there: Tomcat stays up and answers 404 for the application",
    "slow-start": "the context takes --slow-start-seconds to start, then it is healthy",
}

LOGIN_CONFIG = re.compile(rb"<login-config>.*</login-config>", re.DOTALL)
BASIC = b"<login-config><auth-method>BASIC</auth-method></login-config>"

# The oldest time a zip can hold: a WAR depends on its content alone.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def members(
    version: str, sick: str, slow_start_seconds: int, sick_on: t.Sequence[str], sick_after_seconds: int
) -> dict[str, bytes]:
    """Every file of the WAR, by its name in the archive."""
    if sick == "broken" and (sick_on or sick_after_seconds):
        raise ValueError("sick kind broken: its web.xml is the same on every instance and from the start")
    files = {path.relative_to(APP).as_posix(): path.read_bytes() for path in sorted(APP.rglob("*")) if path.is_file()}
    files["WEB-INF/release.properties"] = (
        f"version={version}\nsick={sick}\nslow_start_seconds={slow_start_seconds}\n"
        f"sick_on={','.join(sick_on)}\nsick_after_seconds={sick_after_seconds}\n"
    ).encode()
    if sick == "broken":
        listener = b"<listener><listener-class>sample.NotThere</listener-class></listener>"
        files["WEB-INF/web.xml"] = files["WEB-INF/web.xml"].replace(b"</web-app>", listener + b"</web-app>")
    return files


def make_war(
    out: Path,
    version: str,
    sick: str = "none",
    *,
    slow_start_seconds: int = 20,
    sick_on: t.Sequence[str] = (),
    sick_after_seconds: int = 0,
    padding_bytes: int = 0,
    serial_version: int = 1,
    basic_authentication: bool = False,
    context_xml: str = "",
) -> str:
    """Write the WAR and return its sha256."""
    files = members(version, sick, slow_start_seconds, sick_on, sick_after_seconds)
    if basic_authentication:
        files["WEB-INF/web.xml"] = LOGIN_CONFIG.sub(BASIC, files["WEB-INF/web.xml"])
    files["WEB-INF/classes/sample/Basket.class"] = basket_class(serial_version)
    if context_xml:
        files["META-INF/context.xml"] = context_xml.encode()
    if padding_bytes:
        files["WEB-INF/padding.bin"] = bytes(padding_bytes)
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in sorted(files.items()):
            # Stored, not deflated: the bytes must not depend on which zlib is at hand.
            info = zipfile.ZipInfo(name, ZIP_TIME)
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return hashlib.sha256(out.read_bytes()).hexdigest()


def version_text(text: str) -> str:
    """A version that can stand in a properties file and in HTML as it is."""
    if not re.fullmatch(r"[A-Za-z0-9._+-]{1,64}", text):
        raise argparse.ArgumentTypeError(f"version {text!r}: letters, digits and . _ + - are accepted, up to 64")
    return text


def main() -> None:
    """Read the arguments, write the WAR, print its name and sha256."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0],
        epilog="sick kinds: " + "; ".join(f"{kind}: {meaning}" for kind, meaning in SICK.items()),
    )
    parser.add_argument("--version", required=True, type=version_text, help="what the version and health pages answer")
    parser.add_argument("--out", required=True, type=Path, help="the WAR to write")
    parser.add_argument(
        "--sick", choices=sorted(SICK), default="none", help="make a release that fails (default: none)"
    )
    parser.add_argument("--slow-start-seconds", type=int, default=20, help="for --sick slow-start (default: 20)")
    parser.add_argument(
        "--sick-on", nargs="+", default=[], metavar="INSTANCE", help="sick on these instances only (default: on all)"
    )
    parser.add_argument(
        "--sick-after-seconds",
        type=int,
        default=0,
        help="for --sick unhealthy: the health page is good for so long after it was asked first (default: 0)",
    )
    parser.add_argument(
        "--padding-mb", type=int, default=0, help="MiB of stored zeros to add, to make a large WAR (default: 0)"
    )
    parser.add_argument(
        "--serial-version",
        type=int,
        default=1,
        help="serialVersionUID of the class that /basket keeps in the session: another one cannot read it (default: 1)",
    )
    parser.add_argument(
        "--basic-authentication", action="store_true", help="/account asks by BASIC authentication, not by a form"
    )
    args = parser.parse_args()
    sha256 = make_war(
        args.out,
        args.version,
        args.sick,
        slow_start_seconds=args.slow_start_seconds,
        sick_on=args.sick_on,
        sick_after_seconds=args.sick_after_seconds,
        padding_bytes=args.padding_mb * 2**20,
        serial_version=args.serial_version,
        basic_authentication=args.basic_authentication,
    )
    print(f"{sha256}  {args.out}")


if __name__ == "__main__":
    main()
