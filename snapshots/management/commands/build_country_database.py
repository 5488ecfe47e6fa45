"""`manage.py build_country_database`: builds the country database that the repository ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

import responder
from snapshots.geodata.build import SourceError, build

SOURCE = Path("/usr/share/tor")
OUTPUT = Path(__file__).parents[2] / "geodata" / "country.mmdb"


class Command(BaseCommand):
    help = "Build the country database from the text files of Debian's package tor-geoipdb."
    # It touches neither the database nor the web.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ipv4", type=Path, default=SOURCE / "geoip", help="IPv4 ranges (default: %(default)s)")
        parser.add_argument("--ipv6", type=Path, default=SOURCE / "geoip6", help="IPv6 ranges (default: %(default)s)")
        parser.add_argument("--output", type=Path, default=OUTPUT, help="the MMDB file to write (default: %(default)s)")

    def handle(self, *, ipv4: Path, ipv6: Path, output: Path, **_options: Any) -> None:
        continents = {code: continent for code, continent, *_ in responder.countries()}
        try:
            summary = build(ipv4, ipv6, continents, output)
        except FileNotFoundError as error:
            raise CommandError(f"{error.filename} is missing: install tor-geoipdb or name the file") from error
        except SourceError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{output}: {summary.ranges} ranges of {summary.generated:%Y-%m-%d}, {summary.size / 1e6:.1f} MB"
        )
        for code, count in sorted(summary.unplaced.items()):
            self.stderr.write(f"left out: {count} ranges of the code {code}, which no country has")
