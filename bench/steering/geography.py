"""Where regions and clients of the synthetic world are: cities, in degrees, and rough shares of users."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A region, or the middle of a country with how far its clients spread and its share of them."""

    name: str
    latitude: float
    longitude: float
    spread_km: float = 0.0
    weight: float = 0.0


REGIONS = (
    Place("virginia", 38.9, -77.4),
    Place("oregon", 45.8, -119.7),
    Place("sao-paulo", -23.5, -46.6),
    Place("london", 51.5, -0.1),
    Place("frankfurt", 50.1, 8.7),
    Place("stockholm", 59.3, 18.1),
    Place("johannesburg", -26.2, 28.0),
    Place("bahrain", 26.1, 50.6),
    Place("mumbai", 19.1, 72.9),
    Place("singapore", 1.35, 103.8),
    Place("tokyo", 35.7, 139.7),
    Place("sydney", -33.9, 151.2),
)

COUNTRIES = (
    Place("US", 39.0, -95.0, 1500, 18),
    Place("CA", 46.0, -78.0, 1200, 3),
    Place("MX", 20.5, -100.0, 600, 4),
    Place("BR", -18.0, -46.0, 900, 7),
    Place("AR", -34.0, -60.0, 500, 2),
    Place("CL", -33.4, -70.7, 400, 1),
    Place("CO", 5.0, -74.5, 300, 1.5),
    Place("PE", -11.0, -76.0, 400, 1),
    Place("GB", 52.5, -1.5, 200, 4),
    Place("IE", 53.3, -7.0, 100, 0.5),
    Place("FR", 47.5, 2.5, 300, 4),
    Place("DE", 50.8, 10.0, 250, 5),
    Place("NL", 52.2, 5.2, 80, 1.5),
    Place("ES", 40.2, -3.7, 350, 2.5),
    Place("PT", 39.5, -8.5, 150, 0.7),
    Place("IT", 43.0, 12.0, 350, 3.5),
    Place("PL", 52.0, 19.5, 200, 2.5),
    Place("SE", 59.5, 16.0, 300, 1),
    Place("NO", 60.0, 9.5, 300, 0.6),
    Place("FI", 61.0, 25.0, 250, 0.6),
    Place("RO", 45.5, 25.5, 200, 1.2),
    Place("GR", 38.5, 23.0, 150, 0.8),
    Place("TR", 39.5, 32.0, 400, 3.5),
    Place("UA", 49.5, 31.0, 300, 2),
    Place("RU", 56.0, 42.0, 1100, 5),
    Place("EG", 30.0, 31.0, 200, 3),
    Place("NG", 7.5, 5.0, 400, 3),
    Place("KE", -1.0, 37.0, 200, 1),
    Place("ZA", -28.0, 28.0, 400, 1.5),
    Place("SA", 24.5, 45.0, 400, 1.5),
    Place("AE", 25.0, 55.3, 100, 0.7),
    Place("PK", 31.0, 72.0, 400, 3),
    Place("IN", 21.0, 78.0, 800, 18),
    Place("BD", 23.8, 90.3, 100, 3),
    Place("TH", 14.5, 100.8, 300, 2),
    Place("VN", 16.0, 107.0, 500, 2.5),
    Place("MY", 3.5, 102.0, 250, 1.2),
    Place("ID", -6.5, 108.0, 600, 6),
    Place("PH", 13.5, 121.5, 350, 2.5),
    Place("TW", 24.5, 121.2, 100, 1.2),
    Place("KR", 36.8, 127.5, 120, 2.5),
    Place("JP", 35.7, 138.0, 350, 5),
    Place("AU", -33.5, 148.0, 700, 1.5),
    Place("NZ", -38.5, 175.5, 300, 0.4),
)
